//! The contract of [`Storage`] as a suite that every backend and every wrapper of one runs.
//!
//! It cannot check durability, which takes a machine that crashes; the simulation does.

mod levels;
mod log;
mod manifest;
mod place;

use std::{
    any::Any,
    io::{self, Read},
    panic::{AssertUnwindSafe, catch_unwind},
};

use crate::storage::Storage;

/// A fresh place, which each call opens anew.
struct Site<'a> {
    open: &'a dyn Fn() -> Box<dyn Storage>,
}

impl Site<'_> {
    fn open(&self) -> Box<dyn Storage> {
        (self.open)()
    }
}

/// One clause of the contract and the check that holds a backend to it.
type Clause = (&'static str, fn(&Site<'_>));

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
        manifest::CLAUSES,
    ];
    groups.into_iter().flatten().copied()
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let string = panic.downcast_ref::<String>().map(String::as_str);
    string
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without a message")
}

/// Bytes that differ by seed and position.
fn pattern(seed: u64, len: usize) -> Vec<u8> {
    (0..len as u64)
        .map(|i| {
            ((i ^ i >> 8 ^ i >> 16)
                .wrapping_mul(31)
                .wrapping_add(seed * 101)
                & 0xff) as u8
        })
        .collect()
}

/// The whole content of a segment.
fn content(storage: &dyn Storage, number: u64) -> Vec<u8> {
    let mut reader = storage.read_segment(number).expect("the segment is there");
    let mut bytes = vec![0; usize::try_from(reader.len()).expect("a small segment")];
    reader
        .read_at(0, &mut bytes)
        .expect("the whole segment can be read");
    bytes
}

/// A stream that answers with one byte, a few bytes and interruptions by turns.
struct Halting<'a> {
    bytes: &'a [u8],
    turn: usize,
}

impl<'a> Halting<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, turn: 0 }
    }
}

impl Read for Halting<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.turn += 1;
        let most = match self.turn % 3 {
            0 => return Err(io::ErrorKind::Interrupted.into()),
            1 => 1,
            _ => 4000,
        };
        let now = most.min(buf.len()).min(self.bytes.len());
        let (head, tail) = self.bytes.split_at(now);
        buf[..now].copy_from_slice(head);
        self.bytes = tail;
        Ok(now)
    }
}
