//! Checks a tree: compares every inner node that is stored or in memory with the hash of its
//! children, and the root.
//!
//! A checksum says that the stored bytes are the written bytes; this check says that the written
//! bytes are a tree. It reads nodes through a snapshot, so it covers chunks, tails and nodes in
//! memory. No snapshot reads the stored chunks of levels that are kept in memory;
//! [`ColdNodes::check_all`](crate::cold::ColdNodes::check_all) checks those.
//!
//! A snapshot hashes the nodes between two stored levels whenever it reads them, so to compare them
//! would compare a computation with itself. The check goes from stored level to stored level
//! instead: it hashes the nodes of the lower one up to the higher, and compares there.

use std::{
    mem,
    num::NonZero,
    ops::Range,
    panic::resume_unwind,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::{TreeSnapshot, geometry};

use crate::{StorageError, cold::storage_error, fork::is_child, lock::lock};

/// Nodes read and hashed at once, 128 KiB: they stay in a core's own cache until what follows from
/// them is compared.
const PIECE_NODES: usize = 4096;
/// More threads than this compete for memory, not for cores.
const MAX_THREADS: usize = 16;

/// Fewer pieces than this are compared sooner than a thread is started.
const PIECES_PER_THREAD: u64 = 4;

/// The progress of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Inner nodes hashed so far.
    pub done: u64,
    /// Inner nodes to hash.
    pub total: u64,
}

/// Compares every inner node that is stored or in memory with the hash of its children, and the
/// edge nodes and the root with those computed from the complete nodes.
///
/// Reads every such node at most twice and hashes every group once, on as many threads as the
/// machine runs at a time, and in a forked child on the calling one alone; takes some 200 KiB of
/// memory per thread, whatever the size. `progress` is called on this thread, every few thousand
/// nodes and once at the end.
///
/// # Errors
///
/// For the first node that fails, in the order of levels from the leaves and of indices:
/// [`StorageError::DataCorruption`] naming level and index of one that is not the hash of its
/// children, else why it could not be read. A panic of the hasher goes through.
///
/// ```
/// use rotortree_hasher::Blake3Hasher;
/// use rotortree_lean_imt::LeanIMT;
/// use rotortree_store::verify::verify_nodes;
///
/// let mut tree = LeanIMT::<_, 4, 20>::new(Blake3Hasher);
/// tree.insert_many(&[[7; 32]; 100])?;
/// let mut last = None;
/// verify_nodes(&Blake3Hasher, &tree.snapshot(), &mut |progress| last = Some(progress))?;
/// let last = last.expect("called at the end");
/// assert_eq!((last.done, last.total), (25 + 6 + 1, 32));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn verify_nodes<H: Hasher, const N: usize, const MAX_DEPTH: usize>(
    hasher: &H,
    snapshot: &TreeSnapshot<N, MAX_DEPTH>,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), StorageError> {
    let work = Work::new(hasher, snapshot);
    let threads = if is_child() {
        1
    } else {
        thread::available_parallelism().map_or(1, NonZero::get)
    };
    let busy = (work.pieces / PIECES_PER_THREAD).min(threads.min(MAX_THREADS) as u64);
    thread::scope(|scope| {
        let helpers: Vec<_> = (1..busy)
            .map_while(|_| {
                // Fewer threads than wished for do the same work.
                let helper = thread::Builder::new().name("verify".into());
                helper.spawn_scoped(scope, || work.run(&mut |_| {})).ok()
            })
            .collect();
        work.run(progress);
        for helper in helpers {
            helper.join().unwrap_or_else(|panic| resume_unwind(panic));
        }
    });
    if let Some((_, error)) = lock(&work.failed).take() {
        return Err(error);
    }
    verify_edges(hasher, snapshot)?;
    progress(Progress {
        done: work.total,
        total: work.total,
    });
    Ok(())
}

