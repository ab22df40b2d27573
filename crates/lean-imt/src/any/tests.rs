//! Objects with an N chosen at run time behave as the types do.

use alloc::{sync::Arc, vec::Vec};
use core::ops::Bound;

use proptest::prelude::*;
use rotortree_hasher::{Blake3Hasher, Hash, Hasher};

use super::{
    ARITIES, WithArity,
    objects::{AnyLeanIMT, AnySnapshot},
    proof::AnyProof,
    with_arity,
};
use crate::{
    DecodeError, Frontier, Kind, LeanIMT, TreeError, TreeHead, TreeSnapshot, UnrootedCatchUp,
    UnrootedConsistency, UnrootedInclusion, UnrootedMulti, UnrootedRange, VerifyError, reference,
};

const DEPTH: usize = 12;

fn tree<H: Hasher, const N: usize>(hasher: H, size: usize) -> TreeSnapshot<N, DEPTH> {
    let mut tree = LeanIMT::<_, N, DEPTH>::new(hasher);
    if size > 0 {
        tree.insert_many(&reference::sample_leaves(7, size))
            .unwrap();
    }
    tree.set_metadata(Some(Arc::from(&b"block 17"[..])));
    tree.snapshot()
}

fn snapshot<const N: usize>(size: usize) -> TreeSnapshot<N, DEPTH> {
    tree(Blake3Hasher, size)
}

fn head_at<const N: usize>(snapshot: &TreeSnapshot<N, DEPTH>, size: u64) -> TreeHead {
    let old = snapshot.snapshot_at(size).unwrap();
    old.head().unwrap_or(TreeHead::EMPTY)
}

/// Runs work for every N that can be chosen.
fn for_each_arity<W: WithArity<Output = ()> + Clone>(work: W) {
    for arity in ARITIES {
        with_arity(arity, work.clone()).unwrap();
    }
}

/// A proof of every kind about a tree that had `old`.
fn proofs(snapshot: &dyn AnySnapshot, old: TreeHead) -> Vec<(Kind, Vec<u8>)> {
    let size = snapshot.size();
    let mut indices = vec![0, size / 2, size - 1];
    indices.dedup();
    vec![
        (Kind::Inclusion, snapshot.generate_proof(size / 2).unwrap()),
        (
            Kind::Consistency,
            snapshot
                .generate_consistency_proof(old.size, old.root)
                .unwrap(),
        ),
        (Kind::Multi, snapshot.generate_multiproof(&indices).unwrap()),
        (
            Kind::Range,
            snapshot.generate_range_proof(size / 2..size).unwrap(),
        ),
        (
            Kind::CatchUp,
            snapshot
                .generate_catch_up_proof(old.size, old.root)
                .unwrap(),
        ),
    ]
}

/// The result of the typed proof for the bytes: whether they decode, and the verdict.
fn typed<const N: usize>(
    bytes: &[u8],
    kind: Kind,
    old: TreeHead,
    new: TreeHead,
) -> Option<Result<(), VerifyError>> {
    let hasher = &Blake3Hasher;
    Some(match kind {
        Kind::Inclusion => UnrootedInclusion::<N>::from_bytes(bytes)
            .ok()?
            .verify_against(hasher, new),
        Kind::Multi => UnrootedMulti::<N>::from_bytes(bytes)
            .ok()?
            .verify_against(hasher, new),
        Kind::Range => UnrootedRange::<N>::from_bytes(bytes)
            .ok()?
            .verify_against(hasher, new),
        Kind::Consistency => UnrootedConsistency::<N>::from_bytes(bytes)
            .ok()?
            .verify_against(hasher, old, new),
        Kind::CatchUp => UnrootedCatchUp::<N>::from_bytes(bytes)
            .ok()?
            .verify_against(hasher, old, new),
        Kind::Head | Kind::Frontier => return None,
    })
}

/// The same result of an [`AnyProof`].
fn untyped(
    bytes: &[u8],
    arity: usize,
    old: TreeHead,
    new: TreeHead,
) -> Option<Result<(), VerifyError>> {
    let proof = AnyProof::from_bytes(bytes, arity).ok()?;
    assert_eq!(proof.arity(), arity);
    Some(match proof.old_size() {
        Some(_) => proof.verify_against(&Blake3Hasher, (old, new)),
        None => proof.verify_against(&Blake3Hasher, new),
    })
}

