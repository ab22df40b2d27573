//! Compares batches on several threads with the same batches on one, and tests panics on
//! these threads.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use rotortree_hasher::{Blake3Hasher, Hash, Hasher};

use super::Cut;
use crate::{LeanIMT, NodeSource, SharedHasher, reference, threads::Threads};

fn on_three_threads<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build();
    pool.expect("threads can be had").install(run)
}

fn assert_same<const N: usize>(
    found: &LeanIMT<Blake3Hasher, N, 32>,
    expected: &LeanIMT<Blake3Hasher, N, 32>,
) {
    let (found, expected) = (found.snapshot(), expected.snapshot());
    assert_eq!(found.head(), expected.head());
    for level in 0..=expected.depth() {
        let len = expected.level_len(level) as usize;
        let (mut some, mut others) = (vec![[0; 32]; len], vec![[1; 32]; len]);
        let read = found.read_nodes(level, 0, &mut some);
        read.and(expected.read_nodes(level, 0, &mut others))
            .expect("both have the level");
        assert_eq!(
            some,
            others,
            "level {level} of {} leaves, N = {N}",
            expected.size()
        );
    }
}

#[test]
fn batches_on_several_threads_give_the_same_nodes() {
    fn test<const N: usize>() {
        let leaves = reference::sample_leaves(N as u64, 2600);
        let mut cuts = 0;
        for first in [0, 1, 2, 7, 15, 16, 17, 63, 64, 65, 500] {
            for len in [1, 2, 31, 32, 33, 256, 257, 700, 1023, 2000] {
                let mut sequential = LeanIMT::<_, N, 32>::new(Blake3Hasher);
                if first > 0 {
                    sequential.insert_many_sequential(&leaves[..first]).unwrap();
                }
                let mut parallel = sequential.try_clone().unwrap();
                let mut frontier = sequential.frontier();
                let before = parallel.snapshot();
                let batch = &leaves[first..first + len];
                let root = sequential.insert_many_sequential(batch).unwrap();
                on_three_threads(|| {
                    cuts += usize::from(
                        Cut::new::<Blake3Hasher, N>(Threads::All, first as u64, len).is_some(),
                    );
                    assert_eq!(parallel.insert_many(batch).unwrap(), root);
                    assert_eq!(frontier.append_many(&Blake3Hasher, batch).unwrap(), root);
                });
                assert_same(&parallel, &sequential);
                assert_eq!(before.size(), first as u64);
                // And on from there.
                let root = sequential.insert_many_sequential(&leaves[2500..]).unwrap();
                assert_eq!(parallel.insert_many(&leaves[2500..]).unwrap(), root);
                assert_eq!(
                    frontier
                        .append_many(&Blake3Hasher, &leaves[2500..])
                        .unwrap(),
                    root
                );
                assert_same(&parallel, &sequential);
            }
        }
        assert!(cuts > 20, "{cuts} batches were cut for N = {N}");
    }
    test::<2>();
    test::<3>();
    test::<4>();
    test::<5>();
    test::<8>();
    test::<16>();
}

#[test]
fn a_group_wider_than_a_block_is_a_block() {
    const N: usize = 100;
    let leaves = reference::sample_leaves(1, 1234);
    let mut sequential = LeanIMT::<_, N, 32>::new(Blake3Hasher);
    sequential.insert_many_sequential(&leaves).unwrap();
    let mut parallel = LeanIMT::<_, N, 32>::new(Blake3Hasher);
    on_three_threads(|| {
        assert!(Cut::new::<Blake3Hasher, N>(Threads::All, 0, leaves.len()).is_some());
        parallel.insert_many(&leaves).unwrap();
    });
    assert_same(&parallel, &sequential);
}

#[test]
fn blocks_cover_what_they_say_whatever_the_numbers() {
    on_three_threads(|| {
        for size in [0, 1, 63, 1 << 40, u64::MAX - 5000, u64::MAX - 1, u64::MAX] {
            for len in (0..3000).chain([usize::MAX / 2, usize::MAX]) {
                let Some(cut) = Cut::new::<Blake3Hasher, 2>(Threads::All, size, len) else {
                    continue;
                };
                assert!(cut.head + cut.len() <= len && len - cut.head - cut.len() < cut.width);
                assert_eq!(size.wrapping_add(cut.head as u64) % cut.width as u64, 0);
            }
        }
        assert!(Cut::new::<Blake3Hasher, 2>(Threads::Caller, 0, 1 << 20).is_none());
    });
}

