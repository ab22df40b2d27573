//! Every verification against heads returns `Ok(())` or an error, and the error is the same for
//! every form of the proof.

use rotortree_hasher::{Blake3Hasher, Hash};

use super::{DEPTH, for_each_n, reference_head, snapshot};
use crate::{
    AnyProof, BatchError, CatchUpProof, ConsistencyProof, DecodeError, MultiProof, NaryProof,
    RangeProof, TreeError, TreeHead, UnrootedCatchUp, UnrootedConsistency, UnrootedInclusion,
    UnrootedMulti, UnrootedRange, VerifyError,
};

const HASHER: &Blake3Hasher = &Blake3Hasher;

/// Takes a verdict whose `Ok` holds nothing: were it a `bool`, this would not compile.
fn said(verdict: Result<(), VerifyError>) -> Result<(), VerifyError> {
    verdict
}

/// One verdict, and the same from every form of the same proof.
fn same(verdicts: &[Result<(), VerifyError>]) -> Result<(), VerifyError> {
    for verdict in verdicts {
        assert_eq!(verdict, &verdicts[0]);
    }
    verdicts[0].clone()
}

fn batch(verdict: Result<(), BatchError>) -> Result<(), VerifyError> {
    verdict.map_err(|error| error.failures[0].error.clone())
}

/// The verdicts of all forms of one proof of each kind on these heads.
fn verdicts<const N: usize>(old: TreeHead, new: TreeHead) -> Vec<Result<(), VerifyError>> {
    let tree = snapshot::<N>(20);
    let honest = reference_head::<N>(7);
    let inclusion = tree.generate_proof(9).unwrap();
    let bytes = inclusion.to_bytes().unwrap();
    let unrooted = UnrootedInclusion::<N>::from_bytes(&bytes).unwrap();
    let any = AnyProof::from_bytes(&bytes, N);
    let mut verdicts = vec![same(&[
        said(inclusion.verify_against(HASHER, new)),
        said(unrooted.verify_against(HASHER, new)),
        batch(NaryProof::verify_batch(HASHER, new, &[inclusion])),
        batch(UnrootedInclusion::verify_batch(HASHER, new, &[unrooted])),
        said(any.map_or(Ok(()), |any| any.verify_against(HASHER, new))),
        NaryProof::<N, DEPTH>::from_bytes(&bytes, HASHER, new).map(|_| ()),
    ])];
    let multi = tree.generate_multiproof(&[3, 9]).unwrap();
    let bytes = multi.to_bytes().unwrap();
    let unrooted = UnrootedMulti::<N>::from_bytes(&bytes).unwrap();
    verdicts.push(same(&[
        said(multi.verify_against(HASHER, new)),
        said(unrooted.verify_against(HASHER, new)),
        said(
            AnyProof::from_bytes(&bytes, N)
                .unwrap()
                .verify_against(HASHER, new),
        ),
        MultiProof::<N, DEPTH>::from_bytes(&bytes, HASHER, new).map(|_| ()),
    ]));
    let range = tree.generate_range_proof(3..9).unwrap();
    let bytes = range.to_bytes().unwrap();
    let unrooted = UnrootedRange::<N>::from_bytes(&bytes).unwrap();
    verdicts.push(same(&[
        said(range.verify_against(HASHER, new)),
        said(unrooted.verify_against(HASHER, new)),
        said(
            AnyProof::from_bytes(&bytes, N)
                .unwrap()
                .verify_against(HASHER, new),
        ),
        RangeProof::<N, DEPTH>::from_bytes(&bytes, HASHER, new).map(|_| ()),
    ]));
    let growth = tree
        .generate_consistency_proof(honest.size, honest.root)
        .unwrap();
    let bytes = growth.to_bytes().unwrap();
    let unrooted = UnrootedConsistency::<N>::from_bytes(&bytes).unwrap();
    let any = AnyProof::from_bytes(&bytes, N).unwrap();
    verdicts.push(same(&[
        said(growth.verify_against(HASHER, old, new)),
        said(unrooted.verify_against(HASHER, old, new)),
        said(any.verify_against(HASHER, (old, new))),
        ConsistencyProof::<N, DEPTH>::from_bytes(&bytes, HASHER, old, new).map(|_| ()),
    ]));
    let news = tree
        .generate_catch_up_proof(honest.size, honest.root)
        .unwrap();
    let bytes = news.to_bytes().unwrap();
    let unrooted = UnrootedCatchUp::<N>::from_bytes(&bytes).unwrap();
    let any = AnyProof::from_bytes(&bytes, N).unwrap();
    verdicts.push(same(&[
        said(news.verify_against(HASHER, old, new)),
        said(unrooted.verify_against(HASHER, old, new)),
        said(any.verify_against(HASHER, (old, new))),
        CatchUpProof::<N, DEPTH>::from_bytes(&bytes, HASHER, old, new).map(|_| ()),
    ]));
    verdicts
}

#[test]
fn every_form_of_a_proof_gives_one_verdict_with_its_reason() {
    fn test<const N: usize>() {
        let (old, new) = (reference_head::<N>(7), reference_head::<N>(20));
        assert_eq!(verdicts::<N>(old, new), [const { Ok(()) }; 5]);

        let bent = TreeHead {
            root: [7; 32],
            ..new
        };
        let found_false = Err(VerifyError::RootMismatch { head: bent });
        assert_eq!(verdicts::<N>(old, bent), vec![found_false; 5]);

        let other = reference_head::<N>(21);
        let of_another = Err(VerifyError::SizeMismatch {
            expected: 21,
            actual: 20,
        });
        assert_eq!(verdicts::<N>(old, other), vec![of_another; 5]);

        let bent = TreeHead {
            root: [7; 32],
            ..old
        };
        let of_growth = verdicts::<N>(bent, new).split_off(3);
        let found_false = Err(VerifyError::RootMismatch { head: bent });
        assert_eq!(of_growth, [found_false.clone(), found_false]);
    }
    for_each_n!(test, 2, 3, 4, 8, 16);
}

