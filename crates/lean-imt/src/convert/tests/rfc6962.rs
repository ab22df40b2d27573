//! Proofs convert to RFC 6962 and back, are verified there, and foreign ones are verified here.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rotortree_hasher::{Hash, Hasher, Rfc6962Hasher, Sha256Hasher, rfc6962_leaf};

use crate::{ConsistencyProof, LeanIMT, NaryProof, TreeError, TreeHead, VerifyError};

type Inclusion = NaryProof<2, 64>;
type Consistency = ConsistencyProof<2, 64>;

/// The sizes whose pairs are all tried.
const SIZES: u64 = 130;

fn node(left: &Hash, right: &Hash) -> Hash {
    Rfc6962Hasher.hash_children(&[*left, *right])
}

/// A log of RFC 6962, in the recursive words of its section 2.1. All leaves are equal, except for
/// the marked ones, which are all different; so a log of 2^40 leaves has few different nodes.
struct Log {
    marked: BTreeSet<u64>,
    /// The hash of that many equal leaves.
    plain: BTreeMap<u64, Hash>,
}

impl Log {
    fn new(marked: impl IntoIterator<Item = u64>) -> Self {
        Self {
            marked: marked.into_iter().collect(),
            plain: BTreeMap::new(),
        }
    }

    fn leaf(&self, index: u64) -> Hash {
        match self.marked.contains(&index) {
            true => rfc6962_leaf(&index.to_be_bytes()),
            false => rfc6962_leaf(b"plain"),
        }
    }

    /// MTH of the leaves from `start` on.
    fn mth(&mut self, start: u64, len: u64) -> Hash {
        let is_plain = self.marked.range(start..start + len).next().is_none();
        if len == 1 {
            return self.leaf(start);
        }
        if let (true, Some(hash)) = (is_plain, self.plain.get(&len)) {
            return *hash;
        }
        let left = split(len);
        let hash = node(&self.mth(start, left), &self.mth(start + left, len - left));
        if is_plain {
            self.plain.insert(len, hash);
        }
        hash
    }

    fn head(&mut self, size: u64) -> TreeHead {
        let root = self.mth(0, size);
        TreeHead { size, root }
    }

    /// PATH of the leaf `index` among those from `start` on.
    fn path(&mut self, index: u64, start: u64, len: u64) -> Vec<Hash> {
        if len == 1 {
            return Vec::new();
        }
        let left = split(len);
        let (mut path, other) = if index < start + left {
            let path = self.path(index, start, left);
            (path, self.mth(start + left, len - left))
        } else {
            let path = self.path(index, start + left, len - left);
            (path, self.mth(start, left))
        };
        path.push(other);
        path
    }

    /// SUBPROOF; `whole` says that the `old` leaves from `start` on are the whole old tree.
    fn subproof(&mut self, old: u64, start: u64, len: u64, whole: bool) -> Vec<Hash> {
        if old == len {
            return match whole {
                true => Vec::new(),
                false => vec![self.mth(start, len)],
            };
        }
        let left = split(len);
        let (mut proof, other) = if old <= left {
            let proof = self.subproof(old, start, left, whole);
            (proof, self.mth(start + left, len - left))
        } else {
            let proof = self.subproof(old - left, start + left, len - left, false);
            (proof, self.mth(start, left))
        };
        proof.push(other);
        proof
    }
}

/// The largest power of two below `len`.
fn split(len: u64) -> u64 {
    1 << (len - 1).ilog2()
}

/// The verification of RFC 9162, section 2.1.3.2.
fn they_verify_inclusion(leaf: Hash, index: u64, head: TreeHead, path: &[Hash]) -> bool {
    let (mut fnode, mut snode, mut hash) = (index, head.size - 1, leaf);
    for sibling in path {
        if snode == 0 {
            return false;
        }
        if fnode & 1 == 1 || fnode == snode {
            hash = node(sibling, &hash);
            while fnode & 1 == 0 && fnode != 0 {
                (fnode, snode) = (fnode >> 1, snode >> 1);
            }
        } else {
            hash = node(&hash, sibling);
        }
        (fnode, snode) = (fnode >> 1, snode >> 1);
    }
    snode == 0 && hash == head.root
}

/// The verification of RFC 9162, section 2.1.4.2.
fn they_verify_consistency(old: TreeHead, new: TreeHead, list: &[Hash]) -> bool {
    let mut path = Vec::new();
    path.extend(old.size.is_power_of_two().then_some(old.root));
    path.extend_from_slice(list);
    let (mut fnode, mut snode) = (old.size - 1, new.size - 1);
    while fnode & 1 == 1 {
        (fnode, snode) = (fnode >> 1, snode >> 1);
    }
    let Some((first, rest)) = path.split_first() else {
        return false;
    };
    let (mut old_hash, mut new_hash) = (*first, *first);
    for hash in rest {
        if snode == 0 {
            return false;
        }
        if fnode & 1 == 1 || fnode == snode {
            (old_hash, new_hash) = (node(hash, &old_hash), node(hash, &new_hash));
            while fnode & 1 == 0 && fnode != 0 {
                (fnode, snode) = (fnode >> 1, snode >> 1);
            }
        } else {
            new_hash = node(&new_hash, hash);
        }
        (fnode, snode) = (fnode >> 1, snode >> 1);
    }
    snode == 0 && old_hash == old.root && new_hash == new.root
}

