//! Every operation fits in 256 KiB of stack at `N = 16`, `MAX_DEPTH = 64`, in a debug build too.

use rotortree_lean_imt::{
    AnyProof, AnySnapshot, Blake3Hasher, Frontier, Hash, LeanIMT, MemoryNodes, NaryProof,
    NodeSource, TreeError, TreeHead, UnrootedCatchUp, UnrootedConsistency, UnrootedInclusion,
    UnrootedMulti, UnrootedRange, VerifyError,
};
use std::{sync::Arc, thread};

type Tree = LeanIMT<Blake3Hasher, 16, 64>;

fn in_256_kib(name: &str, test: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new()
        .name(name.to_owned())
        .stack_size(256 << 10);
    thread
        .spawn(test)
        .expect("a thread can be had")
        .join()
        .expect("the test passes");
}

fn leaves(count: usize) -> Vec<Hash> {
    (0..count as u64)
        .map(|i| {
            let mut leaf = [0; 32];
            leaf[..8].copy_from_slice(&i.to_le_bytes());
            leaf
        })
        .collect()
}

/// The test's own proofs live on the heap, so that the stack is the operation's.
#[inline(never)]
fn boxed<T, E: std::fmt::Debug>(operation: impl FnOnce() -> Result<T, E>) -> Box<T> {
    match operation() {
        Ok(value) => Box::new(value),
        Err(error) => panic!("{error:?}"),
    }
}

fn tree(size: usize) -> Tree {
    let mut tree = Tree::new(Blake3Hasher);
    tree.insert_many(&leaves(size))
        .expect("a small batch is appended");
    tree
}

#[test]
fn appending_snapshots_and_forks_fit() {
    in_256_kib("append", || {
        let mut tree = tree(5000);
        tree.insert([1; 32]).unwrap();
        let snapshot = tree.snapshot();
        let mut fork = snapshot.snapshot_at(777).unwrap().fork().unwrap();
        fork.insert_many(&leaves(300)).unwrap();
        let copy = tree.try_clone().unwrap();
        assert_eq!(copy.head(), snapshot.head());
        let frontier = snapshot.frontier_at(4999).unwrap();
        let head = frontier.head().unwrap();
        let frontier = Frontier::<16, 64>::import(&frontier.export(), &Blake3Hasher, head).unwrap();
        let mut tree = Tree::from_frontier(Blake3Hasher, &frontier).unwrap();
        tree.insert_many(&leaves(100)).unwrap();
    });
}

#[test]
fn inclusion_proofs_fit() {
    in_256_kib("inclusion", || {
        let tree = tree(5000);
        let head = tree.head().unwrap();
        let proof = boxed(|| tree.snapshot().generate_proof(4321));
        assert!(proof.verify(&Blake3Hasher).unwrap());
        proof.verify_against(&Blake3Hasher, head).unwrap();
        let bytes = proof.to_bytes().unwrap();
        let unrooted = UnrootedInclusion::<16>::from_bytes(&bytes).unwrap();
        unrooted.verify_against(&Blake3Hasher, head).unwrap();
        assert_eq!(boxed(|| unrooted.to_nary::<_, 64>(&Blake3Hasher)), proof);
        assert_eq!(boxed(|| proof.padded::<64>()).length, 4);
    });
}

/// Serves nodes by copies only, like a source whose nodes are not contiguous in memory.
struct Copied(Arc<dyn NodeSource>);

impl NodeSource for Copied {
    fn read(&self, level: usize, start: u64, out: &mut [Hash]) -> Result<(), TreeError> {
        self.0.read(level, start, out)
    }
}

#[test]
fn inclusion_proofs_of_nodes_that_are_copied_fit() {
    in_256_kib("copied", || {
        let whole = tree(5000);
        let lens: Vec<u64> = (0..=3).map(|level| whole.nodes().len(level)).collect();
        let base = Arc::new(Copied(whole.nodes().source()));
        let nodes = MemoryNodes::over(base, &lens);
        let mut tree = Tree::from_nodes(Blake3Hasher, nodes, 5000, None).unwrap();
        tree.insert([1; 32]).unwrap();
        let head = tree.head().unwrap();
        let snapshot = tree.snapshot();
        for index in [0, 4321, 5000] {
            let proof = boxed(|| snapshot.generate_proof(index));
            proof.verify_against(&Blake3Hasher, head).unwrap();
        }
    });
}

#[test]
fn batches_of_proofs_fit() {
    in_256_kib("batch", || {
        let tree = tree(5000);
        let snapshot = tree.snapshot();
        let mut proofs = Vec::with_capacity(100);
        for index in 0..100 {
            proofs.push(*boxed(|| snapshot.generate_proof(index * 49)));
        }
        let head = tree.head().unwrap();
        NaryProof::verify_batch(&Blake3Hasher, head, &proofs).unwrap();
    });
}

