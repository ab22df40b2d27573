//! The one append algorithm: the rightmost group of every level, and how appended leaves change it.
//!
//! `groups[k][..digit]` are the complete children of level `k`'s last unfinished group - the
//! frontier - and `groups[k][digit]` is the level's edge node if it has one. Slots from the digit
//! on are scratch. Therefore appending one leaf needs no undo: no slot below a digit is written
//! before the size changes.

mod scratch;
#[cfg(feature = "parallel")]
mod side_by_side;

use alloc::vec::Vec;
use rotortree_hasher::{GroupState, Hash, Hasher};

use self::scratch::{BLOCK, Children, hash_groups};
use crate::{MemoryNodes, NodeSpan, TreeError, geometry, memory::Level, threads::Threads};

pub(crate) use self::scratch::Scratch;

/// Receives complete nodes, in order within each level.
pub(crate) enum NodeSink<'a> {
    /// Stages them.
    Store(&'a mut MemoryNodes),
    /// Forgets them: a frontier stores none.
    Discard,
}

impl NodeSink<'_> {
    fn complete(&mut self, level: usize, nodes: &[Hash]) -> Result<(), TreeError> {
        match self {
            Self::Store(store) => store.append(level, nodes),
            Self::Discard => Ok(()),
        }
    }

    /// Makes room on so many levels for the nodes that complete when the tree grows.
    fn reserve<const N: usize>(
        &mut self,
        from: u64,
        to: u64,
        levels: usize,
    ) -> Result<(), TreeError> {
        let lens = |level| [from, to].map(|size| geometry::complete_len::<N>(size, level));
        for (level, [before, after]) in (0..levels).map(lens).enumerate() {
            match self.level(level) {
                Some(store) if before < after => store.reserve(after - before)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// The write end of a level, for nodes in many portions. A frontier has none.
    fn level(&mut self, level: usize) -> Option<&mut Level> {
        match self {
            Self::Store(store) => Some(store.level(level)),
            Self::Discard => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct RightEdge<const N: usize> {
    size: u64,
    root: Hash,
    groups: Vec<[Hash; N]>,
    /// The memory of `groups` before the last batch, for the next one.
    spare: Vec<[Hash; N]>,
    /// Per level, the hasher's state of the unfinished group. The states are taken out for hashing:
    /// if the hasher panics they are lost, and later hashing starts from fresh states.
    states: Vec<GroupState>,
}

impl<const N: usize> RightEdge<N> {
    pub(crate) const fn new() -> Self {
        Self {
            size: 0,
            root: [0; 32],
            groups: Vec::new(),
            spare: Vec::new(),
            states: Vec::new(),
        }
    }

    /// The edge of a tree of `size` leaves. `read` reads its complete nodes, a span a level, from
    /// the leaves up.
    pub(crate) fn rebuild<H: Hasher>(
        hasher: &H,
        size: u64,
        read: impl FnOnce(&mut [NodeSpan<'_>]) -> Result<(), TreeError>,
    ) -> Result<Self, TreeError> {
        let mut edge = Self::new();
        if size == 0 {
            return Ok(edge);
        }
        edge.reserve_levels(geometry::depth::<N>(size) + 1)?;
        let mut complete = size;
        let groups = edge.groups.iter_mut().enumerate().map(|(level, group)| {
            let digit = (complete % N as u64) as usize;
            let start = complete - digit as u64;
            complete /= N as u64;
            NodeSpan {
                level,
                start,
                nodes: &mut group[..digit],
            }
        });
        let mut spans: Vec<_> = groups.filter(|span| !span.nodes.is_empty()).collect();
        read(&mut spans)?;
        edge.root = edge.hash_edges(hasher, size);
        edge.size = size;
        Ok(edge)
    }

    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// The root; meaningless for size 0.
    pub(crate) fn root(&self) -> Hash {
        self.root
    }

    /// The complete children of level `level`'s last unfinished group.
    pub(crate) fn frontier(&self, level: usize) -> &[Hash] {
        match self.groups.get(level) {
            Some(group) => &group[..geometry::digit::<N>(self.size, level)],
            None => &[],
        }
    }

    /// Writes the edge nodes of levels `1..=depth` to `out[level - 1]`. Slots of levels without an
    /// edge node stay the same.
    pub(crate) fn edges(&self, out: &mut [Hash]) {
        let mut complete = self.size;
        let mut unfinished = false;
        for (level, group) in self.groups.iter().enumerate() {
            let digit = (complete % N as u64) as usize;
            if unfinished && let Some(slot) = out.get_mut(level.wrapping_sub(1)) {
                *slot = group[digit];
            }
            unfinished |= digit != 0;
            complete /= N as u64;
            if complete == 0 && !unfinished {
                break;
            }
        }
    }

    fn reserve_levels(&mut self, levels: usize) -> Result<(), TreeError> {
        if self.groups.len() < levels {
            self.groups
                .try_reserve(levels - self.groups.len())
                .map_err(|_| TreeError::CapacityExceeded)?;
            self.groups.resize(levels, [[0; 32]; N]);
        }
        Ok(())
    }

    /// Appends one leaf with `depth` hashes. The caller has checked that the size may grow.
    pub(crate) fn append_one<H: Hasher>(
        &mut self,
        hasher: &H,
        leaf: &Hash,
        sink: &mut NodeSink<'_>,
    ) -> Result<(), TreeError> {
        let size = self
            .size
            .checked_add(1)
            .ok_or(TreeError::CapacityExceeded)?;
        let depth = geometry::depth::<N>(size);
        self.reserve_levels(depth + 1)?;
        let mut states = self.take_states(depth);
        let mut node = *leaf;
        let mut is_complete = true;
        let mut complete = self.size;
        for (level, group) in self.groups[..=depth].iter_mut().enumerate() {
            let digit = (complete % N as u64) as usize;
            complete /= N as u64;
            group[digit] = node;
            if is_complete {
                sink.complete(level, core::slice::from_ref(&node))?;
            }
            if level == depth {
                break;
            }
            let count = digit + 1;
            if count > 1 {
                node = match states.get_mut(level) {
                    Some(state) => {
                        let stable = if is_complete { count } else { digit };
                        let parent = hasher.hash_resuming(state, stable, &group[..count]);
                        if is_complete && count == N {
                            *state = GroupState::default();
                        }
                        parent
                    }
                    None => hasher.hash_children(&group[..count]),
                };
            }
            is_complete &= count == N;
        }
        self.states = states;
        self.size = size;
        self.root = node;
        Ok(())
    }

    /// Appends a batch block by block. A block is hashed level by level while it is in the cache.
    /// The caller has checked that the size may grow by the batch.
    pub(crate) fn append_many<H: Hasher>(
        &mut self,
        hasher: &H,
        leaves: &[Hash],
        threads: Threads,
        scratch: &mut Scratch,
        sink: &mut NodeSink<'_>,
    ) -> Result<(), TreeError> {
        if let [leaf] = leaves {
            return self.append_one(hasher, leaf, sink);
        }
        let size = self
            .size
            .checked_add(leaves.len() as u64)
            .ok_or(TreeError::CapacityExceeded)?;
        // Work on a copy: complete groups are overwritten, and the hasher may panic.
        let mut next = Self {
            size,
            root: self.root,
            groups: core::mem::take(&mut self.spare),
            spare: Vec::new(),
            states: self.take_states(geometry::depth::<N>(size)),
        };
        next.groups.clear();
        next.groups
            .try_reserve_exact(geometry::depth::<N>(size) + 1)
            .map_err(|_| TreeError::CapacityExceeded)?;
        next.groups.extend_from_slice(&self.groups);
        next.reserve_levels(geometry::depth::<N>(size) + 1)?;
        #[cfg(feature = "parallel")]
        next.append_on(threads, hasher, self.size, leaves, scratch, sink)?;
        #[cfg(not(feature = "parallel"))]
        {
            let Threads::Caller = threads;
            next.append_in_order(hasher, self.size, leaves, scratch, sink)?;
        }
        next.root = next.hash_edges(hasher, size);
        next.spare = core::mem::take(&mut self.groups);
        *self = next;
        Ok(())
    }

    /// Appends leaves after the first `before`, on this thread.
    fn append_in_order<H: Hasher>(
        &mut self,
        hasher: &H,
        mut before: u64,
        leaves: &[Hash],
        scratch: &mut Scratch,
        sink: &mut NodeSink<'_>,
    ) -> Result<(), TreeError> {
        scratch.reserve::<N>(leaves.len().min(BLOCK))?;
        if leaves.len() > BLOCK {
            sink.reserve::<N>(before, before + leaves.len() as u64, self.groups.len())?;
        }
        for block in leaves.chunks(BLOCK) {
            self.append_run(hasher, 0, before, block, scratch, sink)?;
            before += block.len() as u64;
        }
        Ok(())
    }

    /// Appends a run of complete nodes to `first_level`, which has `complete` nodes, and hashes the
    /// complete parents of all levels above. The caller has reserved scratch for the parents.
    fn append_run<H: Hasher>(
        &mut self,
        hasher: &H,
        first_level: usize,
        mut complete: u64,
        first_run: &[Hash],
        scratch: &mut Scratch,
        sink: &mut NodeSink<'_>,
    ) -> Result<(), TreeError> {
        let Scratch {
            run: run_buffer,
            parents: parent_buffer,
        } = scratch;
        let mut run_len = first_run.len();
        for level in first_level..self.groups.len() {
            let digit = (complete % N as u64) as usize;
            complete /= N as u64;
            let group = &mut self.groups[level];
            let is_first = level == first_level;
            let run = if is_first {
                first_run
            } else {
                &run_buffer[N..N + run_len]
            };
            if digit + run.len() < N {
                sink.complete(level, run)?;
                group[digit..digit + run.len()].copy_from_slice(run);
                return Ok(());
            }
            // The nodes to hash, how many of them are complete already, and the parents that are
            // hashed already.
            let (nodes, known, parents) = if digit == 0 {
                (run, 0, 0)
            } else if is_first {
                let (first, behind) = run.split_at(N - digit);
                sink.complete(level, first)?;
                group[digit..].copy_from_slice(first);
                parent_buffer[N] = match self.states.get_mut(level) {
                    Some(state) => hasher.hash_resuming(state, N, group),
                    None => hasher.hash_children(group),
                };
                (behind, 0, 1)
            } else {
                // In front of the run, the frontier makes the whole level one call of the kernel.
                run_buffer[N - digit..N].copy_from_slice(&group[..digit]);
                (&run_buffer[N - digit..N + run_len], digit, 0)
            };
            let whole = nodes.len() / N;
            let (groups, tail) = nodes.split_at(whole * N);
            let mut store = sink.level(level);
            let mut stage = |nodes: &[Hash]| match &mut store {
                Some(store) => store.append(nodes),
                None => Ok(()),
            };
            let whole_parents = &mut parent_buffer[N + parents..][..whole];
            let children = Children {
                groups,
                known,
                is_cached: !is_first,
            };
            hash_groups::<H, N>(hasher, &children, whole_parents, &mut stage)?;
            stage(tail)?;
            group[..tail.len()].copy_from_slice(tail);
            if let Some(state) = self.states.get_mut(level) {
                *state = GroupState::default();
            }
            run_len = parents + whole;
            core::mem::swap(run_buffer, parent_buffer);
        }
        Ok(())
    }

    /// Takes the states of the groups of `depth` levels. The caller puts them back after hashing.
    fn take_states(&mut self, depth: usize) -> Vec<GroupState> {
        let mut states = core::mem::take(&mut self.states);
        // A group of two has nothing to resume: both children are in one block.
        if N > 2 && states.len() < depth {
            states.resize(depth, GroupState::default());
        }
        states
    }

    /// Hashes the edge nodes of a tree of `size >= 1` leaves up to the root. Each goes to its
    /// level's group, after the complete nodes.
    fn hash_edges<H: Hasher>(&mut self, hasher: &H, size: u64) -> Hash {
        let depth = geometry::depth::<N>(size);
        let mut complete = size;
        let mut edge: Option<Hash> = None;
        for (level, group) in self.groups[..depth].iter_mut().enumerate() {
            let digit = (complete % N as u64) as usize;
            complete /= N as u64;
            let mut count = digit;
            if let Some(edge) = edge {
                group[count] = edge;
                count += 1;
            }
            edge = match (count, self.states.get_mut(level)) {
                (0, _) => None,
                (1, _) => Some(group[0]),
                (_, Some(state)) => Some(hasher.hash_resuming(state, digit, &group[..count])),
                (_, None) => Some(hasher.hash_children(&group[..count])),
            };
        }
        if let Some(edge) = edge {
            self.groups[depth][0] = edge;
        }
        self.groups[depth][0]
    }
}