#[test]
fn the_numbers_are_those_that_are_listed() {
    struct Number;
    impl WithArity for Number {
        type Output = usize;
        fn with<const N: usize>(self) -> usize {
            N
        }
    }
    for arity in 0..=300 {
        match with_arity(arity, Number) {
            Ok(number) => assert_eq!(number, arity),
            Err(TreeError::UnsupportedArity { arity: told }) => assert_eq!(told, arity),
            Err(error) => panic!("{error}"),
        }
        assert_eq!(with_arity(arity, Number).is_ok(), ARITIES.contains(&arity));
    }
    let told = with_arity(5, Number).unwrap_err().to_string();
    let listed = ARITIES
        .iter()
        .all(|arity| told.contains(&arity.to_string()));
    assert!(listed, "{told}");
}

#[test]
fn a_snapshot_does_as_an_object_what_it_does_as_a_type() {
    #[derive(Clone)]
    struct Compare;
    impl WithArity for Compare {
        type Output = ();
        fn with<const N: usize>(self) {
            for size in [0, 1, 2, N - 1, N, N + 1, N * N, N * N + 1, 100] {
                compare(&snapshot::<N>(size));
            }
        }
    }
    for_each_arity(Compare);
    // Snapshots of an N that cannot be chosen are objects too.
    compare(&snapshot::<5>(30));
}

fn compare<const N: usize>(typed: &TreeSnapshot<N, DEPTH>) {
    let any: Arc<dyn AnySnapshot> = Arc::new(typed.clone());
    let size = typed.size();
    assert_eq!(any.arity(), N);
    assert_eq!(
        (any.root(), any.size(), any.depth(), any.head()),
        (typed.root(), size, typed.depth(), typed.head())
    );
    assert_eq!(any.metadata(), Some(&b"block 17"[..]));
    assert_eq!(any.hasher().fingerprint(N), Blake3Hasher.fingerprint(N));
    assert_eq!(format!("{any:?}"), format!("{typed:?}"));
    for level in 0..=typed.depth() + 1 {
        let len = typed.level_len(level);
        assert_eq!(any.level_len(level), len);
        let mut nodes = vec![[0; 32]; len as usize];
        any.read_nodes(level, 0, &mut nodes).unwrap();
        for (index, node) in nodes.iter().enumerate() {
            assert_eq!(any.get_node(level, index as u64).unwrap(), *node);
            assert_eq!(typed.get_node(level, index as u64).unwrap(), *node);
        }
        assert!(any.get_node(level, len).is_err());
    }
    let leaves: Vec<Hash> = any.leaves(..).unwrap().map(Result::unwrap).collect();
    assert_eq!(leaves, reference::sample_leaves(7, size as usize));
    assert!(any.leaves(0..size + 1).is_err());

    for old_size in [0, size / 2, size] {
        let old = head_at(typed, old_size);
        let consistency = typed
            .generate_consistency_proof(old.size, old.root)
            .unwrap();
        assert_eq!(
            any.generate_consistency_proof(old.size, old.root).unwrap(),
            consistency.to_bytes().unwrap()
        );
        let catch_up = typed.generate_catch_up_proof(old.size, old.root).unwrap();
        assert_eq!(
            any.generate_catch_up_proof(old.size, old.root).unwrap(),
            catch_up.to_bytes().unwrap()
        );
        let past = any.snapshot_at(old_size).unwrap();
        assert_eq!(past.head().unwrap_or(TreeHead::EMPTY), old);
        let frontier = any.frontier_at(old_size).unwrap();
        let imported = Frontier::<N, DEPTH>::import(&frontier, &Blake3Hasher, old).unwrap();
        assert_eq!(imported.export(), frontier);
        let other = TreeHead {
            root: [9; 32],
            ..old
        };
        assert!(
            any.generate_consistency_proof(other.size, other.root)
                .is_err()
        );
        assert!(any.generate_catch_up_proof(other.size, other.root).is_err());
    }
    assert!(any.snapshot_at(size + 1).is_err());
    assert!(any.frontier_at(size + 1).is_err());

    for index in 0..size {
        let proof = typed.generate_proof(index).unwrap().to_bytes().unwrap();
        assert_eq!(any.generate_proof(index).unwrap(), proof);
        let indices = &[0, index][usize::from(index == 0)..];
        let multi = typed.generate_multiproof(indices).unwrap();
        assert_eq!(
            any.generate_multiproof(indices).unwrap(),
            multi.to_bytes().unwrap()
        );
        let range = typed.generate_range_proof(index..size).unwrap();
        assert_eq!(
            any.generate_range_proof(index..size).unwrap(),
            range.to_bytes().unwrap()
        );
    }
    assert!(any.generate_proof(size).is_err());
    assert!(any.generate_multiproof(&[]).is_err());
    assert!(any.generate_range_proof(size..size).is_err());
    let ranges: [(Bound<u64>, Bound<u64>); 4] = [
        (Bound::Unbounded, Bound::Unbounded),
        (Bound::Included(size / 2), Bound::Unbounded),
        (Bound::Unbounded, Bound::Included(size / 2)),
        (Bound::Unbounded, Bound::Included(u64::MAX)),
    ];
    for range in ranges {
        let typed = typed.generate_range_proof(range);
        let typed = typed.and_then(|proof| proof.to_bytes());
        let erased = any.generate_range_proof(range);
        assert_eq!(erased.ok(), typed.ok(), "{range:?}");
    }
}

