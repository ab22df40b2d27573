//! Proofs of larger trees, of past sizes and of forks: sizes at every boundary, and any.

use proptest::prelude::*;
use rotortree_hasher::{Blake3Hasher, Hash};

use super::{DEPTH, for_each_n, leaves, reference_head, snapshot};
use crate::{
    Frontier, LeanIMT, SharedHasher, TreeHead, TreeSnapshot, UnrootedCatchUp, UnrootedConsistency,
    UnrootedInclusion, UnrootedMulti, UnrootedRange,
};

/// Makes and verifies every kind of proof about a tree that had the head `old`, in memory
/// and as bytes.
fn prove_everything<const N: usize>(tree: &TreeSnapshot<N, DEPTH>, old: TreeHead, index: u64) {
    let head = tree.head().unwrap();
    let hasher = &Blake3Hasher;
    let proof = tree.generate_proof(index).unwrap();
    proof.verify_against(hasher, head).unwrap();
    let growth = tree.generate_consistency_proof(old.size, old.root).unwrap();
    growth.verify_against(hasher, old, head).unwrap();
    if index < old.size {
        let before = tree.snapshot_at(old.size).unwrap();
        let old_proof = before.generate_proof(index).unwrap();
        old_proof.verify_against(hasher, old).unwrap();
        let updated = growth.update_inclusion_proof(hasher, &old_proof, old, head);
        assert_eq!(updated.unwrap(), proof);
    }
    let news = tree.generate_catch_up_proof(old.size, old.root).unwrap();
    news.verify_against(hasher, old, head).unwrap();
    let end = (index + 40).min(head.size);
    let range = tree.generate_range_proof(index..end).unwrap();
    range.verify_against(hasher, head).unwrap();
    let mut indices = vec![index / 2, index, end - 1, head.size - 1];
    indices.dedup();
    let multi = tree.generate_multiproof(&indices).unwrap();
    multi.verify_against(hasher, head).unwrap();

    // The same from bytes.
    let bytes = proof.to_bytes().unwrap();
    let decoded = UnrootedInclusion::<N>::from_bytes(&bytes).unwrap();
    decoded.verify_against(hasher, head).unwrap();
    let bytes = growth.to_bytes().unwrap();
    let decoded = UnrootedConsistency::<N>::from_bytes(&bytes).unwrap();
    decoded.verify_against(hasher, old, head).unwrap();
    let bytes = news.to_bytes().unwrap();
    let decoded = UnrootedCatchUp::<N>::from_bytes(&bytes).unwrap();
    decoded.verify_against(hasher, old, head).unwrap();
    let bytes = range.to_bytes().unwrap();
    let decoded = UnrootedRange::<N>::from_bytes(&bytes).unwrap();
    decoded.verify_against(hasher, head).unwrap();
    let bytes = multi.to_bytes().unwrap();
    let decoded = UnrootedMulti::<N>::from_bytes(&bytes).unwrap();
    decoded.verify_against(hasher, head).unwrap();
    let frontier = tree.frontier_at(old.size).unwrap();
    let mut frontier = Frontier::import(&frontier.export(), hasher, old).unwrap();
    if !news.leaves.is_empty() {
        frontier.append_many(hasher, &news.leaves).unwrap();
    }
    assert_eq!(frontier, tree.frontier_at(head.size).unwrap());
}

#[test]
fn everything_is_proved_at_every_boundary() {
    fn test<const N: usize>() {
        let largest = snapshot::<N>(1100);
        let mut sizes: Vec<u64> = Vec::new();
        let mut power = 1;
        while power <= 1024 {
            for size in [power - 1, power, power + 1, 2 * power, power * N as u64 - 1] {
                sizes.push(size.clamp(1, 1100));
            }
            power *= N as u64;
        }
        sizes.sort_unstable();
        sizes.dedup();
        for &new in &sizes {
            let tree = largest.snapshot_at(new).unwrap();
            assert_eq!(tree.head(), Some(reference_head::<N>(new as usize)));
            for &old in sizes.iter().filter(|old| **old <= new) {
                let old = largest.snapshot_at(old).unwrap().head().unwrap();
                for index in [0, old.size - 1, new - 1] {
                    prove_everything(&tree, old, index);
                }
            }
        }
    }
    for_each_n!(test, 2, 3, 4, 8, 16);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn everything_is_proved_at_any_size(
        new in 1u64..4000,
        old in any::<prop::sample::Index>(),
        index in any::<prop::sample::Index>(),
    ) {
        fn test<const N: usize>(new: u64, old: u64, index: u64) {
            let tree = snapshot::<N>(new as usize);
            let old = tree.snapshot_at(old).unwrap().head().unwrap_or(TreeHead::EMPTY);
            prove_everything(&tree, old, index);
        }
        let (old, index) = (old.index(new as usize + 1) as u64, index.index(new as usize) as u64);
        test::<2>(new, old, index);
        test::<3>(new, old, index);
        test::<4>(new, old, index);
        test::<8>(new, old, index);
        test::<16>(new, old, index);
    }

    /// Compares forks of forks at any size, growing beside each other, with trees built in one go.
    #[test]
    fn forks_prove_what_a_tree_of_their_leaves_proves(
        base in 1usize..300,
        steps in prop::collection::vec((any::<prop::sample::Index>(), 1usize..60, any::<bool>()), 1..6),
    ) {
        fn test<const N: usize>(base: usize, steps: &[(usize, usize)]) {
            let mut mine = leaves(base);
            let mut tree: TreeSnapshot<N, DEPTH> = snapshot(base);
            for (step, &(at, more)) in steps.iter().enumerate() {
                let old = tree.snapshot_at((at % (mine.len() + 1)) as u64).unwrap();
                mine.truncate(old.size() as usize);
                let mut fork: LeanIMT<SharedHasher, N, DEPTH> = old.fork().unwrap();
                let new: Vec<Hash> = (0..more).map(|i| [step as u8 ^ i as u8 ^ 0x80; 32]).collect();
                fork.insert_many(&new).unwrap();
                mine.extend(new);
                // The origin of the fork is as it was.
                assert_eq!(tree.snapshot_at(old.size()).unwrap().root(), old.root());
                tree = fork.snapshot();
                let mut whole = LeanIMT::<_, N, DEPTH>::new(Blake3Hasher);
                whole.insert_many(&mine).unwrap();
                assert_eq!(tree.head(), whole.head());
                let old = old.head().unwrap_or(TreeHead::EMPTY);
                for index in [0, old.size.saturating_sub(1), tree.size() - 1] {
                    prove_everything(&tree, old, index);
                    assert_eq!(
                        tree.generate_proof(index).unwrap(),
                        whole.snapshot().generate_proof(index).unwrap()
                    );
                }
            }
        }
        let steps: Vec<(usize, usize)> = steps
            .iter()
            .map(|(at, more, from_end)| (if *from_end { usize::MAX - 1 } else { at.index(400) }, *more))
            .collect();
        test::<2>(base, &steps);
        test::<3>(base, &steps);
        test::<4>(base, &steps);
        test::<8>(base, &steps);
        test::<16>(base, &steps);
    }
}
