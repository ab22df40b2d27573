//! Inclusion proofs brought up to date.

use rotortree_hasher::Blake3Hasher;

use super::{DEPTH, for_each_n, reference_head, snapshot};
use crate::{ConsistencyProof, NaryProof, TreeError, TreeHead, VerifyError};

#[test]
fn an_updated_proof_is_the_one_the_new_tree_generates() {
    fn test<const N: usize>() {
        let most = 68u64;
        let largest = snapshot::<N>(most as usize);
        let trees: Vec<_> = (0..=most)
            .map(|size| largest.snapshot_at(size).unwrap())
            .collect();
        for old_tree in &trees[1..] {
            let old = old_tree.head().unwrap();
            for new_tree in &trees[old.size as usize..] {
                let new = new_tree.head().unwrap();
                let growth = new_tree
                    .generate_consistency_proof(old.size, old.root)
                    .unwrap();
                for index in [0, old.size / 2, old.size.saturating_sub(2), old.size - 1] {
                    let old_proof = old_tree.generate_proof(index).unwrap();
                    let updated = growth
                        .update_inclusion_proof(&Blake3Hasher, &old_proof, old, new)
                        .unwrap();
                    assert_eq!(updated, new_tree.generate_proof(index).unwrap());
                }
            }
        }
    }
    for_each_n!(test);
}

#[test]
fn updating_through_many_steps_equals_generating_fresh() {
    fn test<const N: usize>() {
        let largest = snapshot::<N>(600);
        for index in [0u64, 1, 6, 11] {
            let mut size = index + 1;
            let mut tree = largest.snapshot_at(size).unwrap();
            let mut proof = tree.generate_proof(index).unwrap();
            for step in 1.. {
                let old = tree.head().unwrap();
                size += step % 13;
                if size > 600 {
                    break;
                }
                tree = largest.snapshot_at(size).unwrap();
                let growth = tree.generate_consistency_proof(old.size, old.root).unwrap();
                proof = growth
                    .update_inclusion_proof(&Blake3Hasher, &proof, old, tree.head().unwrap())
                    .unwrap();
                assert_eq!(proof, tree.generate_proof(index).unwrap());
            }
        }
    }
    for_each_n!(test);
}

#[test]
fn proofs_that_do_not_hold_are_not_updated() {
    let (old_tree, new_tree) = (snapshot::<3>(10), snapshot::<3>(31));
    let (old, new) = (old_tree.head().unwrap(), new_tree.head().unwrap());
    let growth = new_tree.generate_consistency_proof(10, old.root).unwrap();
    let proof = old_tree.generate_proof(9).unwrap();

    let mut forged = proof.clone();
    forged.leaf = [5; 32];
    assert!(matches!(
        growth.update_inclusion_proof(&Blake3Hasher, &forged, old, new),
        Err(VerifyError::RootMismatch { head }) if head == old
    ));
    let mut other = new;
    other.root[0] ^= 1;
    assert!(matches!(
        growth.update_inclusion_proof(&Blake3Hasher, &proof, old, other),
        Err(VerifyError::RootMismatch { head }) if head == other
    ));
    let mut bent = growth.clone();
    bent.hashes[0][0] ^= 1;
    assert!(matches!(
        bent.update_inclusion_proof(&Blake3Hasher, &proof, old, new),
        Err(VerifyError::RootMismatch { head }) if head == old
    ));
    assert!(matches!(
        growth.update_inclusion_proof(&Blake3Hasher, &proof, reference_head::<3>(9), new),
        Err(VerifyError::SizeMismatch {
            expected: 9,
            actual: 10
        })
    ));
    let mut malformed = proof.clone();
    malformed.levels[0].siblings[2] = [1; 32];
    assert!(matches!(
        growth.update_inclusion_proof(&Blake3Hasher, &malformed, old, new),
        Err(VerifyError::Malformed(TreeError::UnusedSlotNotZero {
            level: 0
        }))
    ));
}

/// Two proofs and two heads of an update.
struct Update<const N: usize> {
    growth: ConsistencyProof<N, DEPTH>,
    mine: NaryProof<N, DEPTH>,
    old: TreeHead,
    new: TreeHead,
}