#[test]
fn a_proof_claims_and_proves_what_the_proof_of_its_kind_does() {
    #[derive(Clone)]
    struct Prove;
    impl WithArity for Prove {
        type Output = ();
        fn with<const N: usize>(self) {
            for size in [1, 2, N, N + 1, 40] {
                prove::<N>(size);
            }
        }
    }
    for_each_arity(Prove);
}

fn prove<const N: usize>(size: usize) {
    let tree = snapshot::<N>(size);
    let all = reference::sample_leaves(7, size);
    let (old, new) = (
        head_at(&tree, size as u64 * 2 / 3),
        head_at(&tree, size as u64),
    );
    for (kind, bytes) in proofs(&tree, old) {
        let proof = AnyProof::from_bytes(&bytes, N).unwrap();
        assert_eq!((proof.kind(), proof.arity()), (kind, N));
        assert_eq!(proof.tree_size(), new.size);
        let about_two = matches!(kind, Kind::Consistency | Kind::CatchUp);
        assert_eq!(proof.old_size(), about_two.then_some(old.size));
        assert_eq!(untyped(&bytes, N, old, new), Some(Ok(())), "{kind}");

        let half = size as u64 / 2;
        let mut expected: Vec<u64> = match kind {
            Kind::Inclusion => vec![half],
            Kind::Multi => vec![0, half, new.size - 1],
            Kind::Range => (half..new.size).collect(),
            Kind::CatchUp => (old.size..new.size).collect(),
            _ => vec![],
        };
        expected.dedup();
        let claimed: Vec<(u64, &Hash)> = proof.leaves().collect();
        assert!(claimed.iter().map(|(index, _)| *index).eq(expected));
        assert!(
            claimed
                .iter()
                .all(|(index, leaf)| **leaf == all[*index as usize])
        );

        // Another head, and another number of heads.
        let other = TreeHead {
            size: new.size + 1,
            ..new
        };
        let of_another_size = VerifyError::SizeMismatch {
            expected: other.size,
            actual: new.size,
        };
        let verdict = untyped(&bytes, N, old, other);
        assert_eq!(verdict, Some(Err(of_another_size)), "{kind}");
        let wrong = if about_two {
            proof.verify_against(&Blake3Hasher, new)
        } else {
            proof.verify_against(&Blake3Hasher, (old, new))
        };
        let needed_of = 1 + usize::from(about_two);
        let told = VerifyError::HeadCount {
            kind,
            needed: needed_of,
        };
        assert_eq!(wrong, Err(told));

        // The N that gives the heads their meaning is the caller's, never the proof's.
        for arity in ARITIES.into_iter().filter(|&arity| arity != N) {
            let refused = AnyProof::from_bytes(&bytes, arity);
            assert!(
                matches!(&refused, Err(DecodeError::WrongArity { expected, found })
                    if (*expected, *found) == (arity, N)),
                "{refused:?}"
            );
        }
    }
}

