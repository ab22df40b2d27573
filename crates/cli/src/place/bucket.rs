//! Trees in buckets, where they are compiled in.

use std::sync::Arc;

use rotortree::store::storage::Storage;

use crate::failure::Failure;

/// The backend of a URL.
#[cfg(feature = "object-store")]
pub(super) fn storage(url: &str) -> Result<Arc<dyn Storage>, Failure> {
    use rotortree_object_store::ObjectStorage;

    use crate::failure::Code;

    let storage = ObjectStorage::from_url(url).map_err(|error| Failure::new(Code::Usage, error))?;
    Ok(Arc::new(storage))
}

/// Refuses a URL.
#[cfg(not(feature = "object-store"))]
pub(super) fn storage(_: &str) -> Result<Arc<dyn Storage>, Failure> {
    use crate::failure::Code;

    // A URL may have a credential in it: it is not shown.
    let sentence = "this build has no places that are URLs";
    Err(Failure::new(Code::Usage, sentence)
        .next("name a directory, or build the command with --features object-store"))
}
