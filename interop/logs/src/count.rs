//! [`Count`]: how many things were compared.

use std::error::Error;

/// The error of any counterpart.
pub(crate) type Failure = Box<dyn Error>;

/// How many things were compared.
#[derive(Default)]
pub(crate) struct Count {
    pub(crate) roots: u64,
    pub(crate) inclusion: u64,
    pub(crate) consistency: u64,
    pub(crate) tiles: u64,
    pub(crate) notes: u64,
}

/// Refuses a difference.
pub(crate) fn expect(holds: bool, what: impl FnOnce() -> String) -> Result<(), Failure> {
    match holds {
        true => Ok(()),
        false => Err(what().into()),
    }
}