#[test]
fn an_n_that_cannot_be_chosen_is_told() {
    let tree = snapshot::<5>(30);
    let bytes = AnySnapshot::generate_proof(&tree, 3).unwrap();
    for arity in [0, 1, 5, 17, usize::MAX] {
        let refused = AnyProof::from_bytes(&bytes, arity);
        assert!(
            matches!(&refused, Err(DecodeError::Tree(TreeError::UnsupportedArity { arity: told }))
                if *told == arity),
            "{refused:?}"
        );
    }
}

#[test]
fn heads_and_frontiers_are_no_proofs() {
    let tree = snapshot::<4>(30);
    let head = tree.head().unwrap().to_bytes(4);
    let frontier = AnySnapshot::frontier_at(&tree, 30).unwrap();
    for (bytes, kind) in [(head, Kind::Head), (frontier, Kind::Frontier)] {
        let refused = AnyProof::from_bytes(&bytes, 4);
        assert!(
            matches!(&refused, Err(DecodeError::NotAProof { found }) if *found == kind),
            "{refused:?}"
        );
    }
}

/// Blake3 for groups of at most four.
#[derive(Clone)]
struct Narrow;

impl Hasher for Narrow {
    const MAX_ARITY: usize = 4;

    fn hash_children(&self, children: &[Hash]) -> Hash {
        assert!(children.len() <= 4);
        Blake3Hasher.hash_children(children)
    }

    fn check(&self, hash: &Hash) -> bool {
        *hash != [0xff; 32]
    }
}

#[test]
fn a_hasher_of_few_widths_verifies_the_n_that_it_has() {
    let tree = tree::<_, 4>(Narrow, 30);
    let head = tree.head().unwrap();
    let bytes = AnySnapshot::generate_proof(&tree, 3).unwrap();
    let proof = AnyProof::from_bytes(&bytes, 4).unwrap();
    proof.verify_against(&Narrow, head).unwrap();
    let refused = TreeHead {
        root: [0xff; 32],
        ..head
    };
    let verdict = proof.verify_against(&Narrow, refused);
    assert!(matches!(
        verdict,
        Err(VerifyError::Malformed(TreeError::RefusedHash { .. }))
    ));

    let wide = snapshot::<8>(30);
    let bytes = AnySnapshot::generate_proof(&wide, 3).unwrap();
    let proof = AnyProof::from_bytes(&bytes, 8).unwrap();
    let verdict = proof.verify_against(&Narrow, wide.head().unwrap());
    assert!(
        matches!(
            verdict,
            Err(VerifyError::ArityExceedsHasher {
                arity: 8,
                max_arity: 4
            })
        ),
        "{verdict:?}"
    );
}