impl<const N: usize> Update<N> {
    fn refuse(&self, what: &str, change: impl FnOnce(&mut Self)) {
        let mut changed = Self {
            growth: self.growth.clone(),
            mine: self.mine.clone(),
            ..*self
        };
        change(&mut changed);
        let Self {
            growth,
            mine,
            old,
            new,
        } = changed;
        let updated = growth.update_inclusion_proof(&Blake3Hasher, &mine, old, new);
        assert!(
            updated.is_err(),
            "{what} changed: {mine:?} became {updated:?}"
        );
        if let Ok(unrooted) = growth.unrooted()
            && (growth.old_head(), growth.head()) == (old, new)
        {
            let updated = unrooted.update_inclusion_proof(&Blake3Hasher, &mine, old, new);
            assert!(
                updated.is_err(),
                "{what} changed: {mine:?} became {updated:?}"
            );
        }
    }
}

#[test]
fn nothing_that_was_changed_is_updated() {
    fn test<const N: usize>() {
        let n = N as u64;
        let largest = snapshot::<N>(N * N + 2);
        for new in [1, 2, 3, n, n + 1, n * n, n * n + 1, n * n + 2] {
            let tree = largest.snapshot_at(new).unwrap();
            for old in [1, 2, n - 1, n, n + 1, n * n - 1, n * n, new] {
                if old > new {
                    continue;
                }
                let old_tree = largest.snapshot_at(old).unwrap();
                let (old, new) = (old_tree.head().unwrap(), tree.head().unwrap());
                for index in [0, old.size / 2, old.size - 1] {
                    let honest = Update {
                        growth: tree.generate_consistency_proof(old.size, old.root).unwrap(),
                        mine: old_tree.generate_proof(index).unwrap(),
                        old,
                        new,
                    };
                    change_everything(&honest);
                }
            }
        }
    }
    for_each_n!(test, 2, 3, 4, 8, 16);
}

/// Changes one field at a time, or both of a pair that must agree. It does not change heads
/// together with proofs: a client that trusts the root of one tree with the size of another can be
/// shown inner nodes as leaves, and no proof prevents that.
fn change_everything<const N: usize>(honest: &Update<N>) {
    for at in 0..honest.growth.hashes.len() {
        honest.refuse("a hash", |u| u.growth.hashes[at][at % 32] ^= 1);
        honest.refuse("a hash removed", |u| {
            u.growth.hashes.remove(at);
        });
        honest.refuse("a hash doubled", |u| {
            u.growth.hashes.insert(at, u.growth.hashes[at]);
        });
    }
    honest.refuse("the leaf", |u| u.mine.leaf[31] ^= 1);
    honest.refuse("the old root of the growth", |u| u.growth.old_root[0] ^= 1);
    honest.refuse("the new root of the growth", |u| u.growth.new_root[0] ^= 1);
    honest.refuse("the root of the proof", |u| u.mine.root[0] ^= 1);
    honest.refuse("the old head's root", |u| u.old.root[0] ^= 1);
    honest.refuse("the new head's root", |u| u.new.root[0] ^= 1);
    for size in [0, 1, 2, 3, 7, 8, u64::MAX - 1, u64::MAX] {
        if size != honest.old.size {
            honest.refuse("the old head's size", |u| u.old.size = size);
            honest.refuse("the proof's size", |u| u.mine.tree_size = size);
            honest.refuse("the growth's old size", |u| u.growth.old_size = size);
        }
        if size != honest.new.size {
            honest.refuse("the new head's size", |u| u.new.size = size);
            honest.refuse("the growth's new size", |u| u.growth.new_size = size);
        }
        if size != honest.mine.leaf_index {
            honest.refuse("the leaf's index", |u| u.mine.leaf_index = size);
        }
    }
    for level in 0..honest.mine.level_count {
        honest.refuse("a sibling", |u| u.mine.levels[level].siblings[0][5] ^= 1);
        honest.refuse("a position", |u| u.mine.levels[level].position += 1);
        honest.refuse("a count", |u| {
            u.mine.levels[level].sibling_count = usize::MAX
        });
    }
    honest.refuse("a level more", |u| u.mine.level_count += 1);
    honest.refuse("an unused level", |u| {
        u.mine.levels[DEPTH - 1].siblings[N - 1][0] = 1;
    });
}