#[test]
fn consistency_proofs_and_updates_fit() {
    in_256_kib("consistency", || {
        let mut tree = tree(300);
        let old = tree.head().unwrap();
        let mine = boxed(|| tree.snapshot().generate_proof(299));
        tree.insert_many(&leaves(5000)).unwrap();
        let new = tree.head().unwrap();
        let growth = tree
            .snapshot()
            .generate_consistency_proof(old.size, old.root)
            .unwrap();
        growth.verify_against(&Blake3Hasher, old, new).unwrap();
        let mine = boxed(|| growth.update_inclusion_proof(&Blake3Hasher, &mine, old, new));
        mine.verify_against(&Blake3Hasher, new).unwrap();
        let bytes = growth.to_bytes().unwrap();
        let unrooted = UnrootedConsistency::<16>::from_bytes(&bytes).unwrap();
        unrooted.verify_against(&Blake3Hasher, old, new).unwrap();
    });
}

#[test]
fn proofs_of_many_leaves_fit() {
    in_256_kib("sets", || {
        let tree = tree(5000);
        let snapshot = tree.snapshot();
        let head = tree.head().unwrap();
        let multi = snapshot.generate_multiproof(&[0, 17, 4000, 4999]).unwrap();
        multi.verify_against(&Blake3Hasher, head).unwrap();
        let bytes = multi.to_bytes().unwrap();
        let unrooted = UnrootedMulti::<16>::from_bytes(&bytes).unwrap();
        unrooted.verify_against(&Blake3Hasher, head).unwrap();

        let range = snapshot.generate_range_proof(100..4900).unwrap();
        let bytes = range.to_bytes().unwrap();
        let unrooted = UnrootedRange::<16>::from_bytes(&bytes).unwrap();
        unrooted.verify_against(&Blake3Hasher, head).unwrap();

        let old = snapshot.snapshot_at(1234).unwrap().head().unwrap();
        let news = snapshot
            .generate_catch_up_proof(old.size, old.root)
            .unwrap();
        let bytes = news.to_bytes().unwrap();
        let unrooted = UnrootedCatchUp::<16>::from_bytes(&bytes).unwrap();
        unrooted.verify_against(&Blake3Hasher, old, head).unwrap();
    });
}

#[test]
fn proofs_for_an_n_at_run_time_fit() {
    in_256_kib("any", || {
        let whole = tree(5000);
        let lens: Vec<u64> = (0..=3).map(|level| whole.nodes().len(level)).collect();
        let base = Arc::new(Copied(whole.nodes().source()));
        let nodes = MemoryNodes::over(base, &lens);
        let copied = Tree::from_nodes(Blake3Hasher, nodes, 5000, None).unwrap();
        for snapshot in [whole.snapshot(), copied.snapshot()] {
            let snapshot: Arc<dyn AnySnapshot> = Arc::new(snapshot);
            let head = snapshot.head().unwrap();
            let old = snapshot.snapshot_at(1234).unwrap().head().unwrap();
            for bytes in [
                snapshot.generate_proof(4321).unwrap(),
                snapshot.generate_multiproof(&[0, 17, 4000, 4999]).unwrap(),
                snapshot.generate_range_proof(100..4900).unwrap(),
                snapshot
                    .generate_consistency_proof(old.size, old.root)
                    .unwrap(),
                snapshot
                    .generate_catch_up_proof(old.size, old.root)
                    .unwrap(),
            ] {
                let proof = AnyProof::from_bytes(&bytes, 16).unwrap();
                let verdict = match proof.old_size() {
                    Some(_) => proof.verify_against(snapshot.hasher(), (old, head)),
                    None => proof.verify_against(snapshot.hasher(), head),
                };
                verdict.unwrap();
            }
        }
    });
}

/// The deepest walk there is: 64 levels, `N = 2`, at the end of `u64`.
#[test]
fn the_deepest_proofs_fit() {
    in_256_kib("deepest", || {
        let count = 64;
        let hashes = leaves(2 * count);
        let head = TreeHead {
            size: u64::MAX,
            root: [1; 32],
        };
        for len in 0..2 * count {
            if let Ok(multi) =
                UnrootedMulti::<2>::new(u64::MAX, &[u64::MAX / 3], &hashes[..1], &hashes[..len])
            {
                let verdict = multi.verify_against(&Blake3Hasher, head);
                assert_eq!(verdict, Err(VerifyError::RootMismatch { head }));
                return;
            }
        }
        panic!("some number of hashes is the right one");
    });
}
