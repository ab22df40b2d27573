//! [`Segment`]: the objects of a segment that are known, in their order.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::id::Id;

/// The range of an object in its segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
}

impl Piece {
    pub(crate) fn end(&self) -> u64 {
        self.offset + self.bytes
    }
}

/// A segment with one of its beginnings.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) id: Id,
    chain: Mutex<Chain>,
    /// Held by the call that follows it.
    following: Mutex<()>,
}

#[derive(Debug, Default)]
struct Chain {
    pieces: Vec<Piece>,
    is_fenced: bool,
}

impl Segment {
    pub(crate) fn new(number: u64, id: Id) -> Self {
        Self {
            number,
            id,
            chain: Mutex::default(),
            following: Mutex::default(),
        }
    }

    fn chain(&self) -> MutexGuard<'_, Chain> {
        self.chain.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps other calls from following it too.
    pub(crate) fn following(&self) -> MutexGuard<'_, ()> {
        self.following
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the next piece goes.
    pub(crate) fn end(&self) -> u64 {
        self.chain().pieces.last().map_or(0, Piece::end)
    }

    pub(crate) fn is_fenced(&self) -> bool {
        self.chain().is_fenced
    }

    pub(crate) fn set_fenced(&self) {
        self.chain().is_fenced = true;
    }

    /// Adds a piece, unless another call has.
    pub(crate) fn push(&self, piece: Piece) {
        let mut chain = self.chain();
        if chain.pieces.last().map_or(0, Piece::end) == piece.offset {
            chain.pieces.push(piece);
        }
    }

    /// The piece that has byte `offset`.
    pub(crate) fn piece_at(&self, offset: u64) -> Option<Piece> {
        let chain = self.chain();
        let index = chain.pieces.partition_point(|piece| piece.end() <= offset);
        chain.pieces.get(index).copied()
    }
}
