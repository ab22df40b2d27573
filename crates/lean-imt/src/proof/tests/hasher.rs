//! Every 32 bytes from outside pass the hasher's check before anything is hashed.

use rotortree_hasher::{Blake3Hasher, Hash, Hasher};

use crate::{HashRole, LeanIMT, NaryProof, TreeError, TreeHead};

/// Works on hashes that end in zero, as a field hasher works on small numbers, and panics on any other.
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

type Tree = LeanIMT<Field, 3, 8>;

fn tree(size: u8) -> Tree {
    let mut tree = Tree::new(Field);
    for i in 0..size {
        let mut leaf = [i; 32];
        leaf[31] = 0;
        tree.insert(leaf).unwrap();
    }
    tree
}

fn refused(result: Result<bool, TreeError>) -> (HashRole, u64) {
    match result {
        Err(TreeError::RefusedHash { role, index }) => (role, index),
        other => panic!("{other:?} in place of a refusal"),
    }
}

const BAD_HEAD: TreeHead = TreeHead {
    size: 23,
    root: REFUSED,
};

#[test]
fn inclusion_proofs_name_what_is_refused() {
    let tree = tree(23);
    let head = tree.head().unwrap();
    let proof = tree.snapshot().generate_proof(11).unwrap();
    assert!(proof.verify_against(&Field, head).unwrap());
    let check = |change: &dyn Fn(&mut NaryProof<3, 8>)| {
        let mut changed = proof.clone();
        change(&mut changed);
        let batch = NaryProof::verify_batch(&Field, head, core::slice::from_ref(&changed));
        assert!(matches!(
            batch[0].error,
            Some(TreeError::RefusedHash { .. })
        ));
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
        refused(proof.verify_root_only(&Field, &REFUSED)),
        (HashRole::Root, 0)
    );
}

#[test]
fn consistency_and_catch_up_proofs_name_what_is_refused() {
    let tree = tree(23);
    let head = tree.head().unwrap();
    let snapshot = tree.snapshot();
    let old = snapshot.snapshot_at(10).unwrap().head().unwrap();

    let mut growth = snapshot.generate_consistency_proof(10, old.root).unwrap();
    assert!(growth.verify_transition(&Field, old, head).unwrap());
    let bad_old = TreeHead {
        root: REFUSED,
        ..old
    };
    assert_eq!(
        refused(growth.verify_transition(&Field, bad_old, head)),
        (HashRole::Root, 0)
    );
    assert_eq!(
        refused(growth.verify_transition(&Field, old, BAD_HEAD)),
        (HashRole::Root, 1)
    );
    growth.hashes[2] = REFUSED;
    assert_eq!(
        refused(growth.verify_transition(&Field, old, head)),
        (HashRole::Node, 2)
    );

    let mut news = snapshot.generate_catch_up_proof(10, old.root).unwrap();
    assert!(news.verify_transition(&Field, old, head).unwrap());
    news.leaves[4] = REFUSED;
    assert_eq!(
        refused(news.verify_transition(&Field, old, head)),
        (HashRole::Leaf, 4)
    );
    news.leaves[4][31] = 0;
    news.frontier[1] = REFUSED;
    assert_eq!(
        refused(news.verify_transition(&Field, old, head)),
        (HashRole::FrontierNode, 1)
    );
}

#[test]
fn proofs_of_many_leaves_name_what_is_refused() {
    let tree = tree(23);
    let head = tree.head().unwrap();
    let snapshot = tree.snapshot();
    let mut multi = snapshot.generate_multiproof(&[3, 20]).unwrap();
    assert!(multi.verify_against(&Field, head).unwrap());
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
    assert!(range.verify_against(&Field, head).unwrap());
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
    let from_nothing = growth.verify_transition(&NoZero, TreeHead::EMPTY, head);
    assert!(from_nothing.unwrap());
    let news = tree.snapshot().generate_catch_up_proof(0, [0; 32]).unwrap();
    let from_nothing = news.verify_transition(&NoZero, TreeHead::EMPTY, head);
    assert!(from_nothing.unwrap());
}
