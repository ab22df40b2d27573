//! Encodings: one to a value, and nothing else accepted.

use rotortree_hasher::{Blake3Hasher, Hash};

use super::{DEPTH, for_each_n, reference_head, snapshot};
use crate::{
    DecodeError, Kind, NaryProof, TreeError, TreeHead, UnrootedCatchUp, UnrootedConsistency,
    UnrootedInclusion, UnrootedMulti, UnrootedRange, peek_kind,
};

/// Whether these bytes prove a claim about the two heads.
pub(super) fn accepted<const N: usize>(
    kind: Kind,
    bytes: &[u8],
    old: TreeHead,
    new: TreeHead,
) -> bool {
    let hasher = &Blake3Hasher;
    let verdict = match kind {
        Kind::Inclusion => {
            UnrootedInclusion::<N>::from_bytes(bytes).map(|p| p.verify_against(hasher, new))
        }
        Kind::Consistency => {
            UnrootedConsistency::<N>::from_bytes(bytes).map(|p| p.verify_against(hasher, old, new))
        }
        Kind::Multi => UnrootedMulti::<N>::from_bytes(bytes).map(|p| p.verify_against(hasher, new)),
        Kind::Range => UnrootedRange::<N>::from_bytes(bytes).map(|p| p.verify_against(hasher, new)),
        Kind::CatchUp => {
            UnrootedCatchUp::<N>::from_bytes(bytes).map(|p| p.verify_against(hasher, old, new))
        }
        _ => panic!("{kind} is no proof"),
    };
    matches!(verdict, Ok(Ok(())))
}

/// One proof of every kind about a tree of `size` leaves that had `old` leaves.
fn encoded<const N: usize>(size: usize, old: TreeHead) -> Vec<(Kind, Vec<u8>)> {
    let tree = snapshot::<N>(size);
    let size = size as u64;
    let mut indices = vec![0, size / 2, size - 1];
    indices.dedup();
    vec![
        (
            Kind::Inclusion,
            tree.generate_proof(size / 2).unwrap().to_bytes().unwrap(),
        ),
        (
            Kind::Consistency,
            tree.generate_consistency_proof(old.size, old.root)
                .unwrap()
                .to_bytes()
                .unwrap(),
        ),
        (
            Kind::Multi,
            tree.generate_multiproof(&indices)
                .unwrap()
                .to_bytes()
                .unwrap(),
        ),
        (
            Kind::Range,
            tree.generate_range_proof(size / 3..size / 3 + 1)
                .unwrap()
                .to_bytes()
                .unwrap(),
        ),
        (
            Kind::CatchUp,
            tree.generate_catch_up_proof(old.size, old.root)
                .unwrap()
                .to_bytes()
                .unwrap(),
        ),
    ]
}

#[test]
fn a_head_of_another_size_is_refused_although_its_root_is_the_one_that_a_proof_leads_to() {
    // The path from leaf 0 to the root is the same for every size that has a right half.
    let bytes = [
        snapshot::<2>(6).generate_proof(0).unwrap().to_bytes(),
        snapshot::<2>(6)
            .generate_multiproof(&[0, 1])
            .unwrap()
            .to_bytes(),
        snapshot::<2>(6)
            .generate_range_proof(0..2)
            .unwrap()
            .to_bytes(),
    ];
    let head = reference_head::<2>(6);
    for (kind, bytes) in [Kind::Inclusion, Kind::Multi, Kind::Range]
        .into_iter()
        .zip(bytes)
    {
        let bytes = bytes.unwrap();
        assert!(accepted::<2>(kind, &bytes, head, head));
        for size in [5, 7, 8] {
            assert!(
                !accepted::<2>(kind, &bytes, head, TreeHead { size, ..head }),
                "{kind} for {size} leaves"
            );
        }
    }
}

