//! Claims about trees as large as `u64` can count, for every N: refused or false, never a panic.
//!
//! The tests are built with overflow checks, so arithmetic that leaves `u64` is found here.

use rotortree_hasher::{Blake3Hasher, Hash};

use super::{for_each_n, is_false};
use crate::{
    CatchUpProof, ConsistencyProof, DecodeError, Frontier, MultiProof, NaryProof, RangeProof,
    TreeError, TreeHead, UnrootedCatchUp, UnrootedConsistency, UnrootedInclusion, UnrootedMulti,
    UnrootedRange, geometry, reference,
};

const DEEPEST: usize = 64;
const HASHER: &Blake3Hasher = &Blake3Hasher;

/// More hashes than any proof here has.
fn pool() -> Vec<Hash> {
    reference::sample_leaves(23, 64 * 16)
}

fn head(size: u64) -> TreeHead {
    TreeHead {
        size,
        root: [0xee; 32],
    }
}

/// Sizes at the end of `u64` and around the largest powers of N and their multiples.
fn sizes<const N: usize>() -> Vec<u64> {
    let mut sizes = vec![1, 2, u64::MAX / 2, u64::MAX - 1, u64::MAX];
    let most = geometry::depth::<N>(u64::MAX);
    for level in [most / 2, most - 2, most - 1] {
        let power = geometry::power::<N>(level).unwrap_or(u64::MAX);
        let largest = u64::MAX / power;
        for digit in [1, 2.min(largest), largest] {
            let size = digit * power;
            sizes.extend([size - 1, size, size.saturating_add(1)]);
        }
    }
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

/// Runs `test` for every size and every index below it that is near an end or at one of the sizes.
fn places<const N: usize>(mut test: impl FnMut(u64, u64)) {
    let sizes = sizes::<N>();
    for &size in &sizes {
        let mut indices = vec![0, 1, size / 2, size - 1, size.saturating_sub(2)];
        indices.extend(&sizes);
        indices.retain(|index| *index < size);
        indices.sort_unstable();
        indices.dedup();
        for index in indices {
            test(size, index);
        }
    }
}

/// The number of hashes that a shape requires, read from the error for no hashes.
fn required<T>(empty: Result<T, TreeError>) -> usize {
    match empty {
        Ok(_) => 0,
        Err(TreeError::InvalidProofLength {
            expected,
            actual: 0,
        }) => usize::try_from(expected).unwrap(),
        Err(other) => panic!("{other}"),
    }
}

fn is_length_error<T>(result: Result<T, TreeError>) -> bool {
    matches!(result, Err(TreeError::InvalidProofLength { .. }))
}

#[test]
fn inclusion_proofs_of_any_place_are_only_false() {
    fn test<const N: usize, const DEEP: usize>() {
        let pool = pool();
        places::<N>(|size, index| {
            let make = |len| UnrootedInclusion::<N>::new(size, index, &pool[0], &pool[1..=len]);
            let count = required(make(0));
            assert!(is_length_error(make(count + 1)));
            let proof = make(count).unwrap();
            assert!(is_false(proof.verify_against(HASHER, head(size))));
            let bytes = proof.to_bytes();
            assert_eq!(UnrootedInclusion::<N>::from_bytes(&bytes).unwrap(), proof);
            let owned: NaryProof<N, DEEP> = proof.to_nary(HASHER).unwrap();
            assert!(owned.verify(HASHER).unwrap());
            assert_eq!(owned.to_bytes().unwrap(), bytes);
            let shallow = proof.to_nary::<_, 2>(HASHER);
            assert_eq!(shallow.is_ok(), geometry::depth::<N>(size) <= 2);
        });
    }
    // As deep as `u64` requires and no deeper, because these tests also run on small stacks.
    test::<2, 64>();
    test::<3, 41>();
    test::<4, 32>();
    test::<5, 28>();
    test::<8, 22>();
    test::<16, 16>();
}

#[test]
fn consistency_proofs_between_any_sizes_are_only_false() {
    fn test<const N: usize>() {
        let pool = pool();
        places::<N>(|new, old| {
            let make = |len| UnrootedConsistency::<N>::new(old, new, &pool[..len]);
            let count = required(make(0));
            assert!(is_length_error(make(count + 1)));
            let proof = make(count).unwrap();
            let verdict = proof.verify_against(HASHER, head(old), head(new));
            assert!(is_false(verdict));
            let bytes = proof.to_bytes();
            assert_eq!(UnrootedConsistency::<N>::from_bytes(&bytes).unwrap(), proof);
            let owned = ConsistencyProof::<N, 2> {
                old_size: old,
                new_size: new,
                old_root: [0xee; 32],
                new_root: [0xee; 32],
                hashes: pool[..count].to_vec(),
            };
            match owned.verify(HASHER) {
                Ok(holds) => assert!(!holds && geometry::depth::<N>(new) <= 2),
                Err(TreeError::MaxDepthExceeded { max_depth: 2 }) => {}
                Err(other) => panic!("{other}"),
            }
            assert!(matches!(
                UnrootedConsistency::<N>::new(new, old, &[]),
                Err(TreeError::SizeDecreased { .. })
            ));
        });
    }
    for_each_n!(test);
}

#[test]
fn multiproofs_of_any_indices_are_only_false() {
    fn test<const N: usize>() {
        let pool = pool();
        places::<N>(|size, index| {
            let behind = index.checked_add(1).filter(|next| *next < size);
            let last = Some(size - 1).filter(|last| Some(*last) > behind.or(Some(index)));
            let indices: Vec<u64> = [Some(index), behind, last].into_iter().flatten().collect();
            for indices in [&indices[..1], &indices] {
                let leaves = &pool[..indices.len()];
                let make = |len| UnrootedMulti::<N>::new(size, indices, leaves, &pool[..len]);
                let count = required(make(0));
                assert!(is_length_error(make(count + 1)));
                let proof = make(count).unwrap();
                assert!(is_false(proof.verify_against(HASHER, head(size))));
                let bytes = proof.to_bytes();
                let decoded = UnrootedMulti::<N>::from_bytes(&bytes).unwrap();
                assert!(decoded.indices().eq(indices.iter().copied()));
                let root = proof.compute_root(HASHER).unwrap();
                assert_eq!(decoded.compute_root(HASHER).unwrap(), root);
                let owned = MultiProof::<N, DEEPEST> {
                    root,
                    tree_size: size,
                    indices: indices.to_vec(),
                    leaves: leaves.to_vec(),
                    hashes: pool[..count].to_vec(),
                };
                assert!(owned.verify(HASHER).unwrap());
                assert!(is_false(owned.verify_against(HASHER, head(size))));
            }
        });
    }
    for_each_n!(test);
}

#[test]
fn range_proofs_of_any_range_are_only_false() {
    fn test<const N: usize>() {
        let pool = pool();
        places::<N>(|size, start| {
            for count in [1, N as u64, 40] {
                let leaves = &pool[..count as usize];
                let make = |len| UnrootedRange::<N>::new(size, start, leaves, &pool[..len]);
                if count > size - start {
                    let outside = make(0);
                    assert!(matches!(outside, Err(TreeError::IndexOutOfRange { .. })));
                    continue;
                }
                let len = required(make(0));
                assert!(is_length_error(make(len + 1)));
                let proof = make(len).unwrap();
                assert!(is_false(proof.verify_against(HASHER, head(size))));
                let bytes = proof.to_bytes();
                assert_eq!(UnrootedRange::<N>::from_bytes(&bytes).unwrap(), proof);
                let owned = RangeProof::<N, DEEPEST> {
                    root: proof.compute_root(HASHER).unwrap(),
                    tree_size: size,
                    start,
                    leaves: leaves.to_vec(),
                    hashes: pool[..len].to_vec(),
                };
                assert!(owned.verify(HASHER).unwrap());
                assert!(is_false(owned.verify_against(HASHER, head(size))));
            }
        });
    }
    for_each_n!(test);
}

#[test]
fn catch_up_proofs_from_any_size_are_only_false() {
    fn test<const N: usize>() {
        let pool = pool();
        places::<N>(|most, old| {
            for count in [1, N as u64, 40] {
                let leaves = &pool[..count as usize];
                let make = |len| UnrootedCatchUp::<N>::new(old, leaves, &pool[..len]);
                let Some(new) = old.checked_add(count) else {
                    let outside = make(0);
                    assert!(matches!(outside, Err(TreeError::IndexOutOfRange { .. })));
                    continue;
                };
                let len = required(make(0));
                assert!(is_length_error(make(len + 1)));
                let proof = make(len).unwrap();
                assert_eq!(proof.range(), old..new);
                let verdict = proof.verify_against(HASHER, head(old), head(new));
                assert!(is_false(verdict));
                let verdict = proof.verify_against(HASHER, head(old), head(most));
                assert!(is_false(verdict));
                let bytes = proof.to_bytes();
                assert_eq!(UnrootedCatchUp::<N>::from_bytes(&bytes).unwrap(), proof);
                let (old_root, new_root) = proof.compute_roots(HASHER).unwrap().unwrap();
                let owned = CatchUpProof::<N, DEEPEST> {
                    old_size: old,
                    old_root,
                    new_root,
                    leaves: leaves.to_vec(),
                    frontier: pool[..len].to_vec(),
                };
                assert!(owned.verify(HASHER).unwrap());
            }
        });
    }
    for_each_n!(test);
}

#[test]
fn frontiers_of_any_size_are_taken_only_against_their_head() {
    fn test<const N: usize>() {
        let pool = pool();
        for size in sizes::<N>() {
            let make = |len| Frontier::<N, DEEPEST>::from_hashes(HASHER, size, &pool[..len]);
            let count = required(make(0));
            assert!(is_length_error(make(count + 1)));
            let mut frontier = make(count).unwrap();
            let bytes = frontier.export();
            let taken = Frontier::import(&bytes, HASHER, frontier.head().unwrap());
            assert_eq!(taken.unwrap(), frontier);
            let refused = Frontier::<N, DEEPEST>::import(&bytes, HASHER, head(size));
            assert!(matches!(
                refused,
                Err(DecodeError::Tree(TreeError::RootMismatch { .. }))
            ));
            // Appending gives the root of a catch-up proof over the same hashes.
            if let Some(new) = size.checked_add(2) {
                let news = UnrootedCatchUp::<N>::new(size, &pool[..2], &pool[..count]).unwrap();
                let (_, root) = news.compute_roots(HASHER).unwrap().unwrap();
                assert_eq!(frontier.append_many(HASHER, &pool[..2]).unwrap(), root);
                assert_eq!(frontier.size(), new);
            }
        }
    }
    for_each_n!(test);
}
