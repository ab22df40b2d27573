//! [`adjust`]: limits of the process, which are made for other programs.

use crate::failure::Failure;

/// Uses as many open files as the system permits, and takes a limit on the length of files for a
/// full disk.
#[cfg(unix)]
pub(crate) fn adjust() -> Result<(), Failure> {
    use std::sync::Arc;

    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use signal_hook::{consts::SIGXFSZ, flag};

    use crate::failure::Code;

    /// What macOS takes where the limit itself is none.
    const MOST: u64 = 10_240;

    // The soft limit is low for programs that look through all descriptors; this one does not.
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = [
        maximum,
        maximum.map_or(Some(MOST), |most| Some(most.min(MOST))),
    ];
    let is_more = |limit: &Option<u64>| match (limit, current) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(limit), Some(current)) => *limit > current,
    };
    // Where the system permits none of them, the limit stays as it is.
    let _raised = raised.into_iter().filter(is_more).any(|current| {
        let limit = Rlimit { current, maximum };
        setrlimit(Resource::Nofile, limit).is_ok()
    });

    // A write beyond the limit fails then. Without a handler the signal ends the process.
    flag::register(SIGXFSZ, Arc::default())
        .map(drop)
        .map_err(|error| Failure::new(Code::System, error).at("the handler of signals"))
}

/// There are none.
#[cfg(not(unix))]
pub(crate) fn adjust() -> Result<(), Failure> {
    Ok(())
}
