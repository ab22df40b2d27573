//! A process that is killed between the rename of a manifest and the sync of its directory: the
//! next process finds that manifest in the cache alone, and the power goes at any of its own
//! operations. The older manifest may come back then, and has to be that of a store.

use rotortree_store::test_util::sim_files::{Bound, SimFiles};

use super::{
    check::{Reference, recover},
    faults::Watchdog,
    workload::{History, Step},
};

const FIRST: [&[Step]; 4] = [
    // Rotations by size.
    &[
        Step::Batch,
        Step::Flush,
        Step::Batch,
        Step::Flush,
        Step::Insert,
        Step::Flush,
    ],
    &[Step::Batch, Step::Checkpoint, Step::Insert, Step::Flush],
    // Orderly closes, one of which leaves a log.
    &[Step::Insert, Step::Reopen, Step::Insert, Step::Reopen],
    &[
        Step::Batch,
        Step::Checkpoint,
        Step::Reopen,
        Step::Metadata,
        Step::Reopen,
    ],
];

/// The steps of the next process, which opens lazily where the manifest is that of a close.
const THEN: [&[Step]; 3] = [
    &[],
    &[Step::Insert, Step::Flush],
    &[
        Step::Reopen,
        Step::Checkpoint,
        Step::Insert,
        Step::Checkpoint,
    ],
];

#[test]
fn a_manifest_that_only_the_cache_had_is_durable_before_anything_relies_on_it() {
    let watchdog = Watchdog::start();
    let mut reference = Reference::default();
    let (mut starts, mut images) = (0, 0);
    for first in FIRST {
        let files = SimFiles::new();
        let mut history = History::default();
        let tree = history.run::<2>(&files, first);
        for point in files.journal().points() {
            let at = point.operations();
            let is_commit = point.after().contains("rename") && point.after().contains("MANIFEST");
            if !is_commit || at < history.marks[0].operations {
                continue;
            }
            let bounds = history.bounds_at(at);
            for then in THEN {
                starts += 1;
                let killed = point.killed();
                let found = {
                    let (tree, found) =
                        recover::<2>(&point.killed(), &history, bounds, &mut reference);
                    drop(tree);
                    found
                };
                let size = history.states[found].size as usize;
                let mut later = History::starting_with(
                    history.leaves[..size].to_vec(),
                    history.states[..=found].to_vec(),
                    bounds.0,
                );
                let tree = later.run::<2>(&killed, then);
                for crash in killed.journal().points() {
                    let bounds = later.bounds_at(crash.operations());
                    for image in crash.images(Bound::new(6, crash.operations() as u64)) {
                        watchdog.case(format!(
                            "{first:?}, killed after {at}; {then:?}, power lost after {} ({}) {:?}",
                            crash.operations(),
                            crash.after(),
                            image.picks
                        ));
                        recover::<2>(&image.files, &later, bounds, &mut reference);
                        images += 1;
                    }
                }
                drop(tree);
            }
        }
        drop(tree);
    }
    println!("killed at a manifest: {starts} openings, {images} images");
    assert!(starts > 30 && images > 2000);
}