/// Changes every bit of honest proofs, every length, and every header.
#[test]
fn hostile_bytes_come_to_what_they_come_to_with_types() {
    #[derive(Clone)]
    struct Change;
    impl WithArity for Change {
        type Output = ();
        fn with<const N: usize>(self) {
            let tree = snapshot::<N>(2 * N + 1);
            let (old, new) = (head_at(&tree, N as u64), head_at(&tree, 2 * N as u64 + 1));
            for (kind, honest) in proofs(&tree, old) {
                let agree = |bytes: &[u8], kind: Kind| {
                    let verdict = untyped(bytes, N, old, new);
                    assert_eq!(
                        verdict,
                        typed::<N>(bytes, kind, old, new),
                        "{kind}, N = {N}"
                    );
                    verdict
                };
                for len in 0..honest.len() {
                    assert_eq!(agree(&honest[..len], kind), None);
                }
                assert_eq!(agree(&[&honest[..], &[0]].concat(), kind), None);
                for at in 0..honest.len() {
                    for bit in 0..8 {
                        let mut bytes = honest.clone();
                        bytes[at] ^= 1 << bit;
                        // The first byte is the kind, which is then another one.
                        let kind = crate::peek_kind(&bytes).map_or(kind, |(kind, _)| kind);
                        let verdict = agree(&bytes, kind);
                        assert_ne!(verdict, Some(Ok(())), "{kind}: bit {bit} of byte {at}");
                    }
                }
            }
        }
    }
    for_each_arity(Change);
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_as_with_types_and_never_panic(
        kind in 0u8..9,
        arity in prop_oneof![Just(2u8), Just(3), Just(4), Just(8), Just(16), any::<u8>()],
        numbers in proptest::collection::vec(prop_oneof![0u8..12, any::<u8>()], 0..6),
        hashes in 0usize..12,
        rest in proptest::collection::vec(any::<u8>(), 0..3),
    ) {
        let mut bytes = vec![kind, 1, arity];
        bytes.extend_from_slice(&numbers);
        bytes.extend_from_slice(&vec![7; 32 * hashes]);
        bytes.extend_from_slice(&rest);
        let head = TreeHead { size: 5, root: [1; 32] };
        struct Agree<'a>(&'a [u8], TreeHead);
        impl WithArity for Agree<'_> {
            type Output = ();
            fn with<const N: usize>(self) {
                let kind = crate::peek_kind(self.0).map_or(Kind::Head, |(kind, _)| kind);
                let expected = typed::<N>(self.0, kind, self.1, self.1);
                assert_eq!(untyped(self.0, N, self.1, self.1), expected);
                if let Ok(proof) = AnyProof::from_bytes(self.0, N) {
                    assert!(proof.leaves().count() <= self.0.len() / 32);
                    let indices: Vec<u64> = proof.leaves().map(|(index, _)| index).collect();
                    assert!(indices.is_sorted_by(|a, b| a < b));
                }
            }
        }
        for arity in ARITIES {
            with_arity(arity, Agree(&bytes, head)).unwrap();
        }
    }
}

#[test]
fn a_fork_as_an_object_goes_on_as_the_typed_one_does() {
    fn test<const N: usize>() {
        let typed = snapshot::<N>(30);
        let any: &dyn AnySnapshot = &typed;
        let mut fork = any.snapshot_at(7).unwrap().fork().unwrap();
        let mut expected = typed.snapshot_at(7).unwrap().fork().unwrap();
        let more = reference::sample_leaves(8, 9);
        fork.insert(more[0]).unwrap();
        assert!(fork.append_at(7, &more[1..]).is_err(), "it has 8 leaves");
        fork.append_at(8, &more[1..3]).unwrap();
        fork.insert_many(&more[3..]).unwrap();
        fork.set_metadata(Some(Arc::from(&b"fork"[..])));
        expected.insert_many(&more).unwrap();
        assert_eq!(
            (fork.arity(), fork.size(), fork.depth()),
            (N, 16, expected.depth())
        );
        assert_eq!(
            (fork.root(), fork.head()),
            (expected.root(), expected.head())
        );
        let then = fork.snapshot();
        assert_eq!(then.metadata(), Some(&b"fork"[..]));
        let bytes = then.generate_proof(15).unwrap();
        assert_eq!(bytes, expected.snapshot().generate_proof_bytes(15).unwrap());
        assert_eq!(any.size(), 30, "neither sees what the other appends");
    }
    test::<2>();
    test::<3>();
    test::<16>();
}

#[test]
fn a_tree_is_made_for_each_usual_n_that_the_hasher_has() {
    let leaves = reference::sample_leaves(3, 40);
    for n in 0..=20 {
        let made = <dyn AnyLeanIMT>::new(Blake3Hasher, n);
        if !ARITIES.contains(&n) {
            assert!(matches!(made, Err(TreeError::UnsupportedArity { arity }) if arity == n));
            continue;
        }
        let mut tree = made.unwrap();
        let root = tree.insert_many(&leaves).unwrap();
        assert_eq!(tree.arity(), n);
        assert_eq!(Some(root), reference::root(&Blake3Hasher, n, &leaves));
    }
    assert!(<dyn AnyLeanIMT>::new(Narrow, 4).is_ok());
    assert!(matches!(
        <dyn AnyLeanIMT>::new(Narrow, 8),
        Err(TreeError::ArityExceedsHasher {
            arity: 8,
            max_arity: 4
        })
    ));
}
