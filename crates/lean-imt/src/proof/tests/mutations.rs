//! Changes every encoding: every byte, every hash, every pair of small numbers. For every kind and
//! every N, the result is refused, encodes the same value, or is another true proof.
//!
//! A few seconds in all: trees are small, and most changes are refused for their shape.

use rotortree_hasher::{Blake3Hasher, Hash};

use super::{DEPTH, bytes::accepted, for_each_n, leaves, reference_head, snapshot};
use crate::{
    Frontier, Kind, TreeHead, TreeSnapshot, UnrootedCatchUp, UnrootedInclusion, UnrootedMulti,
    UnrootedRange,
};

const PROOFS: [Kind; 5] = [
    Kind::Inclusion,
    Kind::Consistency,
    Kind::Multi,
    Kind::Range,
    Kind::CatchUp,
];

/// One encoded proof and the heads that it holds against.
struct Case {
    kind: Kind,
    bytes: Vec<u8>,
    old: TreeHead,
    new: TreeHead,
}

/// Every proof of every kind about a tree of `size` leaves; of large ones only some sets and ranges
/// of leaves.
fn cases<const N: usize>(size: u64) -> Vec<Case> {
    let tree: TreeSnapshot<N, DEPTH> = snapshot(size as usize);
    let new = reference_head::<N>(size as usize);
    let mut cases = Vec::new();
    let mut add = |kind, old, bytes: Result<Vec<u8>, _>| {
        cases.push(Case {
            kind,
            bytes: bytes.unwrap(),
            old,
            new,
        });
    };
    // Of a large tree the places at its ends.
    let is_tried = |place: &u64| size < 9 || *place < 2 || place + 2 > size;
    for index in (0..size).filter(is_tried) {
        let proof = tree.generate_proof(index).unwrap();
        add(Kind::Inclusion, new, proof.to_bytes());
    }
    for old in (0..=size).filter(is_tried) {
        let old = reference_head::<N>(old as usize);
        let growth = tree.generate_consistency_proof(old.size, old.root).unwrap();
        add(Kind::Consistency, old, growth.to_bytes());
        let news = tree.generate_catch_up_proof(old.size, old.root).unwrap();
        add(Kind::CatchUp, old, news.to_bytes());
    }
    let sets: Vec<Vec<u64>> = if size <= 4 {
        let subset = |set: u64| (0..size).filter(|i| set >> i & 1 == 1).collect();
        (1..1 << size).map(subset).collect()
    } else {
        let ends = vec![0, size / 2, size - 1];
        vec![vec![0], vec![size - 1], ends, (1..size).collect()]
    };
    for indices in sets {
        let multi = tree.generate_multiproof(&indices).unwrap();
        add(Kind::Multi, new, multi.to_bytes());
    }
    for start in (0..size).filter(is_tried) {
        for end in start + 1..=size {
            if size <= 4 || [start + 1, start + 2, size].contains(&end) {
                let range = tree.generate_range_proof(start..end).unwrap();
                add(Kind::Range, new, range.to_bytes());
            }
        }
    }
    cases
}

