//! What a started store has: a bucket, and keys to it.

/// The bucket.
pub(super) const BUCKET: &str = "rotortree";

/// Keys with their secrets: one that may do everything, and one that may read and list.
pub(super) const KEYS: [(&str, &str); 2] = [("owner", "owner-secret"), ("reader", "reader-secret")];
