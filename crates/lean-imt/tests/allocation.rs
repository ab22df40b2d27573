//! Allocations: none for verifying and decoding, and few for small trees.
//!
//! The counters belong to the thread, so that tests beside each other do not count for each other.
#![expect(
    unsafe_code,
    reason = "a global allocator that counts is one by its contract"
)]

use rotortree_lean_imt::{
    AnyProof, Blake3Hasher, Hash, Kind, LeanIMT, NaryProof, UnrootedCatchUp, UnrootedConsistency,
    UnrootedInclusion, UnrootedMulti, UnrootedRange,
};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

struct Counting;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // A thread that is ending has no counters any more.
    let _ = LIVE.try_with(|live| live.set(live.get() + bytes));
    let _ = CALLS.try_with(|calls| calls.set(calls.get() + usize::from(bytes > 0)));
}

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise is passed on; all memory came from `System`.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Calls of the allocator for memory while `work` runs.
fn calls<R>(work: impl FnOnce() -> R) -> usize {
    let before = CALLS.get();
    let result = work();
    let calls = CALLS.get() - before;
    drop(result);
    calls
}

/// Bytes that the result of `build` keeps allocated, its own size included.
fn kept<R>(build: impl FnOnce() -> R) -> usize {
    let before = LIVE.get();
    let result = build();
    let kept = LIVE.get() - before;
    drop(result);
    usize::try_from(kept).expect("more is live than before") + size_of::<R>()
}

fn leaves(count: usize) -> Vec<Hash> {
    (0..count).map(|i| [i as u8; 32]).collect()
}

#[test]
fn small_trees_are_small() {
    let empty = kept(|| LeanIMT::<_, 2, 32>::new(Blake3Hasher));
    assert!(empty <= 8 << 10, "an empty tree takes {empty} bytes");
    let leaves = leaves(1000);
    let mut nodes = 0;
    let mut level_len = leaves.len();
    while level_len > 1 {
        nodes += level_len;
        level_len = level_len.div_ceil(2);
    }
    let most = 2 * (nodes + 1) * 32;
    let one_by_one = kept(|| {
        let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
        for leaf in &leaves {
            tree.insert(*leaf).unwrap();
        }
        tree
    });
    let at_once = kept(|| {
        let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
        tree.insert_many(&leaves).unwrap();
        tree
    });
    assert!(one_by_one <= most, "{one_by_one} bytes for {nodes} nodes");
    assert!(at_once <= most, "{at_once} bytes for {nodes} nodes");
}

#[test]
fn decoding_and_verifying_allocate_nothing() {
    fn test<const N: usize>() {
        let hasher = &Blake3Hasher;
        let mut tree = LeanIMT::<_, N, 32>::new(Blake3Hasher);
        tree.insert_many(&leaves(700)).unwrap();
        let old = tree.head().unwrap();
        let mine = tree.snapshot().generate_proof(699).unwrap();
        tree.insert_many(&leaves(900)).unwrap();
        let new = tree.head().unwrap();
        let snapshot = tree.snapshot();

        let inclusion = snapshot.generate_proof(801).unwrap();
        let growth = snapshot
            .generate_consistency_proof(old.size, old.root)
            .unwrap();
        let multi = snapshot.generate_multiproof(&[0, 801, 1599]).unwrap();
        let range = snapshot.generate_range_proof(3..1500).unwrap();
        let news = snapshot
            .generate_catch_up_proof(old.size, old.root)
            .unwrap();
        let batch = [inclusion.clone(), inclusion.clone()];
        assert_eq!(
            calls(|| {
                inclusion.verify_against(hasher, new).unwrap();
                growth.verify_against(hasher, old, new).unwrap();
                multi.verify_against(hasher, new).unwrap();
                range.verify_against(hasher, new).unwrap();
                news.verify_against(hasher, old, new).unwrap();
                NaryProof::verify_batch(hasher, new, &batch).unwrap();
                growth
                    .update_inclusion_proof(hasher, &mine, old, new)
                    .unwrap()
            }),
            0
        );
        let bytes = [
            inclusion.to_bytes().unwrap(),
            growth.to_bytes().unwrap(),
            multi.to_bytes().unwrap(),
            range.to_bytes().unwrap(),
            news.to_bytes().unwrap(),
        ];
        assert_eq!(
            calls(|| {
                let [inclusion, growth, multi, range, news] = &bytes;
                let inclusion = UnrootedInclusion::<N>::from_bytes(inclusion).unwrap();
                inclusion.verify_against(hasher, new).unwrap();
                let growth = UnrootedConsistency::<N>::from_bytes(growth).unwrap();
                growth.verify_against(hasher, old, new).unwrap();
                let multi = UnrootedMulti::<N>::from_bytes(multi).unwrap();
                multi.verify_against(hasher, new).unwrap();
                let range = UnrootedRange::<N>::from_bytes(range).unwrap();
                range.verify_against(hasher, new).unwrap();
                let news = UnrootedCatchUp::<N>::from_bytes(news).unwrap();
                news.verify_against(hasher, old, new).unwrap();
                inclusion.to_nary::<_, 32>(hasher).unwrap()
            }),
            0
        );
        assert_eq!(
            calls(|| {
                for bytes in &bytes {
                    let proof = AnyProof::from_bytes(bytes, N).unwrap();
                    let verdict = match proof.old_size() {
                        Some(_) => proof.verify_against(hasher, (old, new)),
                        None => proof.verify_against(hasher, new),
                    };
                    verdict.unwrap();
                    assert_eq!(
                        proof.leaves().count() == 0,
                        proof.kind() == Kind::Consistency
                    );
                }
            }),
            0
        );
    }
    test::<2>();
    test::<3>();
    test::<16>();
}

#[test]
fn refusing_hostile_bytes_allocates_nothing() {
    // Counts that no input holds, behind headers of every kind.
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    for kind in 3..=7 {
        for zeros in 0..200 {
            let mut bytes = vec![kind, 1, 2];
            bytes.extend(huge);
            bytes.extend(huge);
            bytes.resize(bytes.len() + zeros, 0);
            let allocations = calls(|| match kind {
                3 => UnrootedInclusion::<2>::from_bytes(&bytes).is_err(),
                4 => UnrootedConsistency::<2>::from_bytes(&bytes).is_err(),
                5 => UnrootedMulti::<2>::from_bytes(&bytes).is_err(),
                6 => UnrootedRange::<2>::from_bytes(&bytes).is_err(),
                _ => UnrootedCatchUp::<2>::from_bytes(&bytes).is_err(),
            });
            assert_eq!(allocations, 0);
        }
    }
}