#[test]
fn an_index_beyond_the_tree_brings_no_leaf_in_beside_a_proof_that_holds() {
    let proof = snapshot::<2>(2).generate_multiproof(&[0]).unwrap();
    let bytes = proof.to_bytes().unwrap();
    let head = reference_head::<2>(2);
    assert!(accepted::<2>(Kind::Multi, &bytes, head, head));
    // Kind, version, N and size as they are; two indices, 0 and 5; the hash and the leaf as they
    // are; one leaf more.
    let crafted = [&bytes[..4], &[2, 0, 4], &bytes[6..], &[9; 32]].concat();
    assert!(matches!(
        UnrootedMulti::<2>::from_bytes(&crafted),
        Err(DecodeError::Tree(TreeError::IndexOutOfRange {
            index: 5,
            size: 2
        }))
    ));
}

#[test]
fn decoding_gives_back_what_was_encoded() {
    fn test<const N: usize>() {
        for size in 1..=40 {
            let old = reference_head::<N>(size * 2 / 3);
            let new = reference_head::<N>(size);
            for (kind, bytes) in encoded::<N>(size, old) {
                let again = match kind {
                    Kind::Inclusion => UnrootedInclusion::<N>::from_bytes(&bytes)
                        .unwrap()
                        .to_bytes(),
                    Kind::Consistency => UnrootedConsistency::<N>::from_bytes(&bytes)
                        .unwrap()
                        .to_bytes(),
                    Kind::Multi => UnrootedMulti::<N>::from_bytes(&bytes).unwrap().to_bytes(),
                    Kind::Range => UnrootedRange::<N>::from_bytes(&bytes).unwrap().to_bytes(),
                    Kind::CatchUp => UnrootedCatchUp::<N>::from_bytes(&bytes).unwrap().to_bytes(),
                    _ => unreachable!("only proofs are encoded here"),
                };
                assert_eq!(again, bytes);
            }
            let proof = snapshot::<N>(size).generate_proof(size as u64 / 2).unwrap();
            let bytes = proof.to_bytes().unwrap();
            let unrooted = UnrootedInclusion::<N>::from_bytes(&bytes).unwrap();
            assert_eq!(unrooted.compute_root(&Blake3Hasher).unwrap(), new.root);
            assert_eq!(unrooted.to_nary::<_, DEPTH>(&Blake3Hasher).unwrap(), proof);
        }
    }
    for_each_n!(test);
}

#[test]
fn a_proof_of_a_million_leaves_takes_at_most_690_bytes() {
    let siblings = [[7; 32]; 20];
    for index in [0, 1 << 19, 999_999] {
        let mut proof = NaryProof::<2, 32> {
            tree_size: 1_000_000,
            leaf_index: index,
            level_count: 20,
            ..NaryProof::default()
        };
        for (level, sibling) in proof.levels.iter_mut().zip(siblings) {
            level.siblings[0] = sibling;
            level.sibling_count = 1;
        }
        for (k, level) in proof.levels[..20].iter_mut().enumerate() {
            level.position = (index >> k & 1) as usize;
        }
        // The last leaf's path has lifted levels, hence fewer siblings; adapt the proof
        // to its shape.
        while let Err(TreeError::InvalidProofLevel { level, .. }) = proof.to_bytes() {
            proof.levels[level] = crate::ProofLevel::EMPTY;
        }
        assert!(proof.to_bytes().unwrap().len() <= 690);
    }
}