#[test]
fn every_proof_of_small_logs_is_that_of_rfc_6962() {
    let mut log = Log::new(0..SIZES);
    let mut tree = LeanIMT::<_, 2, 64>::new(Rfc6962Hasher);
    let mut heads = vec![TreeHead::EMPTY];
    for size in 1..=SIZES {
        tree.insert(log.leaf(size - 1)).unwrap();
        let (snapshot, head) = (tree.snapshot(), tree.head().unwrap());
        assert_eq!(head, log.head(size));
        heads.push(head);
        for index in 0..size {
            let (leaf, path) = (log.leaf(index), log.path(index, 0, size));
            let proof = snapshot.generate_proof(index).unwrap();
            assert_eq!(proof.to_rfc6962().unwrap(), path);
            assert!(they_verify_inclusion(leaf, index, head, &path));
            assert_eq!(
                Inclusion::from_rfc6962(leaf, index, head, &path).unwrap(),
                proof
            );
        }
        for old in &heads {
            let list = match old.size {
                0 => Vec::new(),
                old => log.subproof(old, 0, size, true),
            };
            let proof = snapshot
                .generate_consistency_proof(old.size, old.root)
                .unwrap();
            assert_eq!(proof.to_rfc6962().unwrap(), list);
            assert_eq!(Consistency::from_rfc6962(*old, head, &list).unwrap(), proof);
            if 0 < old.size && old.size < size {
                assert!(they_verify_consistency(*old, head, &list));
            }
        }
    }
}

#[test]
fn the_tree_of_nothing_has_the_root_of_rfc_6962() {
    let root = Sha256Hasher.hash_children(&[]);
    assert_eq!(TreeHead::EMPTY.rfc6962_root(), root);
    let head = TreeHead {
        size: 1,
        root: [7; 32],
    };
    assert_eq!(head.rfc6962_root(), head.root);
    assert_eq!(TreeHead::from_rfc6962(1, [7; 32]), Ok(head));
}

#[test]
fn a_list_of_another_length_or_place_is_refused() {
    let mut log = Log::new(0..13);
    let (old, new) = (log.head(8), log.head(13));
    let list = log.subproof(8, 0, 13, true);
    let path = log.path(6, 0, 13);
    for (list, path) in [
        (&list[1..], &path[1..]),
        (&[], &[]),
        (
            &[&list[..], &[[0; 32]]].concat(),
            &[&path[..], &[[0; 32]]].concat(),
        ),
    ] {
        assert!(matches!(
            Consistency::from_rfc6962(old, new, list),
            Err(TreeError::InvalidProofLength { expected: 2, .. })
        ));
        assert!(matches!(
            Inclusion::from_rfc6962(log.leaf(6), 6, new, path),
            Err(TreeError::InvalidProofLength { expected: 4, .. })
        ));
    }
    assert!(matches!(
        Inclusion::from_rfc6962(log.leaf(6), 13, new, &path),
        Err(TreeError::IndexOutOfRange { .. })
    ));
    assert!(matches!(
        Consistency::from_rfc6962(new, old, &list),
        Err(TreeError::SizeDecreased { .. })
    ));
    let mut proof = Consistency::from_rfc6962(old, new, &list).unwrap();
    proof.old_root = [9; 32];
    assert!(matches!(
        proof.to_rfc6962(),
        Err(TreeError::RootMismatch { size: 8 })
    ));
}

#[test]
fn a_proof_with_another_hash_function_is_false() {
    let mut log = Log::new(0..13);
    let (old, new) = (log.head(8), log.head(13));
    let list = log.subproof(8, 0, 13, true);
    let proof = Consistency::from_rfc6962(old, new, &list).unwrap();
    proof.verify_against(&Rfc6962Hasher, old, new).unwrap();
    assert!(matches!(
        proof.verify_against(&Sha256Hasher, old, new),
        Err(VerifyError::RootMismatch { .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Foreign proofs of large logs, whose leaves around the boundaries are all different.
    #[test]
    fn proofs_of_large_logs_are_verified(
        new in 2..1u64 << 40,
        shift in 0..40u32,
        entropy in any::<u64>(),
        flipped in any::<prop::sample::Index>(),
    ) {
        let old = 1 + (((entropy % (new - 1)) >> shift) << shift);
        let index = entropy.rotate_left(17) % new;
        let near = |at: u64| (at.saturating_sub(3)..at.saturating_add(3)).filter(move |at| *at < new);
        let mut log = Log::new(near(old).chain(near(index)).chain(near(new)).chain(0..3));
        let (old, new) = (log.head(old), log.head(new));

        let (leaf, path) = (log.leaf(index), log.path(index, 0, new.size));
        let proof = Inclusion::from_rfc6962(leaf, index, new, &path).unwrap();
        prop_assert_eq!(proof.verify_against(&Rfc6962Hasher, new), Ok(()));
        prop_assert_eq!(proof.to_rfc6962().unwrap(), &path[..]);
        let mut false_path = path;
        flipped.get_mut(&mut false_path)[0] ^= 1;
        let proof = Inclusion::from_rfc6962(leaf, index, new, &false_path).unwrap();
        let false_root = Err(VerifyError::RootMismatch { head: new });
        prop_assert_eq!(proof.verify_against(&Rfc6962Hasher, new), false_root);

        let list = log.subproof(old.size, 0, new.size, true);
        prop_assert!(they_verify_consistency(old, new, &list));
        let proof = Consistency::from_rfc6962(old, new, &list).unwrap();
        prop_assert_eq!(proof.verify_against(&Rfc6962Hasher, old, new), Ok(()));
        prop_assert_eq!(proof.to_rfc6962().unwrap(), &list[..]);
        let mut false_list = list;
        flipped.get_mut(&mut false_list)[0] ^= 1;
        let proof = Consistency::from_rfc6962(old, new, &false_list).unwrap();
        prop_assert!(proof.verify_against(&Rfc6962Hasher, old, new).is_err());
    }
}
