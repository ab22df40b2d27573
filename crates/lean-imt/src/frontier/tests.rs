//! Frontiers against the reference tree, and trees that start from one.

use core::error::Error;
use rotortree_hasher::{Blake3Hasher, Hash, Hasher};

use super::{Frontier, fold};
use crate::{DecodeError, HashRole, LeanIMT, TreeError, TreeHead, geometry, reference};

fn for_each_n(test: [fn(); 6]) {
    test.into_iter().for_each(|test| test());
}

#[test]
fn a_frontier_knows_every_root_and_survives_export() {
    fn test<const N: usize>() {
        let leaves = reference::sample_leaves(3, 150);
        let mut frontier = Frontier::<N, 12>::new();
        assert_eq!(frontier.head(), None);
        let empty = Frontier::import(&frontier.export(), &Blake3Hasher, TreeHead::EMPTY);
        assert_eq!(empty.unwrap(), frontier);
        for size in 1..=leaves.len() {
            let root = frontier.append(&Blake3Hasher, leaves[size - 1]).unwrap();
            assert_eq!(
                Some(root),
                reference::root(&Blake3Hasher, N, &leaves[..size])
            );
            let hashes: Vec<Hash> = frontier.hashes().copied().collect();
            assert_eq!(hashes.len() as u64, geometry::digit_sum::<N>(size as u64));
            assert_eq!(fold::<_, N>(&Blake3Hasher, size as u64, &hashes), root);
            let head = frontier.head().unwrap();
            let back = Frontier::<N, 12>::import(&frontier.export(), &Blake3Hasher, head).unwrap();
            assert_eq!(back, frontier);
            frontier = back;
        }
        let mut batched = Frontier::<N, 12>::new();
        for batch in leaves.chunks(37) {
            batched.append_many(&Blake3Hasher, batch).unwrap();
        }
        assert_eq!(batched, frontier);
    }
    for_each_n([
        test::<2>, test::<3>, test::<4>, test::<5>, test::<8>, test::<16>,
    ]);
}

#[test]
fn a_tree_from_a_frontier_proves_its_own_leaves_and_refuses_the_rest() {
    fn test<const N: usize>() {
        let leaves = reference::sample_leaves(3, 130);
        let mut whole = LeanIMT::<_, N, 12>::new(Blake3Hasher);
        whole.insert_many(&leaves).unwrap();
        let whole = whole.snapshot();
        for start in 0..=70 {
            let frontier = whole.frontier_at(start).unwrap();
            let mut tree = LeanIMT::from_frontier(Blake3Hasher, &frontier).unwrap();
            assert_eq!(tree.head(), frontier.head());
            tree.insert_many(&leaves[start as usize..75]).unwrap();
            tree.insert_many(&leaves[75..]).unwrap();
            let tree = tree.snapshot();
            assert_eq!(tree.head(), whole.head());
            for index in start..130 {
                assert_eq!(
                    tree.generate_proof(index).unwrap(),
                    whole.generate_proof(index).unwrap()
                );
            }
            for old in [start, start + 1, 75, 100].map(|size| whole.snapshot_at(size).unwrap()) {
                let old = old.head().unwrap_or(TreeHead::EMPTY);
                let growth = tree.generate_consistency_proof(old.size, old.root).unwrap();
                assert_eq!(
                    growth,
                    whole
                        .generate_consistency_proof(old.size, old.root)
                        .unwrap()
                );
            }
            // The tree has a leaf below the frontier only if the leaf is a node of the frontier.
            for index in 0..start.saturating_sub(start % N as u64) {
                let Err(TreeError::NodeUnavailable {
                    level: 0, source, ..
                }) = tree.generate_proof(index)
                else {
                    panic!("a tree proved leaf {index}, which it never had");
                };
                assert!(
                    source
                        .to_string()
                        .contains(&format!("first {start} leaves"))
                );
            }
        }
    }
    for_each_n([
        test::<2>, test::<3>, test::<4>, test::<5>, test::<8>, test::<16>,
    ]);
}

