//! Trees in buckets, where they are compiled in.

use std::sync::Arc;

use rotortree::store::storage::Storage;

use crate::failure::Failure;

/// The variable with the interval of an owner's signs of life, in seconds.
#[cfg(feature = "object-store")]
const HEARTBEAT: &str = "ROTORTREE_HEARTBEAT";

/// The backend of a URL.
#[cfg(feature = "object-store")]
pub(super) fn storage(url: &str) -> Result<Arc<dyn Storage>, Failure> {
    use std::{env, time::Duration};

    use rotortree_object_store::ObjectStorage;

    use crate::failure::Code;

    let storage = ObjectStorage::from_url(url).map_err(|error| Failure::new(Code::Usage, error))?;
    let Some(seconds) = env::var_os(HEARTBEAT) else {
        return Ok(Arc::new(storage));
    };
    let seconds = seconds.to_str().and_then(|seconds| seconds.parse().ok());
    let interval = seconds
        .filter(|seconds| (0.1..=3600.0).contains(seconds))
        .map(Duration::from_secs_f64);
    let interval = interval.ok_or_else(|| {
        let sentence = format!("{HEARTBEAT} is a number of seconds from 0.1 to 3600");
        Failure::new(Code::Usage, sentence)
    })?;
    Ok(Arc::new(storage.heartbeat(interval)))
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
