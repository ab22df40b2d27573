//! [`BareAppend`]: the hashes and the stores of appending and nothing else, a bound of batches into
//! a tree in memory that is nearer than the hashes alone.

use std::io;

use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::{geometry, prefetch};

use crate::context::MAX_DEPTH;
use crate::memory::streaming::Room;

/// Leaves that are hashed level by level while they are in the cache, as those of a tree are.
const BLOCK: usize = 4096;
/// Groups that are stored ahead of hashing.
const AHEAD: usize = 16;
/// Nodes between storing and prefetching.
const PREFETCHED: usize = 128;

/// A tree that is only appended to: it hashes the groups of its calls, with one call of the kernel
/// for a level and the frontier in front, stores every node once past the cache, and hashes the
/// edge up to the root at the end of a call. Nothing can fail, and nothing is read again.
#[derive(Debug)]
pub struct BareAppend<const N: usize> {
    size: u64,
    /// The complete children of each level's last group.
    frontier: Vec<[Hash; N]>,
    /// The nodes of a level and their parents, with room for a frontier in front.
    run: Vec<Hash>,
    parents: Vec<Hash>,
    stored: Vec<Room>,
}

impl<const N: usize> BareAppend<N> {
    /// An empty tree with room for so many leaves.
    ///
    /// # Errors
    /// If the system has no memory.
    pub fn new(leaves: usize) -> io::Result<Self> {
        let lens = (0..).map(|level| geometry::complete_len::<N>(leaves as u64, level));
        let rooms = lens.take_while(|&len| len > 0);
        let stored = rooms.map(|len| Room::new(len as usize));
        Ok(Self {
            size: 0,
            frontier: vec![[[0; 32]; N]; MAX_DEPTH + 1],
            run: vec![[0; 32]; N + BLOCK],
            parents: vec![[0; 32]; N + BLOCK],
            stored: stored.collect::<Result<_, _>>()?,
        })
    }

    /// Removes all leaves and keeps the room.
    pub fn clear(&mut self) {
        self.size = 0;
        self.stored.iter_mut().for_each(Room::clear);
    }

    /// One call: the root behind these leaves.
    pub fn append<H: Hasher>(&mut self, hasher: &H, leaves: &[Hash]) -> Hash {
        for block in leaves.chunks(BLOCK) {
            self.append_block(hasher, block);
        }
        self.root(hasher)
    }

    fn append_block<H: Hasher>(&mut self, hasher: &H, leaves: &[Hash]) {
        let mut complete = self.size;
        self.size += leaves.len() as u64;
        let mut len = leaves.len();
        for level in 0..=MAX_DEPTH {
            let digit = (complete % N as u64) as usize;
            complete /= N as u64;
            let frontier = &mut self.frontier[level];
            let run = match level {
                0 => leaves,
                _ => &self.run[N..N + len],
            };
            if run.is_empty() {
                return;
            }
            let stored = &mut self.stored[level];
            if digit + len < N {
                stored.append(run);
                frontier[digit..digit + len].copy_from_slice(run);
                return;
            }
            let (nodes, known, ahead) = if digit == 0 {
                (run, 0, 0)
            } else if level == 0 {
                let (first, behind) = run.split_at(N - digit);
                stored.append(first);
                frontier[digit..].copy_from_slice(first);
                self.parents[N] = hasher.hash_children(&*frontier);
                (behind, 0, 1)
            } else {
                self.run[N - digit..N].copy_from_slice(&frontier[..digit]);
                (&self.run[N - digit..N + len], digit, 0)
            };
            let whole = nodes.len() / N;
            let (groups, tail) = nodes.split_at(whole * N);
            let parents = &mut self.parents[N + ahead..][..whole];
            let mut rest = &groups[known..];
            let mut store = |count: usize| {
                let (next, behind) = rest.split_at(count.min(rest.len()));
                if level == 0 {
                    let soon = behind.get(PREFETCHED..).unwrap_or(&[]);
                    prefetch(&soon[..count.min(soon.len())]);
                }
                stored.append(next);
                rest = behind;
            };
            store(AHEAD * N);
            hasher.hash_groups_beside(N, groups, parents, &mut store);
            store(groups.len());
            stored.append(tail);
            frontier[..tail.len()].copy_from_slice(tail);
            len = ahead + whole;
            std::mem::swap(&mut self.run, &mut self.parents);
        }
    }

    /// The root, from the frontiers up.
    fn root<H: Hasher>(&self, hasher: &H) -> Hash {
        let mut complete = self.size;
        let mut edge: Option<Hash> = None;
        let mut group = [[0; 32]; N];
        for frontier in &self.frontier[..geometry::depth::<N>(self.size)] {
            let digit = (complete % N as u64) as usize;
            complete /= N as u64;
            group[..digit].copy_from_slice(&frontier[..digit]);
            let mut count = digit;
            if let Some(edge) = edge {
                group[count] = edge;
                count += 1;
            }
            edge = match count {
                0 => None,
                1 => Some(group[0]),
                _ => Some(hasher.hash_children(&group[..count])),
            };
        }
        edge.unwrap_or(self.frontier[geometry::depth::<N>(self.size)][0])
    }
}

#[cfg(test)]
mod tests {
    use rotortree_hasher::Blake3Hasher;
    use rotortree_lean_imt::LeanIMT;

    use super::*;
    use crate::context::leaves;

    fn check<const N: usize>() {
        let leaves = leaves(0, 10_000);
        for call in [1, 7, 1_000, 5_000, 10_000] {
            let mut tree = LeanIMT::<_, N, MAX_DEPTH>::new(Blake3Hasher);
            let mut bare = BareAppend::<N>::new(leaves.len()).unwrap();
            for leaves in leaves.chunks(call) {
                let root = tree.insert_many(leaves).unwrap();
                assert_eq!(bare.append(&Blake3Hasher, leaves), root, "N = {N}, {call}");
            }
        }
    }

    #[test]
    fn it_leads_to_the_roots_of_a_tree() {
        check::<2>();
        check::<3>();
        check::<4>();
        check::<16>();
    }
}
