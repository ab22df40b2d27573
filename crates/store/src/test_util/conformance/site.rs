//! [`Site`]: the place that a clause checks, and what it is filled with.

use std::io::{self, Read};

use crate::storage::{Ownership, Storage};

/// A fresh place, which each call opens anew.
pub(super) struct Site<'a> {
    pub(super) open: &'a dyn Fn() -> Box<dyn Storage>,
}

impl Site<'_> {
    pub(super) fn open(&self) -> Box<dyn Storage> {
        (self.open)()
    }

    /// Opens the place and takes possession of it.
    pub(super) fn owned(&self) -> (Box<dyn Storage>, Box<dyn Ownership>) {
        let storage = self.open();
        let owner = storage.acquire().expect("the place has no owner");
        (storage, owner)
    }
}

/// One clause of the contract and the check that holds a backend to it.
pub(super) type Clause = (&'static str, fn(&Site<'_>));

/// Bytes that differ by seed and position.
pub(super) fn pattern(seed: u64, len: usize) -> Vec<u8> {
    (0..len as u64)
        .map(|i| {
            ((i ^ i >> 8 ^ i >> 16)
                .wrapping_mul(31)
                .wrapping_add(seed * 101)
                & 0xff) as u8
        })
        .collect()
}

/// Holds a segment to what was written to it. Behind that there may be room: zeros.
#[track_caller]
pub(super) fn assert_content(storage: &dyn Storage, number: u64, written: &[u8]) {
    let bytes = content(storage, number);
    let room = bytes.strip_prefix(written).expect("what was written");
    assert!(room.iter().all(|byte| *byte == 0), "zeros behind it");
}

/// The whole content of a segment, with the room behind what was written.
pub(super) fn content(storage: &dyn Storage, number: u64) -> Vec<u8> {
    let mut reader = storage.read_segment(number).expect("the segment is there");
    let mut bytes = vec![0; usize::try_from(reader.len()).expect("a small segment")];
    reader
        .read_at(0, &mut bytes)
        .expect("the whole segment can be read");
    bytes
}

/// A stream that answers with one byte, a few bytes and interruptions by turns.
pub(super) struct Halting<'a> {
    bytes: &'a [u8],
    turn: usize,
}

impl<'a> Halting<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
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
