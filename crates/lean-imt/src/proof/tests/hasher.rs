//! Every 32 bytes from outside pass the hasher's check before anything is hashed.

use rotortree_hasher::{Blake3Hasher, Hash, Hasher};

use super::{for_each_n, is_false};
use crate::{
    DecodeError, Frontier, HashRole, LeanIMT, NaryProof, TreeError, TreeHead, UnrootedCatchUp,
    UnrootedConsistency, UnrootedInclusion, UnrootedMulti, UnrootedRange, VerifyError,
};

/// Accepts hashes that end in zero, as a field hasher accepts small numbers, and panics
/// on any other.
#[derive(Clone)]
struct Field;

const REFUSED: Hash = [1; 32];

impl Hasher for Field {
    fn hash_children(&self, children: &[Hash]) -> Hash {
        assert!(
            children.iter().all(|child| self.check(child)),
            "an unchecked hash"
        );
        let mut hash = Blake3Hasher.hash_children(children);
        hash[31] = 0;
        hash
    }

    fn check(&self, hash: &Hash) -> bool {
        hash[31] == 0
    }
}

fn tree<const N: usize>(size: u8) -> LeanIMT<Field, N, 8> {
    let mut tree = LeanIMT::new(Field);
    for i in 0..size {
        let mut leaf = [i; 32];
        leaf[31] = 0;
        tree.insert(leaf).unwrap();
    }
    tree
}

fn refused(verdict: Result<(), VerifyError>) -> (HashRole, u64) {
    match verdict {
        Err(VerifyError::Malformed(TreeError::RefusedHash { role, index })) => (role, index),
        other => panic!("{other:?} in place of a refusal"),
    }
}

/// The verdict in the form of a verification against a head.
fn rooted(verdict: Result<bool, TreeError>) -> Result<(), VerifyError> {
    verdict.map(|_| ()).map_err(VerifyError::Malformed)
}

const BAD_HEAD: TreeHead = TreeHead {
    size: 23,
    root: REFUSED,
};

#[test]
fn inclusion_proofs_name_what_is_refused() {
    let tree = tree::<3>(23);
    let head = tree.head().unwrap();
    let proof = tree.snapshot().generate_proof(11).unwrap();
    proof.verify_against(&Field, head).unwrap();
    let check = |change: &dyn Fn(&mut NaryProof<3, 8>)| {
        let mut changed = proof.clone();
        change(&mut changed);
        let batch = NaryProof::verify_batch(&Field, head, core::slice::from_ref(&changed));
        refused(batch.map_err(|error| error.failures[0].error.clone()));
        if let Ok(bytes) = changed.to_bytes() {
            let unrooted = crate::UnrootedInclusion::<3>::from_bytes(&bytes).unwrap();
            assert!(changed.root == REFUSED || unrooted.verify_against(&Field, head).is_err());
        }
        refused(changed.verify_against(&Field, head))
    };
    assert_eq!(check(&|p| p.leaf = REFUSED), (HashRole::Leaf, 11));
    assert_eq!(check(&|p| p.root = REFUSED), (HashRole::Root, 0));
    assert_eq!(
        check(&|p| p.levels[1].siblings[1] = REFUSED),
        (HashRole::Node, 3)
    );
    assert_eq!(
        refused(proof.verify_against(&Field, BAD_HEAD)),
        (HashRole::Root, 0)
    );
    assert_eq!(
        refused(rooted(proof.verify_root_only(&Field, &REFUSED))),
        (HashRole::Root, 0)
    );
}

#[test]
fn consistency_and_catch_up_proofs_name_what_is_refused() {
    let tree = tree::<3>(23);
    let head = tree.head().unwrap();
    let snapshot = tree.snapshot();
    let old = snapshot.snapshot_at(10).unwrap().head().unwrap();

    let mut growth = snapshot.generate_consistency_proof(10, old.root).unwrap();
    growth.verify_against(&Field, old, head).unwrap();
    let bad_old = TreeHead {
        root: REFUSED,
        ..old
    };
    assert_eq!(
        refused(growth.verify_against(&Field, bad_old, head)),
        (HashRole::Root, 0)
    );
    assert_eq!(
        refused(growth.verify_against(&Field, old, BAD_HEAD)),
        (HashRole::Root, 1)
    );
    growth.hashes[2] = REFUSED;
    assert_eq!(
        refused(growth.verify_against(&Field, old, head)),
        (HashRole::Node, 2)
    );

    let mut news = snapshot.generate_catch_up_proof(10, old.root).unwrap();
    news.verify_against(&Field, old, head).unwrap();
    news.leaves[4] = REFUSED;
    assert_eq!(
        refused(news.verify_against(&Field, old, head)),
        (HashRole::Leaf, 4)
    );
    news.leaves[4][31] = 0;
    news.frontier[1] = REFUSED;
    assert_eq!(
        refused(news.verify_against(&Field, old, head)),
        (HashRole::FrontierNode, 1)
    );
}

