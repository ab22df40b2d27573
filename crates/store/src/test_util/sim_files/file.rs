//! [`FileNode`]: one file, as programs see it and as the disk has it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
};

/// The unit that the disk writes whole or not at all.
pub(super) const PIECE: usize = 512;

/// The bytes of a piece; zeros past the file's end.
pub(super) type Piece = Arc<[u8; PIECE]>;

/// The changes since the last sync, each with its operation.
#[derive(Debug, Clone)]
pub(super) struct Pending<T> {
    pub(super) steps: Vec<(usize, T)>,
    /// A sync of these steps failed and the system forgot that they were unsynced: no later sync
    /// writes them.
    pub(super) stuck: bool,
}

impl<T> Default for Pending<T> {
    fn default() -> Self {
        Self {
            steps: Vec::new(),
            stuck: false,
        }
    }
}

impl<T> Pending<T> {
    fn push(&mut self, operation: usize, step: T) {
        self.steps.push((operation, step));
        self.stuck = false;
    }

    /// The last step, taken if a sync may write it.
    fn take_synced(&mut self) -> Option<T> {
        if self.stuck {
            return None;
        }
        std::mem::take(&mut self.steps).pop().map(|(_, step)| step)
    }
}

/// Marks a mapping that lives: the length that it covers.
pub(super) type MapToken = Arc<u64>;

/// One file.
#[derive(Debug, Clone, Default)]
pub(super) struct FileNode {
    /// The bytes that programs read.
    now: Arc<Vec<u8>>,
    /// The bytes that are certainly on the disk. The first `disk_len` bytes certainly belong to the
    /// file; the others count once the file is longer.
    disk: Arc<Vec<u8>>,
    disk_len: u64,
    /// Pieces that differ, or may.
    pub(super) pieces: BTreeMap<u64, Pending<Piece>>,
    /// Lengths that differ, or may.
    pub(super) lengths: Pending<u64>,
    /// Room that the file has, beyond its length too. Not a part of its content after a crash.
    reserved: usize,
    maps: Vec<Weak<u64>>,
}

impl FileNode {
    /// A file whose bytes are on the disk.
    pub(super) fn on_disk(bytes: Vec<u8>) -> Self {
        let bytes = Arc::new(bytes);
        Self {
            now: Arc::clone(&bytes),
            disk_len: bytes.len() as u64,
            disk: bytes,
            ..Self::default()
        }
    }

    /// Whether the content after a crash is certainly the one that programs see.
    pub(super) fn is_certain(&self) -> bool {
        self.pieces.is_empty() && self.lengths.steps.is_empty()
    }

    /// A file of the same bytes, shared with this one, and no past.
    pub(super) fn synced(&self) -> Self {
        Self {
            now: Arc::clone(&self.now),
            disk: Arc::clone(&self.now),
            disk_len: self.now.len() as u64,
            ..Self::default()
        }
    }

    pub(super) fn bytes(&self) -> &Arc<Vec<u8>> {
        &self.now
    }

    /// Takes room up to `len`.
    pub(super) fn reserve(&mut self, len: usize) {
        self.reserved = self.reserved.max(len);
    }

    /// The bytes that the file takes.
    pub(super) fn room(&self) -> usize {
        self.reserved.max(self.now.len())
    }

    pub(super) fn write(&mut self, operation: usize, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        let now = Arc::make_mut(&mut self.now);
        if now.len() < end {
            resize(now, end as u64);
            self.lengths.push(operation, end as u64);
        } else if self.lengths.stuck && now.len() == end {
            // A file system makes a length certain with the bytes that reach it, so writing these
            // anew asks for it anew.
            self.lengths.push(operation, end as u64);
        }
        now[offset..end].copy_from_slice(bytes);
        self.touch(operation, offset, end);
    }

    pub(super) fn truncate(&mut self, operation: usize, len: usize) {
        let old = self.now.len();
        self.reserved = 0;
        resize(Arc::make_mut(&mut self.now), len as u64);
        self.lengths.push(operation, len as u64);
        if len < old {
            self.touch(operation, len, old);
        }
    }

