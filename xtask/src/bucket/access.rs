//! What a started store has: buckets, and keys to them.

/// The folder with the lists of packages.
pub(super) const LISTS: &str = "interop/bucket";

/// The bucket of most tests; and one that keeps versions, and one that locks its objects.
pub(crate) const BUCKET: &str = "rotortree";
pub(super) const VERSIONED: &str = "versioned";
pub(super) const LOCKED: &str = "locked";

/// A key with a secret, and what it may do.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) rights: &'static [&'static str],
}

impl Key {
    pub(super) fn secret(&self) -> String {
        format!("{}-secret", self.name)
    }
}

/// One that may do everything, and three to which one right is missing.
pub(super) const KEYS: [Key; 4] = [
    Key {
        name: "owner",
        rights: &["Admin", "Read", "Write", "List"],
    },
    Key {
        name: "reader",
        rights: &["Read", "List"],
    },
    Key {
        name: "blind",
        rights: &["Write", "List"],
    },
    Key {
        name: "unlisted",
        rights: &["Read", "Write"],
    },
];