#[test]
fn a_slow_hasher_shares_smaller_batches() {
    fn least<H: Hasher>() -> Option<usize> {
        (0..4096).find(|&len| Cut::new::<H, 2>(Threads::All, 0, len).is_some())
    }
    on_three_threads(|| {
        assert!(least::<Fuse>() < least::<Blake3Hasher>());
        assert_eq!(least::<SharedHasher>(), least::<Blake3Hasher>());
    });
}

/// Panics at a number of hashes.
#[derive(Clone)]
struct Fuse(Arc<AtomicUsize>);

impl Hasher for Fuse {
    fn hash_children(&self, children: &[Hash]) -> Hash {
        let left = self.0.fetch_sub(1, Ordering::Relaxed);
        assert!(left > 0, "the fuse blows");
        Blake3Hasher.hash_children(children)
    }
}

#[test]
fn a_panic_on_any_thread_leaves_the_tree_as_it_was() {
    let leaves = reference::sample_leaves(2, 1500);
    let fuses = (0..1500)
        .step_by(97)
        .flat_map(|fuse| [(fuse, 37), (fuse, 0)]);
    for (fuse, first) in fuses {
        let (first, batch) = leaves.split_at(first);
        let hashes = Arc::new(AtomicUsize::new(usize::MAX / 2));
        let mut tree = LeanIMT::<_, 2, 32>::new(Fuse(Arc::clone(&hashes)));
        if !first.is_empty() {
            tree.insert_many(first).unwrap();
        }
        let head = tree.head();
        // A short batch that ends the same way and leaves a little room precedes every other one.
        if fuse % 2 == 0 {
            hashes.store(0, Ordering::Relaxed);
            let short = AssertUnwindSafe(|| tree.insert_many(&batch[..20]).map(drop));
            assert!(catch_unwind(short).is_err());
        }
        hashes.store(fuse, Ordering::Relaxed);
        let outcome = on_three_threads(|| {
            catch_unwind(AssertUnwindSafe(|| tree.insert_many(batch).map(drop)))
        });
        let blown = outcome.is_err();
        assert_eq!(blown, fuse < batch.len(), "{fuse} hashes");
        hashes.store(usize::MAX / 2, Ordering::Relaxed);
        if blown {
            assert_eq!(tree.head(), head);
            // A copy that is made first does not contain the staged nodes.
            let mut copy = tree.try_clone().unwrap();
            copy.insert_many(&batch[..5]).unwrap();
            let len = first.len() + 5;
            let mut copied = vec![[0; 32]; len];
            copy.snapshot().read_nodes(0, 0, &mut copied).unwrap();
            assert_eq!(copied, leaves[..len]);
            on_three_threads(|| tree.insert_many(batch)).unwrap();
        }
        assert_eq!(tree.root(), reference::root(&Blake3Hasher, 2, &leaves));
        let proof = tree.snapshot().generate_proof(700).unwrap();
        proof
            .verify_against(&Blake3Hasher, tree.head().unwrap())
            .unwrap();
    }
}

/// A caller that catches the panic may call `commit`, because it is safe code.
#[test]
fn what_a_panic_has_left_unwritten_is_not_there_to_be_committed() {
    let leaves = reference::sample_leaves(4, 1500);
    let mut whole = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
    whole.insert_many_sequential(&leaves).unwrap();
    for fuse in (0..1500).step_by(61) {
        let hashes = Arc::new(AtomicUsize::new(usize::MAX / 2));
        let mut tree = LeanIMT::<_, 2, 32>::new(Fuse(Arc::clone(&hashes)));
        tree.insert_many(&leaves[..21]).unwrap();
        hashes.store(fuse, Ordering::Relaxed);
        let outcome = on_three_threads(|| {
            catch_unwind(AssertUnwindSafe(|| {
                tree.insert_many(&leaves[21..]).map(drop)
            }))
        });
        assert_eq!(outcome.is_err(), fuse < 1479, "{fuse} hashes");
        tree.nodes_mut().commit();
        let source = tree.nodes().source();
        for level in (0..=10).take_while(|level| tree.nodes().len(*level) > 0) {
            let len = tree.nodes().len(level) as usize;
            let (mut found, mut expected) = (vec![[0; 32]; len], vec![[1; 32]; len]);
            source.read(level, 0, &mut found).unwrap();
            whole
                .snapshot()
                .read_nodes(level, 0, &mut expected)
                .unwrap();
            assert!(found == expected, "level {level} after {fuse} hashes");
        }
    }
}
