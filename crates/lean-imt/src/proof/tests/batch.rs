//! Verification in batches.

use rotortree_hasher::Blake3Hasher;

use super::{DEPTH, for_each_n, snapshot};
use crate::{NaryProof, TreeError, TreeHead, UnrootedInclusion};

#[test]
fn a_batch_of_all_proofs_of_a_tree_holds_in_both_forms() {
    fn test<const N: usize>() {
        let all = if N < 100 { 1..80 } else { 599..602 };
        for size in all.chain([255, 256, 257]) {
            let tree = snapshot::<N>(size);
            let head = tree.head().unwrap();
            let proofs: Vec<_> = (0..size as u64)
                .map(|index| tree.generate_proof(index).unwrap())
                .collect();
            assert!(NaryProof::verify_batch(&Blake3Hasher, head, &proofs).is_empty());
            let bytes: Vec<_> = proofs.iter().map(|p| p.to_bytes().unwrap()).collect();
            let unrooted: Vec<_> = bytes
                .iter()
                .map(|bytes| UnrootedInclusion::<N>::from_bytes(bytes).unwrap())
                .collect();
            assert!(UnrootedInclusion::verify_batch(&Blake3Hasher, head, &unrooted).is_empty());
        }
    }
    for_each_n!(test);
    // One proof at N = 600 is larger than the small stacks that these tests are also run on.
    let wide = std::thread::Builder::new().stack_size(64 << 20);
    let wide = wide.spawn(|| {
        for_each_n!(test, 33, 600);
    });
    let wide = wide.unwrap();
    wide.join().unwrap();
}

#[test]
fn a_batch_gives_the_verdicts_that_its_proofs_get_one_by_one() {
    fn test<const N: usize>() {
        let tree = snapshot::<N>(150);
        let head = tree.head().unwrap();
        let mut proofs: Vec<NaryProof<N, DEPTH>> = (0..150)
            .map(|index| tree.generate_proof(index).unwrap())
            .collect();
        proofs[3].leaf[0] ^= 1;
        proofs[4].root[0] ^= 1;
        proofs[70].levels[0].siblings[0][5] ^= 1;
        proofs[71].level_count += 1;
        proofs[72] = snapshot::<N>(72).generate_proof(5).unwrap();
        proofs[149].leaf_index = 148;
        for head in [
            head,
            TreeHead { size: 72, ..head },
            TreeHead {
                root: [1; 32],
                ..head
            },
        ] {
            let failures = NaryProof::verify_batch(&Blake3Hasher, head, &proofs);
            let mut failures = failures.iter();
            for (index, proof) in proofs.iter().enumerate() {
                match proof.verify_against(&Blake3Hasher, head) {
                    Ok(true) => {}
                    Ok(false) => {
                        let failure = failures.next().unwrap();
                        assert_eq!(failure.index, index);
                        assert!(failure.error.is_none());
                    }
                    Err(error) => {
                        let failure = failures.next().unwrap();
                        assert_eq!(failure.index, index);
                        let found = failure.error.as_ref().unwrap();
                        assert_eq!(found.to_string(), error.to_string());
                    }
                }
            }
            assert!(failures.next().is_none());
        }
        let failures = NaryProof::verify_batch(&Blake3Hasher, head, &proofs);
        let indices: Vec<usize> = failures.iter().map(|failure| failure.index).collect();
        assert_eq!(indices, [3, 4, 70, 71, 72, 149]);
        assert!(matches!(
            failures[3].error,
            Some(TreeError::InvalidProofDepth { .. })
        ));
    }
    for_each_n!(test);
}