#[test]
fn proofs_of_many_leaves_name_what_is_refused() {
    let tree = tree::<3>(23);
    let head = tree.head().unwrap();
    let snapshot = tree.snapshot();
    let mut multi = snapshot.generate_multiproof(&[3, 20]).unwrap();
    multi.verify_against(&Field, head).unwrap();
    assert_eq!(
        refused(multi.verify_against(&Field, BAD_HEAD)),
        (HashRole::Root, 0)
    );
    multi.hashes[3] = REFUSED;
    assert_eq!(
        refused(multi.verify_against(&Field, head)),
        (HashRole::Node, 3)
    );
    multi.leaves[1] = REFUSED;
    assert_eq!(
        refused(multi.verify_against(&Field, head)),
        (HashRole::Leaf, 1)
    );

    let mut range = snapshot.generate_range_proof(3..20).unwrap();
    range.verify_against(&Field, head).unwrap();
    range.hashes[0] = REFUSED;
    assert_eq!(
        refused(range.verify_against(&Field, head)),
        (HashRole::Node, 0)
    );
    range.leaves[16] = REFUSED;
    assert_eq!(
        refused(range.verify_against(&Field, head)),
        (HashRole::Leaf, 16)
    );
}

/// `verify` refuses every hash in encoded bytes that the hasher refuses.
fn every_hash_is_asked(bytes: &[u8], verify: impl Fn(&[u8]) -> Result<(), VerifyError>) {
    verify(bytes).unwrap();
    for at in (bytes.len() % 32..bytes.len()).step_by(32) {
        let mut changed = bytes.to_vec();
        changed[at..at + 32].copy_from_slice(&REFUSED);
        refused(verify(&changed));
    }
}

#[test]
fn no_hash_of_any_proof_is_worked_on_unasked() {
    fn test<const N: usize>() {
        let tree = tree::<N>(40);
        let snapshot = tree.snapshot();
        for size in [1, 2, 17, 39, 40] {
            let snapshot = snapshot.snapshot_at(size).unwrap();
            let head = snapshot.head().unwrap();
            let bad = TreeHead {
                root: REFUSED,
                ..head
            };
            let proof = snapshot.generate_proof(size / 2).unwrap();
            every_hash_is_asked(&proof.to_bytes().unwrap(), |bytes| {
                let proof = UnrootedInclusion::<N>::from_bytes(bytes).unwrap();
                refused(proof.verify_against(&Field, bad));
                let batch = UnrootedInclusion::verify_batch(&Field, head, &[proof]);
                let verdict = proof.verify_against(&Field, head);
                assert_eq!(
                    batch.map_err(|error| error.failures[0].error.clone()),
                    verdict
                );
                verdict
            });
            let multi = snapshot.generate_multiproof(&[size / 2]).unwrap();
            every_hash_is_asked(&multi.to_bytes().unwrap(), |bytes| {
                let proof = UnrootedMulti::<N>::from_bytes(bytes).unwrap();
                refused(proof.verify_against(&Field, bad));
                proof.verify_against(&Field, head)
            });
            assert_eq!(
                refused(rooted(multi.verify_root_only(&Field, &REFUSED))).0,
                HashRole::Root
            );
            let range = snapshot.generate_range_proof(size / 3..size).unwrap();
            every_hash_is_asked(&range.to_bytes().unwrap(), |bytes| {
                let proof = UnrootedRange::<N>::from_bytes(bytes).unwrap();
                refused(proof.verify_against(&Field, bad));
                proof.verify_against(&Field, head)
            });
            assert_eq!(
                refused(rooted(range.verify_root_only(&Field, &REFUSED))).0,
                HashRole::Root
            );
            let frontier = snapshot.frontier_at(size).unwrap();
            every_hash_is_asked(&frontier.export(), |bytes| {
                match Frontier::<N, 8>::import(bytes, &Field, head) {
                    Ok(_) => Ok(()),
                    Err(DecodeError::Tree(error)) => Err(VerifyError::Malformed(error)),
                    Err(other) => panic!("{other}"),
                }
            });
            for old in 0..size {
                let old = snapshot.snapshot_at(old).unwrap().head();
                let old = old.unwrap_or(TreeHead::EMPTY);
                let growth = snapshot.generate_consistency_proof(old.size, old.root);
                every_hash_is_asked(&growth.unwrap().to_bytes().unwrap(), |bytes| {
                    let proof = UnrootedConsistency::<N>::from_bytes(bytes).unwrap();
                    refused(proof.verify_against(&Field, old, bad));
                    refused(proof.verify_against(&Field, bad, head));
                    proof.verify_against(&Field, old, head)
                });
                let news = snapshot.generate_catch_up_proof(old.size, old.root);
                every_hash_is_asked(&news.unwrap().to_bytes().unwrap(), |bytes| {
                    let proof = UnrootedCatchUp::<N>::from_bytes(bytes).unwrap();
                    refused(proof.verify_against(&Field, old, bad));
                    refused(proof.verify_against(&Field, bad, head));
                    proof.verify_against(&Field, old, head)
                });
            }
        }
    }
    for_each_n!(test);
}