/// Consecutive nodes of a level that are compared with what follows from one level below.
struct Part {
    level: usize,
    nodes: Range<u64>,
    /// The level that they are hashed from.
    below: usize,
    /// Nodes compared at once.
    piece: u64,
    /// The number of the first piece.
    first_piece: u64,
}

impl Part {
    fn pieces(&self) -> u64 {
        (self.nodes.end - self.nodes.start).div_ceil(self.piece)
    }

    /// The number of hashes that `nodes` of its nodes take.
    fn hashes(&self, arity: u64, nodes: u64) -> u64 {
        (self.below..self.level).fold(0, |hashes, _| hashes * arity + nodes)
    }

    /// The two parts of a level: nodes whose children are hashed whenever they are read, and nodes
    /// whose children are stored or in memory.
    fn of_level<const N: usize, const MAX_DEPTH: usize>(
        snapshot: &TreeSnapshot<N, MAX_DEPTH>,
        level: usize,
    ) -> [Self; 2] {
        let complete = |level| geometry::complete_len::<N>(snapshot.size(), level);
        let recomputed = |level| snapshot.recomputed_len(level).min(complete(level));
        let start = recomputed(level);
        let between = (recomputed(level - 1) / N as u64).max(start);
        let mut below = level - 1;
        while recomputed(below) > 0 {
            below -= 1;
        }
        let part = |nodes, below| {
            let span = (below..level).fold(1, |span: usize, _| span.saturating_mul(N));
            Self {
                level,
                nodes,
                below,
                piece: (PIECE_NODES / span).max(1) as u64,
                first_piece: 0,
            }
        };
        [
            part(start..between, below),
            part(between..complete(level), level - 1),
        ]
    }
}

/// The pieces of all levels, numbered from the leaves up and from left to right.
struct Work<'a, H, const N: usize, const MAX_DEPTH: usize> {
    hasher: &'a H,
    snapshot: &'a TreeSnapshot<N, MAX_DEPTH>,
    parts: Vec<Part>,
    pieces: u64,
    total: u64,
    /// The number of the next free piece.
    next: AtomicU64,
    /// Inner nodes hashed.
    done: AtomicU64,
    /// The lowest piece that failed. Pieces are taken in order, so when all threads are done every
    /// lower one was compared.
    failed: Mutex<Option<(u64, StorageError)>>,
}

impl<'a, H: Hasher, const N: usize, const MAX_DEPTH: usize> Work<'a, H, N, MAX_DEPTH> {
    fn new(hasher: &'a H, snapshot: &'a TreeSnapshot<N, MAX_DEPTH>) -> Self {
        let (mut parts, mut pieces, mut total) = (Vec::new(), 0, 0);
        for mut part in (1..=snapshot.depth()).flat_map(|level| Part::of_level(snapshot, level)) {
            part.first_piece = pieces;
            pieces += part.pieces();
            total += part.hashes(N as u64, part.nodes.end - part.nodes.start);
            parts.push(part);
        }
        Self {
            hasher,
            snapshot,
            parts,
            pieces,
            total,
            next: AtomicU64::new(0),
            done: AtomicU64::new(0),
            failed: Mutex::new(None),
        }
    }

    /// Takes pieces until none is left or one failed.
    fn run(&self, progress: &mut dyn FnMut(Progress)) {
        let _stop = StopOnPanic(&self.next);
        let mut buffers = Buffers::default();
        loop {
            let piece = self.next.fetch_add(1, Ordering::Relaxed);
            if piece >= self.pieces {
                return;
            }
            match self.compare(piece, &mut buffers) {
                Ok(nodes) => {
                    let done = self.done.fetch_add(nodes, Ordering::Relaxed) + nodes;
                    progress(Progress {
                        done,
                        total: self.total,
                    });
                }
                Err(error) => {
                    self.next.store(self.pieces, Ordering::Relaxed);
                    let mut failed = lock(&self.failed);
                    if failed.as_ref().is_none_or(|(lowest, _)| piece < *lowest) {
                        *failed = Some((piece, error));
                    }
                    return;
                }
            }
        }
    }

