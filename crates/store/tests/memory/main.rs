//! The memory of opening and reading a store, under a counting allocator: hostile lengths in every
//! field, sparse files of any length, crafted manifests, and the replay of large honest logs. Row
//! 15 of `docs/durability/faults.md`.
//!
//! No test here measures time. But a file of a tebibyte that is read byte by byte does not end
//! before the watchdog does.
#![expect(clippy::unwrap_used, reason = "a test fails where an unwrap does")]
#![expect(clippy::print_stdout, reason = "the tests tell what they measured")]

#[path = "../common/counted.rs"]
mod common_counted;
mod costs;
mod fields;
mod hook;
#[path = "../common/intercepted.rs"]
mod intercepted;
mod replay;
#[cfg(target_os = "linux")]
mod sparse;
mod store;

use rotortree_store::test_util::counting::{self, Counting, alone, peak};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn what_is_allocated_is_counted_while_it_is_there() {
    alone(|| {
        let (kept, most) = peak(|| {
            drop(vec![1u8; 3 << 20]);
            let mut grown = vec![2u8; 1 << 20];
            grown.reserve_exact(3 << 20);
            grown
        });
        assert!(kept.capacity() >= 4 << 20);
        assert!((4 << 20..6 << 20).contains(&most), "{most}");
        drop(kept);
        let (_, most) = peak(|| vec![0u8; 1 << 30].len());
        assert!(most >= 1 << 30, "zeroed memory counts too: {most}");
    });
}
