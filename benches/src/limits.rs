//! The limits of the machine: the same work without a tree.

use std::fs::{File, OpenOptions};
use std::hint::black_box;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use rotortree_hasher::{Blake3Hasher, Hash, Hasher};
use rotortree_lean_imt::{NaryProof, geometry};

use crate::context::MAX_DEPTH;
use crate::measure::Samples;

/// Hashes one group.
pub type HashOne = fn(&[Hash]) -> Hash;

/// The two ways to hash one group: ours, and that of the published BLAKE3 crate. A limit of single
/// hashes is the faster of the two, so that a slow hasher of ours cannot flatter the trees.
pub const HASHES: [HashOne; 2] = [our_hash, blake3_hash];

fn our_hash(children: &[Hash]) -> Hash {
    Blake3Hasher.hash_children(children)
}

/// One group by the published BLAKE3 crate.
#[must_use]
pub fn blake3_hash(children: &[Hash]) -> Hash {
    *blake3::hash(children.as_flattened()).as_bytes()
}

/// The faster of two samples.
#[must_use]
pub fn faster<'a>(one: &'a Samples, other: &'a Samples) -> &'a Samples {
    if one.speedup_over(other).median >= 1.0 {
        one
    } else {
        other
    }
}

/// The hashes of inserting leaves one by one into a tree of `size` leaves. Each waits for the hash
/// below it. Stores only the groups that the next hash reads.
///
/// With `resumes` the hash of a group goes on from that of its children before, as BLAKE3 can: the
/// last two children are hashed, and those before them once, when the next child comes. What it
/// returns is no root then.
pub fn chained_inserts<const N: usize>(
    size: u64,
    leaves: &[Hash],
    hash: HashOne,
    resumes: bool,
) -> Hash {
    let mut groups = [[[0; 32]; N]; MAX_DEPTH + 1];
    let mut root = [0; 32];
    for (before, leaf) in (size..).zip(leaves) {
        let depth = geometry::depth::<N>(before + 1);
        let mut node = *leaf;
        let mut complete = before;
        let mut is_complete = true;
        for group in &mut groups[..depth] {
            let digit = (complete % N as u64) as usize;
            complete /= N as u64;
            group[digit] = node;
            let first = if resumes { digit - digit % 2 } else { 0 };
            if is_complete && first == digit && digit > 0 {
                black_box(hash(&group[digit - 2..digit]));
            }
            if digit > 0 {
                node = hash(&group[first..=digit]);
            }
            is_complete &= digit + 1 == N;
        }
        // The root is the first child of the next group once the tree outgrows it.
        groups[depth][0] = node;
        root = node;
    }
    root
}

/// The number of hashes that [`chained_inserts`] computes.
#[must_use]
pub fn inserts_need<const N: usize>(size: u64, leaves: usize) -> u64 {
    (size..)
        .take(leaves)
        .map(|before| {
            let depth = geometry::depth::<N>(before + 1);
            (0..depth)
                .filter(|&level| geometry::digit::<N>(before, level) > 0)
                .count() as u64
        })
        .sum()
}

/// The hashes of a batch, many at a time, on data that stays in the cache and is not stored:
/// the batch kernel hashes blocks of 4096 leaves up to one node. `leaves` is rounded down to
/// whole blocks.
pub fn batched_hashes<H: Hasher, const N: usize>(hasher: &H, leaves: usize) -> Hash {
    const BLOCK: usize = 4096;
    let block = vec![[7; 32]; BLOCK];
    let mut run = vec![[0; 32]; BLOCK / N];
    let mut parents = run.clone();
    for _ in 0..leaves / BLOCK {
        let mut width = BLOCK / N;
        hasher.hash_groups(N, black_box(&block[..width * N]), &mut run);
        while width >= N {
            width /= N;
            hasher.hash_groups(N, &run[..width * N], &mut parents[..width]);
            std::mem::swap(&mut run, &mut parents);
        }
    }
    run[0]
}

/// The hashes on the path from a leaf to the root, each waiting for the hash below it.
#[must_use]
pub fn path_hashes(group: &mut [Hash], levels: usize, hash: HashOne) -> Hash {
    for _ in 0..levels {
        group[0] = hash(black_box(group));
    }
    group[0]
}

/// The hashes on the paths of `PATHS` leaves to the root, level by level.
#[must_use]
pub fn paths_hashes<const PATHS: usize>(levels: usize) -> Hash {
    let pairs = [[7; 32]; PATHS].map(|node| [node; 2]);
    let mut parents = [[0; 32]; PATHS];
    for _ in 0..levels {
        Blake3Hasher.hash_groups(2, black_box(pairs.as_flattened()), &mut parents);
    }
    parents[0]
}

/// All complete nodes over some leaves, an array for each level.
#[must_use]
pub fn levels<const N: usize>(leaves: &[Hash]) -> Vec<Vec<Hash>> {
    let mut levels = vec![leaves.to_vec()];
    while let Some(below) = levels.last().filter(|below| below.len() >= N) {
        let mut parents = vec![[0; 32]; below.len() / N];
        Blake3Hasher.hash_groups(N, &below[..parents.len() * N], &mut parents);
        levels.push(parents);
    }
    levels
}