/// The sizes at which a tree of small depth changes its shape.
fn sizes<const N: usize>() -> Vec<u64> {
    let n = N as u64;
    let mut sizes = vec![1, 2, 3, n, n + 1];
    if N <= 4 {
        sizes.extend([4, 5, 7, n * n - 1, n * n, n * n + 1]);
    }
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

/// Calls `visit` with every change of `bytes` whose first hash stands at `numbers`.
fn change(bytes: &[u8], numbers: usize, visit: &mut dyn FnMut(&[u8], &str)) {
    let mut visit = |changed: &[u8], what: &str| {
        if changed != bytes {
            visit(changed, what);
        }
    };
    let mut changed = bytes.to_vec();
    for at in 0..bytes.len() {
        let all = (0..=0xff).filter(|_| at < numbers);
        let few = [0, 0xff, !bytes[at], bytes[at] ^ 1 << (at % 8)];
        for value in all.chain(few) {
            changed[at] = value;
            visit(&changed, "a byte set");
        }
        changed[at] = bytes[at];
        visit(&bytes[..at], "truncated");
        visit(&[&bytes[..at], &bytes[at + 1..]].concat(), "a byte removed");
        for value in [0, 1, 0x80, bytes[at]] {
            let (front, behind) = bytes.split_at(at);
            visit(&[front, &[value], behind].concat(), "a byte inserted");
        }
    }
    // The header's two bytes and N stay; these would be refused for them alone.
    for first in 3..numbers {
        for second in first + 1..numbers {
            for pair in 0..100 {
                (changed[first], changed[second]) = (pair / 10, pair % 10);
                visit(&changed, "two numbers set");
            }
            (changed[first], changed[second]) = (bytes[first], bytes[second]);
        }
    }
    let (front, hashes) = bytes.split_at(numbers);
    let hashes: Vec<Hash> = hashes.as_chunks::<32>().0.to_vec();
    let mut rehashed = |hashes: &[Hash], what: &str| {
        visit(&[front, hashes.as_flattened()].concat(), what);
    };
    for at in 0..hashes.len() {
        let mut other = hashes.clone();
        other.remove(at);
        rehashed(&other, "a hash removed");
        for from in [0, at.saturating_sub(1), hashes.len() - 1] {
            let mut other = hashes.clone();
            other.swap(at, from);
            rehashed(&other, "two hashes swapped");
            other.clone_from(&hashes);
            other[at] = hashes[from];
            rehashed(&other, "a hash overwritten by another");
            other.clone_from(&hashes);
            other.insert(at, hashes[from]);
            rehashed(&other, "a hash inserted");
        }
    }
    rehashed(&[&hashes[..], &[[0; 32]]].concat(), "a hash added");
    for added in [0, 1, 0x80, 0xff] {
        visit(&[bytes, &[added]].concat(), "a byte added");
    }
}

#[test]
fn every_proof_changed_in_any_way_is_refused() {
    fn test<const N: usize>() {
        for size in sizes::<N>() {
            for case in cases::<N>(size) {
                let Case {
                    kind,
                    bytes,
                    old,
                    new,
                } = case;
                assert!(accepted::<N>(kind, &bytes, old, new));
                let sets = [Kind::Multi, Kind::Range];
                for other in PROOFS.into_iter().filter(|other| *other != kind) {
                    assert!(!accepted::<N>(other, &bytes, old, new));
                    if sets.contains(&kind) && sets.contains(&other) {
                        // For one leaf the two kinds can have the same bytes and the same claim.
                        continue;
                    }
                    let renamed = [&[other as u8], &bytes[1..]].concat();
                    assert!(!accepted::<N>(other, &renamed, old, new));
                }
                let sets = sets.contains(&kind);
                change(&bytes, bytes.len() % 32, &mut |changed, what| {
                    if accepted::<N>(kind, changed, old, new) {
                        // Leaves of a set can become given nodes: that is another proof, of
                        // other leaves.
                        let other = sets && claims_are_true::<N>(kind, changed);
                        let size = old.size;
                        assert!(
                            other,
                            "{kind} of {size} in {}, N = {N}, {what}: {bytes:?} to {changed:?}",
                            new.size
                        );
                    }
                });
            }
        }
    }
    for_each_n!(test, 2, 3, 4, 8, 16);
}

/// Whether the leaves that accepted bytes claim are those of the sample.
fn claims_are_true<const N: usize>(kind: Kind, bytes: &[u8]) -> bool {
    let claims: Vec<(u64, Hash)> = match kind {
        Kind::Inclusion => {
            let proof = UnrootedInclusion::<N>::from_bytes(bytes).unwrap();
            vec![(proof.leaf_index(), *proof.leaf())]
        }
        Kind::Multi => {
            let proof = UnrootedMulti::<N>::from_bytes(bytes).unwrap();
            proof
                .indices()
                .zip(proof.leaves().iter().copied())
                .collect()
        }
        Kind::Range => {
            let proof = UnrootedRange::<N>::from_bytes(bytes).unwrap();
            proof.range().zip(proof.leaves().iter().copied()).collect()
        }
        Kind::CatchUp => {
            let proof = UnrootedCatchUp::<N>::from_bytes(bytes).unwrap();
            proof.range().zip(proof.leaves().iter().copied()).collect()
        }
        _ => vec![],
    };
    let leaves = leaves(20);
    let is_true = |(index, leaf): &(u64, Hash)| leaves[*index as usize] == *leaf;
    claims.iter().all(is_true)
}

#[test]
fn every_head_and_frontier_changed_in_any_way_is_refused_or_another() {
    fn test<const N: usize>() {
        for size in [0].into_iter().chain(sizes::<N>()) {
            let head = reference_head::<N>(size as usize);
            let bytes = head.to_bytes(N);
            assert_eq!(TreeHead::from_bytes(&bytes, N).unwrap(), head);
            change(&bytes, bytes.len() % 32, &mut |changed, what| {
                let taken = TreeHead::from_bytes(changed, N);
                assert!(taken.is_err() || taken.unwrap() != head, "{what}");
            });
            let tree = snapshot::<N>(size as usize);
            let bytes = tree.frontier_at(size).unwrap().export();
            let import = |bytes: &[u8]| Frontier::<N, DEPTH>::import(bytes, &Blake3Hasher, head);
            assert!(import(&bytes).is_ok());
            change(&bytes, bytes.len() % 32, &mut |changed, what| {
                assert!(import(changed).is_err(), "frontier of {size}: {what}");
            });
        }
    }
    for_each_n!(test, 2, 3, 4, 8, 16);
}

/// If the groups of both are lifted or of equal length, a proof for one N can be valid for the
/// other. Its claim is then true.
#[test]
fn a_proof_of_one_n_is_refused_or_true_of_a_tree_of_another() {
    fn test<const N: usize, const M: usize>() {
        for size in sizes::<N>() {
            for case in cases::<N>(size) {
                assert!(!accepted::<M>(case.kind, &case.bytes, case.old, case.new));
                let mut renamed = case.bytes;
                renamed[2] = M as u8;
                if accepted::<M>(case.kind, &renamed, case.old, case.new) {
                    assert!(claims_are_true::<M>(case.kind, &renamed));
                }
            }
        }
    }
    test::<2, 3>();
    test::<2, 4>();
    test::<2, 16>();
    test::<3, 2>();
    test::<4, 2>();
    test::<4, 8>();
    test::<8, 2>();
    test::<8, 16>();
    test::<16, 2>();
    test::<16, 4>();
}