    /// Takes note that the pieces of a range were written.
    fn touch(&mut self, operation: usize, start: usize, end: usize) {
        if start == end {
            return;
        }
        for index in start / PIECE..=(end - 1) / PIECE {
            let piece = piece_of(&self.now, index);
            let pending = self.pieces.entry(index as u64).or_default();
            pending.push(operation, piece);
        }
    }

    /// Everything unsynced reaches the disk, except stuck bytes.
    pub(super) fn sync(&mut self) {
        let disk = Arc::make_mut(&mut self.disk);
        for (index, pending) in &mut self.pieces {
            if let Some(piece) = pending.take_synced() {
                let end = (*index as usize + 1) * PIECE;
                if disk.len() < end {
                    resize(disk, end as u64);
                }
                put_piece(disk, *index, &piece);
            }
        }
        if let Some(len) = self.lengths.take_synced() {
            self.disk_len = len;
        }
        self.pieces.retain(|_, pending| !pending.steps.is_empty());
    }

    /// A sync failed, and the system counts everything as synced all the same.
    pub(super) fn lose_sync(&mut self) {
        self.lengths.stuck = true;
        for pending in self.pieces.values_mut() {
            pending.stuck = true;
        }
    }

    /// The content after a crash that takes that many steps of every pending list. `fill` gives the
    /// bytes of a lost piece past the content of the disk.
    pub(super) fn after_crash(
        &self,
        length_steps: usize,
        piece_steps: impl Fn(u64) -> usize,
        mut fill: impl FnMut(u64) -> Option<Piece>,
    ) -> Vec<u8> {
        let len = nth(&self.lengths, length_steps).map_or(self.disk_len, |(_, len)| *len);
        let mut bytes = (*self.disk).clone();
        resize(&mut bytes, len);
        for (index, pending) in &self.pieces {
            let new = index * PIECE as u64 >= self.disk_len;
            match nth(pending, piece_steps(*index)) {
                Some((_, piece)) => put_piece(&mut bytes, *index, piece),
                None if new => {
                    if let Some(piece) = fill(*index) {
                        put_piece(&mut bytes, *index, &piece);
                    }
                }
                None => {}
            }
        }
        bytes
    }

    // --- mappings ---

    pub(super) fn map(&mut self, len: u64) -> MapToken {
        let token = Arc::new(len);
        self.maps.retain(|map| map.strong_count() > 0);
        self.maps.push(Arc::downgrade(&token));
        token
    }

    pub(super) fn unmap(&mut self) {
        self.maps.clear();
    }

    /// Bytes from the beginning that live mappings cover.
    pub(super) fn mapped(&self) -> u64 {
        let live = self.maps.iter().filter_map(Weak::upgrade);
        live.map(|len| *len).max().unwrap_or(0)
    }
}

/// The `steps`-th step counted from 1, and none for 0.
fn nth<T>(pending: &Pending<T>, steps: usize) -> Option<&(usize, T)> {
    pending.steps.get(steps.checked_sub(1)?)
}

fn piece_of(bytes: &[u8], index: usize) -> Piece {
    let mut piece = [0; PIECE];
    let rest = bytes.get(index * PIECE..).unwrap_or_default();
    let there = rest.len().min(PIECE);
    piece[..there].copy_from_slice(&rest[..there]);
    Arc::new(piece)
}

/// Writes a piece as far as the file reaches.
fn put_piece(bytes: &mut [u8], index: u64, piece: &Piece) {
    let start = index as usize * PIECE;
    let rest = bytes.get_mut(start..).unwrap_or_default();
    let there = rest.len().min(PIECE);
    rest[..there].copy_from_slice(&piece[..there]);
}

fn resize(bytes: &mut Vec<u8>, len: u64) {
    let len = usize::try_from(len).expect("a simulated file fits in memory");
    let more = len.saturating_sub(bytes.len());
    // In one piece: `Vec::resize` goes byte by byte where nothing is optimised.
    bytes.extend_from_slice(&vec![0; more]);
    bytes.truncate(len);
}