/// The siblings on the path of a leaf through pairs, copied out of arrays. A node that is not
/// there has its last neighbour copied instead.
#[must_use]
pub fn siblings<const LEVELS: usize>(levels: &[Vec<Hash>], index: u64) -> [Hash; LEVELS] {
    std::array::from_fn(|level| {
        let nodes = &levels[level];
        nodes[((index >> level) as usize ^ 1).min(nodes.len() - 1)]
    })
}

/// [`siblings`] in a proof of the tree's shape, which has four times as many bytes.
#[must_use]
pub fn proof(levels: &[Vec<Hash>], index: u64) -> NaryProof<2, MAX_DEPTH> {
    let mut proof = NaryProof::default();
    let depth = geometry::depth::<2>(levels[0].len() as u64);
    for (level, nodes) in levels[..depth].iter().enumerate() {
        let index = (index >> level) as usize;
        proof.levels[level].position = index & 1;
        proof.levels[level].sibling_count = 1;
        proof.levels[level].siblings[0] = nodes[(index ^ 1).min(nodes.len() - 1)];
    }
    proof.leaf = levels[0][index as usize];
    proof.leaf_index = index;
    proof.tree_size = levels[0].len() as u64;
    proof.level_count = depth;
    proof
}

/// A file whose appends are synced.
#[derive(Debug)]
pub struct AppendFile(File);

impl AppendFile {
    /// A new file at `path`.
    ///
    /// # Errors
    /// Those of the system.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(path)?;
        Ok(Self(file))
    }

    /// Appends and syncs.
    ///
    /// # Errors
    /// Those of the system.
    pub fn append_durably(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)?;
        self.0.sync_data()
    }
}

/// A file of zeros that is overwritten and synced piece by piece: the least work of a durable
/// insert. Neither its length nor its extents change.
#[derive(Debug)]
pub struct OverwrittenFile {
    file: File,
    next: u64,
}

impl OverwrittenFile {
    const BYTES: u64 = 8 << 20;

    /// A new file at `path`, 8 MiB.
    ///
    /// # Errors
    /// Those of the system.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut file = File::create_new(path)?;
        file.write_all(&vec![0; Self::BYTES as usize])?;
        file.sync_all()?;
        Ok(Self { file, next: 0 })
    }

    /// Overwrites the bytes behind the last ones, or the first ones where the file ends, and syncs.
    ///
    /// # Errors
    /// Those of the system.
    pub fn overwrite_durably(&mut self, bytes: &[u8]) -> io::Result<()> {
        let len = bytes.len() as u64;
        if self.next + len > Self::BYTES {
            self.next = 0;
        }
        self.file.seek(SeekFrom::Start(self.next))?;
        self.file.write_all(bytes)?;
        self.next += len;
        self.file.sync_data()
    }
}

/// Writes `length` bytes to a new file in pieces of a megabyte, and syncs it.
///
/// # Errors
/// Those of the system.
pub fn write_durably(path: &Path, length: u64) -> io::Result<()> {
    let piece = vec![0xa5; 1 << 20];
    let mut file = File::create_new(path)?;
    let mut left = length;
    while left > 0 {
        let count = left.min(piece.len() as u64) as usize;
        file.write_all(&piece[..count])?;
        left -= count as u64;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use rotortree_lean_imt::LeanIMT;

    use super::*;
    use crate::context::leaves;

    #[test]
    fn the_bound_of_single_inserts_is_the_tree_without_storage() {
        fn check<const N: usize>() {
            let leaves = leaves(0, 300);
            let mut tree = LeanIMT::<_, N, MAX_DEPTH>::new(Blake3Hasher);
            let root = tree.insert_many(&leaves).unwrap();
            for hash in HASHES {
                assert_eq!(chained_inserts::<N>(0, &leaves, hash, false), root);
            }
        }
        check::<2>();
        check::<3>();
        check::<16>();
    }

    #[test]
    fn the_bound_of_a_proof_has_the_shape_of_the_trees() {
        let leaves = leaves(0, 256);
        let mut tree = LeanIMT::<_, 2, MAX_DEPTH>::new(Blake3Hasher);
        let root = tree.insert_many(&leaves).unwrap();
        let levels = levels::<2>(&leaves);
        for index in [0, 77, 255] {
            let proof = NaryProof {
                root,
                ..proof(&levels, index)
            };
            assert_eq!(proof, tree.snapshot().generate_proof(index).unwrap());
        }
    }

    #[test]
    fn inserts_need_a_hash_per_level_that_is_not_lifted() {
        // 0, 1 and 2 leaves before: none, one, and one (the second child of the root; its other
        // group is lifted).
        assert_eq!(inserts_need::<2>(0, 3), 2);
        assert_eq!(inserts_need::<2>(3, 1), 2);
    }
}