#[test]
fn bytes_that_claim_more_than_they_hold_are_refused_at_once() {
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    let with = |kind: Kind, numbers: &[&[u8]]| {
        let mut bytes = vec![kind as u8, 1, 2];
        numbers
            .iter()
            .for_each(|number| bytes.extend_from_slice(number));
        bytes.extend_from_slice(&[0; 64]);
        bytes
    };
    let bytes = with(Kind::Range, &[&huge, &[0], &huge]);
    assert!(matches!(
        UnrootedRange::<2>::from_bytes(&bytes),
        Err(DecodeError::Truncated { .. })
    ));
    let bytes = with(Kind::Multi, &[&huge, &huge, &[0]]);
    assert!(matches!(
        UnrootedMulti::<2>::from_bytes(&bytes),
        Err(DecodeError::Truncated { .. })
    ));
    let bytes = with(Kind::Multi, &[&huge, &[2], &huge, &[0]]);
    assert!(matches!(
        UnrootedMulti::<2>::from_bytes(&bytes),
        Err(DecodeError::Tree(TreeError::IndexOutOfRange { .. }))
    ));
    let bytes = with(Kind::CatchUp, &[&huge, &[1]]);
    assert!(matches!(
        UnrootedCatchUp::<2>::from_bytes(&bytes),
        Err(DecodeError::Tree(TreeError::IndexOutOfRange { .. }))
    ));
    let bytes = with(Kind::Consistency, &[&[1], &huge]);
    assert!(matches!(
        UnrootedConsistency::<2>::from_bytes(&bytes),
        Err(DecodeError::Truncated { .. })
    ));
    let bytes = with(Kind::Inclusion, &[&huge, &huge]);
    assert!(matches!(
        UnrootedInclusion::<2>::from_bytes(&bytes),
        Err(DecodeError::Tree(TreeError::IndexOutOfRange { .. }))
    ));
    assert!(matches!(
        peek_kind(&[8, 1, 2]),
        Err(DecodeError::UnknownKind { found: 8 })
    ));
}

/// A text has no version, so its error must not suggest a newer crate.
#[test]
fn a_text_is_not_an_encoding() {
    let characters = [b'\t', b'\n', b'\r'].into_iter().chain(b' '..=0xff);
    let characters: Vec<u8> = characters.collect();
    for &first in &characters {
        for &second in &characters {
            let refused = peek_kind(&[first, second, 2]);
            assert_eq!(refused, Err(DecodeError::NotAnEncoding));
        }
        let kind = Kind::Inclusion as u8;
        assert_eq!(
            peek_kind(&[kind, first, 2]),
            Err(DecodeError::NotAnEncoding)
        );
        assert_eq!(peek_kind(&[first, 1, 2]), Err(DecodeError::NotAnEncoding));
    }
    for text in ["{\"root\":\"0x00\"}", "0x030102", "zz", "\u{feff}{}"] {
        let refused = UnrootedInclusion::<2>::from_bytes(text.as_bytes());
        assert_eq!(refused, Err(DecodeError::NotAnEncoding), "{text}");
    }
    assert_eq!(peek_kind(&[0; 64]), Err(DecodeError::NotAnEncoding));
    let newer = peek_kind(&[3, 2, 2]);
    assert_eq!(newer, Err(DecodeError::UnsupportedVersion { found: 2 }));
}

/// The encodings, byte for byte: a change of any of them is a new version.
#[test]
fn the_encodings_are_pinned() {
    let old = reference_head::<2>(2);
    for (kind, bytes) in encoded::<2>(3, old) {
        let numbers: &[u8] = match kind {
            Kind::Inclusion => &[3, 1, 2, 3, 1],
            Kind::Consistency => &[4, 1, 2, 2, 3],
            Kind::Multi => &[5, 1, 2, 3, 3, 0, 0, 0],
            Kind::Range => &[6, 1, 2, 3, 1, 1],
            Kind::CatchUp => &[7, 1, 2, 2, 1],
            _ => unreachable!("only proofs are encoded here"),
        };
        assert_eq!(bytes[..numbers.len()], *numbers, "{kind}");
        let tree = snapshot::<2>(3);
        let node = |level, index| tree.get_node(level, index).unwrap();
        let hashes: &[Hash] = match kind {
            Kind::Inclusion => &[node(0, 1), node(0, 0), node(0, 2)],
            Kind::Consistency => &[node(1, 0), node(0, 2)],
            Kind::Multi => &[node(0, 0), node(0, 1), node(0, 2)],
            Kind::Range => &[node(0, 0), node(0, 2), node(0, 1)],
            Kind::CatchUp => &[node(1, 0), node(0, 2)],
            _ => unreachable!("only proofs are encoded here"),
        };
        assert_eq!(bytes[numbers.len()..], *hashes.as_flattened(), "{kind}");
    }
}