#[test]
fn bytes_of_another_n_are_a_proof_of_another_tree_and_any_others_none() {
    let tree = snapshot::<4>(20);
    let head = tree.head().unwrap();
    let bytes = tree.generate_proof(9).unwrap().to_bytes().unwrap();
    let other = NaryProof::<2, DEPTH>::from_bytes(&bytes, HASHER, head);
    let expected = VerifyError::ArityMismatch {
        expected: 2,
        actual: 4,
    };
    assert_eq!(other.unwrap_err(), expected);
    let cut = NaryProof::<4, DEPTH>::from_bytes(&bytes[..40], HASHER, head);
    assert!(matches!(
        cut,
        Err(VerifyError::Encoding(DecodeError::Truncated { .. }))
    ));
    let shallow = NaryProof::<4, 1>::from_bytes(&bytes, HASHER, head);
    let too_deep = TreeError::MaxDepthExceeded { max_depth: 1 };
    assert_eq!(shallow.unwrap_err(), VerifyError::Malformed(too_deep));
}

/// An owned proof that is decoded equals the encoded one, with the head's root.
#[test]
fn owned_proofs_come_back_from_their_bytes() {
    fn test<const N: usize>() {
        for size in [1, 2, 7, 20, 40] {
            let tree = snapshot::<N>(size);
            let new = tree.head().unwrap();
            let last = new.size - 1;
            let proof = tree.generate_proof(last).unwrap();
            let back = NaryProof::from_bytes(&proof.to_bytes().unwrap(), HASHER, new);
            assert_eq!(back.as_ref(), Ok(&proof));
            assert_eq!(proof.head(), new);
            let proof = tree.generate_multiproof(&[last]).unwrap();
            let back = MultiProof::from_bytes(&proof.to_bytes().unwrap(), HASHER, new);
            assert_eq!(back.as_ref(), Ok(&proof));
            assert_eq!(proof.head(), new);
            let proof = tree.generate_range_proof(..).unwrap();
            let back = RangeProof::from_bytes(&proof.to_bytes().unwrap(), HASHER, new);
            assert_eq!(back.as_ref(), Ok(&proof));
            assert_eq!(proof.head(), new);
            for old in [0, last, new.size] {
                let old = reference_head::<N>(old as usize);
                let proof = tree.generate_consistency_proof(old.size, old.root).unwrap();
                let bytes = proof.to_bytes().unwrap();
                let back = ConsistencyProof::from_bytes(&bytes, HASHER, old, new);
                assert_eq!(back.as_ref(), Ok(&proof));
                assert_eq!((proof.old_head(), proof.head()), (old, new));
                let proof = tree.generate_catch_up_proof(old.size, old.root).unwrap();
                let bytes = proof.to_bytes().unwrap();
                let back = CatchUpProof::from_bytes(&bytes, HASHER, old, new);
                assert_eq!(back.as_ref(), Ok(&proof));
                assert_eq!((proof.old_head(), proof.head()), (old, new));
            }
        }
    }
    for_each_n!(test);
}

#[test]
fn a_failed_batch_says_how_many_and_names_the_first() {
    let tree = snapshot::<2>(5);
    let head = tree.head().unwrap();
    let mut proofs = [0, 1, 2].map(|index| tree.generate_proof(index).unwrap());
    proofs[1].leaf = [9; 32];
    proofs[2].leaf = [9; 32];
    let error = NaryProof::verify_batch(HASHER, head, &proofs).unwrap_err();
    let told = format!(
        "2 proofs of the batch do not hold, the first at index 1: {}",
        error.failures[0].error
    );
    assert_eq!(error.to_string(), told);
}

/// Proofs print their hashes in hex.
#[test]
fn proofs_print_hashes_as_hex() {
    let tree = snapshot::<2>(3);
    let head = tree.head().unwrap();
    let leaf: Hash = tree.get_leaf(1).unwrap();
    let (root, leaf) = (
        crate::Hex(head.root).to_string(),
        crate::Hex(leaf).to_string(),
    );
    let old = tree.snapshot_at(1).unwrap().root().unwrap();
    let bytes = tree.generate_multiproof(&[1]).unwrap().to_bytes().unwrap();
    for (debug, has_root) in [
        (format!("{:?}", tree.generate_proof(1).unwrap()), true),
        (
            format!("{:?}", tree.generate_multiproof(&[1]).unwrap()),
            true,
        ),
        (
            format!("{:?}", tree.generate_range_proof(1..2).unwrap()),
            true,
        ),
        (
            format!("{:?}", tree.generate_catch_up_proof(1, old).unwrap()),
            true,
        ),
        (
            format!("{:?}", UnrootedMulti::<2>::from_bytes(&bytes).unwrap()),
            false,
        ),
        (
            format!("{:?}", AnyProof::from_bytes(&bytes, 2).unwrap()),
            false,
        ),
    ] {
        assert!(debug.contains(&leaf), "{debug}");
        assert_eq!(debug.contains(&root), has_root, "{debug}");
    }
    let growth = format!("{:?}", tree.generate_consistency_proof(1, old).unwrap());
    assert!(
        growth.contains(&root) && format!("{tree:?}").contains(&root),
        "{growth}"
    );
}