#[test]
fn a_frontier_that_is_not_the_heads_is_refused() {
    let mut frontier = Frontier::<3, 12>::new();
    frontier
        .append_many(&Blake3Hasher, &reference::sample_leaves(3, 17))
        .unwrap();
    let head = frontier.head().unwrap();
    let bytes = frontier.export();
    let import = |bytes: &[u8], head| Frontier::<3, 12>::import(bytes, &Blake3Hasher, head);

    let other = TreeHead { size: 18, ..head };
    assert!(matches!(
        import(&bytes, other),
        Err(DecodeError::Tree(TreeError::SizeMismatch {
            expected: 18,
            actual: 17
        }))
    ));
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut bent = bytes.clone();
            bent[at] ^= 1 << bit;
            assert!(import(&bent, head).is_err(), "byte {at} bit {bit}");
        }
    }
    for len in 0..bytes.len() {
        assert!(import(&bytes[..len], head).is_err());
    }
    let mut last = bytes.clone();
    *last.last_mut().unwrap() ^= 1;
    let error = import(&last, head).unwrap_err();
    assert!(matches!(
        error,
        DecodeError::Tree(TreeError::RootMismatch { size: 17 })
    ));
    assert!(error.source().is_none(), "the text holds the cause");
    assert!(Frontier::<3, 12>::import_untrusted(&last, &Blake3Hasher).is_ok());
    assert!(matches!(
        Frontier::<3, 2>::import(&bytes, &Blake3Hasher, head),
        Err(DecodeError::Tree(TreeError::MaxDepthExceeded {
            max_depth: 2
        }))
    ));
    assert!(matches!(
        Frontier::<2, 12>::import(&bytes, &Blake3Hasher, head),
        Err(DecodeError::WrongArity {
            expected: 2,
            found: 3
        })
    ));
}

#[test]
fn every_outside_hash_is_checked() {
    #[derive(Clone)]
    struct Picky;
    impl Hasher for Picky {
        fn hash_children(&self, children: &[Hash]) -> Hash {
            let mut hash = Blake3Hasher.hash_children(children);
            hash[31] = 0;
            hash
        }
        fn check(&self, hash: &Hash) -> bool {
            hash[31] == 0
        }
    }
    let mut frontier = Frontier::<2, 8>::new();
    assert!(matches!(
        frontier.append_many(&Picky, &[[0; 32], [1; 32]]),
        Err(TreeError::RefusedHash {
            role: HashRole::Leaf,
            index: 1
        })
    ));
    frontier.append_many(&Picky, &[[0; 32]; 7]).unwrap();
    let mut hashes: Vec<Hash> = frontier.hashes().copied().collect();
    hashes[2][31] = 1;
    assert!(matches!(
        Frontier::<2, 8>::from_hashes(&Picky, 7, &hashes),
        Err(TreeError::RefusedHash {
            role: HashRole::FrontierNode,
            index: 2
        })
    ));
}

/// At size 1, as at every power of N, the root is the same for every hasher, so only
/// `check` can refuse.
#[test]
fn a_frontier_of_values_that_the_trees_hasher_refuses_starts_no_tree() {
    #[derive(Clone)]
    struct Picky;
    impl Hasher for Picky {
        fn hash_children(&self, children: &[Hash]) -> Hash {
            let passed = children.iter().all(|child| self.check(child));
            assert!(passed, "an unchecked hash");
            [0; 32]
        }
        fn check(&self, hash: &Hash) -> bool {
            hash[31] == 0
        }
    }
    let mut frontier = Frontier::<2, 8>::new();
    frontier.append(&Blake3Hasher, [1; 32]).unwrap();
    assert!(matches!(
        LeanIMT::from_frontier(Picky, &frontier),
        Err(TreeError::RefusedHash {
            role: HashRole::FrontierNode,
            index: 0
        })
    ));
    frontier.append(&Blake3Hasher, [0; 32]).unwrap();
    frontier.append(&Blake3Hasher, [0; 32]).unwrap();
    assert!(matches!(
        LeanIMT::from_frontier(rotortree_hasher::Sha256Hasher::new(), &frontier),
        Err(TreeError::RootMismatch { size: 3 })
    ));
}

#[test]
fn a_frontier_of_the_largest_size_cannot_grow() {
    let hashes = reference::sample_leaves(1, 64);
    let mut frontier = Frontier::<2, 64>::from_hashes(&Blake3Hasher, u64::MAX, &hashes).unwrap();
    assert_eq!(
        frontier.root(),
        Some(fold::<_, 2>(&Blake3Hasher, u64::MAX, &hashes))
    );
    assert!(matches!(
        frontier.append(&Blake3Hasher, [1; 32]),
        Err(TreeError::MaxDepthExceeded { max_depth: 64 })
    ));
    let mut nearly =
        Frontier::<2, 64>::from_hashes(&Blake3Hasher, u64::MAX - 1, &hashes[1..]).unwrap();
    nearly.append(&Blake3Hasher, [1; 32]).unwrap();
    assert_eq!(nearly.size(), u64::MAX);
    assert_eq!(nearly.hashes().count(), 64);
}
