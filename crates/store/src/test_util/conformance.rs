//! The contract of [`Storage`] as a suite that every backend and every wrapper of one runs.
//!
//! It cannot check durability, which takes a machine that crashes; the simulation does.

mod levels;
mod log;
mod manifest;
mod offers;
mod place;
mod site;
mod writers;

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use self::site::{Clause, Site};
use crate::storage::Storage;

/// Holds a backend to every clause of the contract.
///
/// `new_place` makes a fresh, vacant place and returns what opens it; every call of the latter is
/// another handle on the same place. Shards need at least 1024 chunks; with more than that the
/// check across shards is left out.
///
/// ```
/// use rotortree_store::{memory::MemoryStorage, test_util::conformance};
///
/// conformance::run(|| {
///     let place = MemoryStorage::with_shard_chunks(1024);
///     move || place.clone()
/// });
/// ```
///
/// # Panics
///
/// After the last clause if some do not hold, with all of them by name.
pub fn run<S, O>(new_place: impl Fn() -> O)
where
    S: Storage,
    O: Fn() -> S,
{
    let broken: Vec<String> = clauses()
        .filter_map(|(clause, check)| {
            let open = new_place();
            let open = || -> Box<dyn Storage> { Box::new(open()) };
            let site = Site { open: &open };
            let panic = catch_unwind(AssertUnwindSafe(|| check(&site))).err()?;
            Some(format!("\n  \"{clause}\": {}", text(&*panic)))
        })
        .collect();
    assert!(
        broken.is_empty(),
        "storage contract: {} of {} clauses do not hold:{}",
        broken.len(),
        clauses().count(),
        broken.concat()
    );
}

/// The clauses by name, in the order of the roles.
pub fn clause_names() -> impl Iterator<Item = &'static str> {
    clauses().map(|(clause, _)| clause)
}

/// Every clause, in the order of the roles.
fn clauses() -> impl Iterator<Item = Clause> {
    let groups = [
        place::CLAUSES,
        log::CLAUSES,
        levels::CLAUSES,
        writers::CLAUSES,
        manifest::CLAUSES,
        offers::CLAUSES,
    ];
    groups.into_iter().flatten().copied()
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let string = panic.downcast_ref::<String>().map(String::as_str);
    string
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without a message")
}