#[test]
fn what_a_hasher_refuses_is_not_brought_up_to_date() {
    let (old_tree, tree) = (tree::<3>(10), tree::<3>(23));
    let (old, new) = (old_tree.head().unwrap(), tree.head().unwrap());
    let mine = old_tree.snapshot().generate_proof(9).unwrap();
    let growth = tree.snapshot().generate_consistency_proof(10, old.root);
    let growth = growth.unwrap();
    growth
        .update_inclusion_proof(&Field, &mine, old, new)
        .unwrap();
    for at in 0..growth.hashes.len() {
        let mut bent = growth.clone();
        bent.hashes[at] = REFUSED;
        let updated = bent.update_inclusion_proof(&Field, &mine, old, new);
        assert_eq!(refused(updated.map(|_| ())), (HashRole::Node, at as u64));
    }
    let mut bent = mine.clone();
    bent.levels[2].siblings[0] = REFUSED;
    let updated = growth.update_inclusion_proof(&Field, &bent, old, new);
    assert_eq!(refused(updated.map(|_| ())), (HashRole::Node, 0));
}

/// The empty tree's root is no hash, so a hasher that refuses it is not asked.
#[test]
fn the_empty_head_is_taken_whatever_the_hasher_takes() {
    #[derive(Clone)]
    struct NoZero;
    impl Hasher for NoZero {
        fn hash_children(&self, children: &[Hash]) -> Hash {
            Blake3Hasher.hash_children(children)
        }
        fn check(&self, hash: &Hash) -> bool {
            *hash != [0; 32]
        }
    }
    let mut tree = LeanIMT::<_, 2, 8>::new(NoZero);
    tree.insert_many(&[[1; 32], [2; 32]]).unwrap();
    let head = tree.head().unwrap();
    let growth = tree
        .snapshot()
        .generate_consistency_proof(0, [0; 32])
        .unwrap();
    let from_nothing = growth.verify_against(&NoZero, TreeHead::EMPTY, head);
    from_nothing.unwrap();
    let news = tree.snapshot().generate_catch_up_proof(0, [0; 32]).unwrap();
    let from_nothing = news.verify_against(&NoZero, TreeHead::EMPTY, head);
    from_nothing.unwrap();

    // The empty tree has no leaf. Both forms give the same error, one by one and in a batch.
    let proof = tree.snapshot().generate_proof(1).unwrap();
    assert!(is_false(proof.verify_against(&NoZero, TreeHead::EMPTY)));
    let bytes = proof.to_bytes().unwrap();
    let unrooted = UnrootedInclusion::<2>::from_bytes(&bytes).unwrap();
    assert!(is_false(unrooted.verify_against(&NoZero, TreeHead::EMPTY)));
    let batch = NaryProof::verify_batch(&NoZero, TreeHead::EMPTY, &[proof]);
    let failures = batch.unwrap_err().failures;
    assert!(failures.len() == 1 && is_false(Err(failures[0].error.clone())));
}
