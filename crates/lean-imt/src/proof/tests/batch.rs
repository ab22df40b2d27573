//! Verification in batches.

use rotortree_hasher::{Blake3Hasher, Hash, Hasher};

use super::{DEPTH, for_each_n, leaves, snapshot};
use crate::{
    BatchError, BatchFailure, LeanIMT, NaryProof, TreeHead, UnrootedInclusion, VerifyError,
};

fn failures_of(verdict: Result<(), BatchError>) -> Vec<BatchFailure> {
    verdict.err().map_or_else(Vec::new, |error| error.failures)
}

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
            NaryProof::verify_batch(&Blake3Hasher, head, &proofs).unwrap();
            let bytes: Vec<_> = proofs.iter().map(|p| p.to_bytes().unwrap()).collect();
            let unrooted: Vec<_> = bytes
                .iter()
                .map(|bytes| UnrootedInclusion::<N>::from_bytes(bytes).unwrap())
                .collect();
            UnrootedInclusion::verify_batch(&Blake3Hasher, head, &unrooted).unwrap();
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

/// Every way in which a proof and a head can disagree, many times over.
fn bend<const N: usize>(proofs: &mut [NaryProof<N, DEPTH>]) {
    let smaller = snapshot::<N>(72);
    for (at, proof) in proofs.iter_mut().enumerate() {
        let last = proof.level_count - 1;
        match at % 23 {
            1 => proof.leaf[0] ^= 1,
            3 => proof.root[0] ^= 1,
            4 => proof.levels[0].siblings[0][5] ^= 1,
            6 => proof.level_count += 1,
            7 => *proof = smaller.generate_proof(5).unwrap(),
            8 => proof.leaf_index ^= 1,
            9 => proof.levels[last].position ^= 1,
            10 => proof.levels[last].sibling_count = usize::MAX,
            12 => proof.levels[DEPTH - 1].siblings[0][0] = 1,
            13 => proof.tree_size = u64::MAX,
            14 => proof.leaf_index = u64::MAX,
            15 => proof.level_count = usize::MAX,
            16 => proof.leaf[31] = 0xff,
            17 => proof.root[31] = 0xff,
            18 if proof.levels[last].sibling_count > 0 => proof.levels[last].siblings[0][31] = 0xff,
            19 => *proof = NaryProof::default(),
            _ => {}
        }
    }
}

/// Compares the verdicts on a batch with those on its proofs one by one, errors included.
fn agree<'a, P: 'a>(
    proofs: impl IntoIterator<Item = &'a P>,
    failures: &[BatchFailure],
    verify: impl Fn(&P) -> Result<(), VerifyError>,
) -> usize {
    let mut failures = failures.iter();
    let mut accepted = 0;
    for (index, proof) in proofs.into_iter().enumerate() {
        match verify(proof) {
            Ok(()) => accepted += 1,
            Err(error) => {
                let failure = failures.next().unwrap();
                assert_eq!((failure.index, &failure.error), (index, &error));
            }
        }
    }
    assert!(failures.next().is_none());
    accepted
}

#[test]
fn a_batch_gives_the_verdicts_that_its_proofs_get_one_by_one() {
    /// Refuses hashes that end in 0xff, and never returns one.
    #[derive(Clone)]
    struct Field;
    impl Hasher for Field {
        fn hash_children(&self, children: &[Hash]) -> Hash {
            assert!(children.iter().all(|child| self.check(child)));
            let mut hash = Blake3Hasher.hash_children(children);
            hash[31] = 0;
            hash
        }
        fn check(&self, hash: &Hash) -> bool {
            hash[31] != 0xff && *hash != [0; 32]
        }
    }
    fn test<const N: usize>() {
        for size in [1, N, N + 1, 150, 257] {
            let mut tree = LeanIMT::<_, N, DEPTH>::new(Field);
            for mut leaf in leaves(size.max(72)) {
                leaf[31] = 1;
                tree.insert(leaf).unwrap();
            }
            let tree = tree.snapshot().snapshot_at(size as u64).unwrap();
            let head = tree.head().unwrap();
            let proof = |index| tree.generate_proof(index % size as u64).unwrap();
            let mut proofs: Vec<NaryProof<N, DEPTH>> = (0..230).map(proof).collect();
            if size > 1 {
                bend(&mut proofs);
            }
            let bytes: Vec<_> = proofs.iter().filter_map(|p| p.to_bytes().ok()).collect();
            let decode = |bytes| UnrootedInclusion::<N>::from_bytes(bytes).unwrap();
            let unrooted: Vec<_> = bytes.iter().map(|bytes| decode(bytes)).collect();
            let mut most = 0;
            for head in [
                head,
                TreeHead { size: 72, ..head },
                TreeHead::EMPTY,
                TreeHead {
                    size: u64::MAX,
                    ..head
                },
                TreeHead {
                    root: [1; 32],
                    ..head
                },
                TreeHead {
                    root: [0xff; 32],
                    ..head
                },
            ] {
                let failures = failures_of(NaryProof::verify_batch(&Field, head, &proofs));
                let verify = |proof: &NaryProof<N, DEPTH>| proof.verify_against(&Field, head);
                let accepted = agree(&proofs, &failures, verify);
                let verdict = UnrootedInclusion::verify_batch(&Field, head, &unrooted);
                let failures = failures_of(verdict);
                let verify = |proof: &UnrootedInclusion<N>| proof.verify_against(&Field, head);
                agree(&unrooted, &failures, verify);
                most = most.max(accepted);
            }
            assert!(most >= 230 / 4, "the honest ones are accepted");
        }
    }
    for_each_n!(test);
}

#[test]
fn a_batch_that_is_shared_out_names_the_same_proofs() {
    // Long enough for several threads, and not a multiple of the share of one thread.
    const LEN: usize = 1300;
    let mut tree = LeanIMT::<_, 2, DEPTH>::new(Blake3Hasher);
    tree.insert_many(&leaves(LEN)).unwrap();
    let (head, snapshot) = (tree.head().unwrap(), tree.snapshot());
    let mut proofs: Vec<_> = (0..LEN as u64)
        .map(|index| snapshot.generate_proof(index).unwrap())
        .collect();
    NaryProof::verify_batch(&Blake3Hasher, head, &proofs).unwrap();
    let false_ones = [0, 63, 64, 255, 256, 511, 512, 513, 1023, 1024, LEN - 1];
    for index in false_ones {
        proofs[index].leaf = [9; 32];
    }
    proofs[700].level_count += 1;
    let failures = failures_of(NaryProof::verify_batch(&Blake3Hasher, head, &proofs));
    let found: Vec<usize> = failures.iter().map(|failure| failure.index).collect();
    let mut expected = [&false_ones[..], &[700]].concat();
    expected.sort_unstable();
    assert_eq!(found, expected);
    for failure in failures {
        let is_malformed = matches!(failure.error, VerifyError::Malformed(_));
        assert_eq!(is_malformed, failure.index == 700, "{failure:?}");
    }
}