    /// Compares one piece. Returns the number of its hashes.
    fn compare(&self, piece: u64, buffers: &mut Buffers) -> Result<u64, StorageError> {
        // The first part starts with piece 0, so at least one starts at or before any piece. Of
        // several that start with it the last has it: the others are empty.
        let part = &self.parts[self.parts.partition_point(|part| part.first_piece <= piece) - 1];
        let start = part.nodes.start + (piece - part.first_piece) * part.piece;
        let count = (part.nodes.end - start).min(part.piece);
        let Buffers {
            nodes,
            hashes,
            compared,
        } = buffers;
        let read = |level, start, out: &mut [Hash]| {
            let read = self.snapshot.read_nodes(level, start, out);
            read.map_err(storage_error)
        };
        let span = (part.below..part.level).fold(1, |span, _| span * N as u64);
        nodes.resize((count * span) as usize, [0; 32]);
        read(part.below, start * span, nodes)?;
        for _ in part.below..part.level {
            hashes.resize(nodes.len() / N, [0; 32]);
            self.hasher.hash_groups(N, nodes, hashes);
            mem::swap(nodes, hashes);
        }
        compared.resize(nodes.len(), [0; 32]);
        read(part.level, start, compared)?;
        if compared == nodes {
            return Ok(part.hashes(N as u64, count));
        }
        let differs = nodes.iter().zip(&*compared).position(|(a, b)| a != b);
        Err(mismatch(part.level, start + differs.unwrap_or(0) as u64))
    }
}

/// The buffers of one thread for reading and hashing.
#[derive(Default)]
struct Buffers {
    nodes: Vec<Hash>,
    hashes: Vec<Hash>,
    compared: Vec<Hash>,
}

/// Leaves the other threads nothing to take when the hasher panics on this one.
struct StopOnPanic<'a>(&'a AtomicU64);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            // Half of the range is left for threads that still add to it.
            self.0.store(u64::MAX / 2, Ordering::Relaxed);
        }
    }
}

fn mismatch(level: usize, index: u64) -> StorageError {
    StorageError::DataCorruption {
        file: format!("level {level}"),
        offset: index.saturating_mul(size_of::<Hash>() as u64),
        reason: format!("node {index} is not the hash of its children"),
    }
}

/// Compares the edge nodes and the root with those computed from the complete nodes.
fn verify_edges<H: Hasher, const N: usize, const MAX_DEPTH: usize>(
    hasher: &H,
    snapshot: &TreeSnapshot<N, MAX_DEPTH>,
) -> Result<(), StorageError> {
    let (size, depth) = (snapshot.size(), snapshot.depth());
    if size == 0 {
        return Ok(());
    }
    let mut group = Vec::with_capacity(N);
    let mut edge: Option<Hash> = None;
    for level in 0..depth {
        let digit = geometry::digit::<N>(size, level);
        let first = geometry::complete_len::<N>(size, level) - digit as u64;
        group.resize(digit, [0; 32]);
        let read = snapshot.read_nodes(level, first, &mut group);
        read.map_err(storage_error)?;
        group.extend(edge);
        edge = match &*group {
            [] => None,
            [only] => Some(*only),
            several => Some(hasher.hash_children(several)),
        };
        let last = snapshot.level_len(level + 1) - 1;
        let stored = snapshot.get_node(level + 1, last).map_err(storage_error)?;
        if edge.is_some_and(|edge| edge != stored) {
            return Err(mismatch(level + 1, last));
        }
    }
    let top = snapshot.get_node(depth, 0).map_err(storage_error)?;
    if snapshot.root() == Some(top) {
        Ok(())
    } else {
        Err(StorageError::DataCorruption {
            file: format!("level {depth}"),
            offset: 0,
            reason: "its node is not the root".into(),
        })
    }
}
