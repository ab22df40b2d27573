//! Large batches, whose chunks stand in place before their record: lost ones whose place gets other
//! bytes, chunks that are damaged under a record, and the bytes that a leaf costs.

use std::{ops::Range, path::PathBuf};

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_lean_imt::reference;
use rotortree_store::{
    RecoveryMode, RotorTreeError, StorageError,
    test_util::sim_files::{Bound, SimFiles},
};

use super::{
    check::Reference,
    faults::Watchdog,
    workload::{Tree, config, storage},
};

/// Leaves that no other seed has.
fn leaves(seed: u64, range: Range<usize>) -> Vec<Hash> {
    let mut leaves = reference::sample_leaves(seed, range.end);
    leaves.drain(..range.start);
    leaves
}

fn open(files: &SimFiles, recovery: RecoveryMode) -> Tree<2> {
    let config = config::<2>().recovery(recovery).storage(storage(files));
    config.open(Blake3Hasher).unwrap()
}

fn chunks() -> PathBuf {
    "/tree/levels/00/000000.chunks".into()
}

/// A batch that a crash took may have left its chunks. Another batch takes their place, and every
/// crash leaves one of the two whole, the second one once it was acknowledged.
#[test]
fn chunks_of_a_lost_batch_are_put_again_with_other_bytes() {
    let watchdog = Watchdog::start();
    let mut places_taken = 0;
    let files = SimFiles::new();
    let tree = open(&files, RecoveryMode::Strict);
    tree.append(&leaves(1, 0..70)).durable().unwrap();
    tree.append(&leaves(2, 70..1000)).submit().unwrap();
    tree.flush().unwrap();
    for point in files.journal().points() {
        for image in point.images(Bound::new(3, 1)) {
            watchdog.case(format!("{}, {:?}", point.after(), image.picks));
            let files = image.files;
            let tree = open(&files, RecoveryMode::Strict);
            let before = tree.size() as usize;
            if before > 70 {
                continue;
            }
            places_taken +=
                usize::from(files.read_file(chunks()).is_some_and(|it| it.len() > 8192));
            drop(tree);
            files.rebase();
            let tree = open(&files, RecoveryMode::Strict);
            let other = leaves(3, before..1100);
            tree.append(&other).submit().unwrap();
            let accepted = files.operations();
            tree.flush().unwrap();
            let flushed = files.operations();
            tree.checkpoint().unwrap();
            let mut expected = leaves(1, 0..before);
            expected.extend(other);
            for point in files.journal().points() {
                for image in point.images(Bound::new(2, 3)) {
                    let tree = open(&image.files, RecoveryMode::Strict);
                    let size = tree.size() as usize;
                    let is_whole = size == expected.len();
                    assert!(is_whole || size == before, "a part of a batch");
                    assert!(is_whole || point.operations() < flushed, "it was durable");
                    assert!(
                        !is_whole || point.operations() >= accepted,
                        "nothing told of it"
                    );
                    Reference::default().assert_equals(&tree.snapshot(), &expected[..size]);
                }
            }
        }
    }
    assert!(places_taken > 5, "chunks of lost batches: {places_taken}");
}

/// A batch of more chunks than one record refers to is whole or absent.
#[test]
fn a_batch_of_several_runs_is_whole_or_absent_after_every_crash() {
    let files = SimFiles::new();
    let tree = open(&files, RecoveryMode::Strict);
    tree.append(&leaves(1, 0..70)).durable().unwrap();
    let all = leaves(1, 0..2 * 256 * 128 + 300);
    tree.append(&all[70..]).submit().unwrap();
    let accepted = files.operations();
    tree.flush().unwrap();
    let flushed = files.operations();
    let (mut whole, mut absent) = (0, 0);
    let before = reference::root(&Blake3Hasher, 2, &all[..70]);
    let after = reference::root(&Blake3Hasher, 2, &all);
    for point in files.journal().points() {
        if point.operations() < accepted.saturating_sub(3) {
            continue;
        }
        for image in point.images(Bound::new(6, 5)) {
            let tree = open(&image.files, RecoveryMode::Strict);
            if tree.size() == 70 {
                assert!(point.operations() < flushed, "it was durable");
                assert_eq!(tree.root(), before);
                absent += 1;
            } else {
                assert_eq!((tree.size() as usize, tree.root()), (all.len(), after));
                whole += 1;
            }
        }
    }
    assert!(whole > 0 && absent > 0, "{whole} whole, {absent} absent");
}

/// A record whose chunks do not match is damage, whether or not the record was acknowledged: its
/// chunks were durable before it was written.
#[test]
fn a_record_whose_chunks_were_changed_is_damage_and_the_default_mode_cuts_there() {
    for attested in [false, true] {
        let files = SimFiles::new();
        let tree = open(&files, RecoveryMode::Strict);
        tree.append(&leaves(1, 0..70)).durable().unwrap();
        tree.append(&leaves(1, 70..1000)).durable().unwrap();
        if attested {
            tree.append(&leaves(1, 1000..1001)).durable().unwrap();
        }
        drop(files.clone());
        let killed = files.settled();
        let healthy = open(&killed.settled(), RecoveryMode::Strict);
        assert_eq!(healthy.size(), if attested { 1001 } else { 1000 });
        // Chunk 0 is in the log; the batch refers to chunks 1 to 6.
        for (chunk, is_referred) in [(0, false), (1, true), (4, true), (6, true)] {
            let files = killed.settled();
            let mut bytes = files.read_file(chunks()).unwrap();
            bytes[chunk * 4096 + 17] ^= 4;
            files.write_file(chunks(), &bytes);
            let strict = config::<2>().recovery(RecoveryMode::Strict);
            let strict = strict.storage(storage(&files)).open(Blake3Hasher);
            assert_eq!(strict.is_err(), is_referred, "chunk {chunk}");
            drop(strict);
            let tree = open(&files, RecoveryMode::default());
            let report = tree.recovery_report();
            assert_eq!(report.damage.is_some(), is_referred, "chunk {chunk}");
            if is_referred {
                assert_eq!(tree.size(), 70);
                // Everything that the cut records refer to is kept, for people to look at.
                let aside = files.files_below("/tree/aside");
                let is_kept = |leaf: &Hash| {
                    let mut files = aside.iter();
                    files.any(|(_, bytes)| bytes.windows(32).any(|window| window == leaf))
                };
                let lost = leaves(1, 128..1000);
                assert!(lost.iter().step_by(50).filter(|leaf| is_kept(leaf)).count() >= 17);
            }
        }
        // Chunks that are not there at all.
        let files = killed.settled();
        let mut bytes = files.read_file(chunks()).unwrap();
        bytes.truncate(3 * 4096);
        files.write_file(chunks(), &bytes);
        let strict = config::<2>().recovery(RecoveryMode::Strict);
        let error = strict.storage(storage(&files)).open(Blake3Hasher).map(drop);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("chunk 3"), "{error}");
        let reader = config::<2>().storage(storage(&files));
        let reader = reader.open_read_only(Blake3Hasher).unwrap();
        assert_eq!(reader.size(), 70);
    }
}

/// The log holds a large batch by four bytes a chunk, and the checkpoint writes its chunks no more.
#[test]
fn each_leaf_of_a_large_batch_is_written_once() {
    let files = SimFiles::new();
    let tree = open(&files, RecoveryMode::Strict);
    let batch = leaves(1, 0..128 * 40 + 50);
    let used = files.used();
    tree.append(&batch).durable().unwrap();
    let chunks = 128 * 40 * 32;
    let written = files.used() - used;
    assert!(
        (chunks..chunks + 8192).contains(&written),
        "{written} bytes"
    );
    let stored = files.read_file(self::chunks()).unwrap();
    assert_eq!(stored, batch[..128 * 40].as_flattened());

    // A file that is not written again keeps a change that was made behind the tree's back.
    let before = files.journal().len();
    tree.checkpoint().unwrap();
    let journal: Vec<String> = files.journal().describe().skip(before).collect();
    let on_level_0 = |what: &&String| what.contains("levels/00/000000.chunks");
    assert_eq!(
        journal.iter().filter(on_level_0).collect::<Vec<_>>(),
        [""; 0]
    );
    assert!(
        journal
            .iter()
            .any(|what| what.contains("levels/00") || what.contains("MANIFEST"))
    );
    tree.verify().unwrap();
    tree.close().unwrap();
    let tree = open(&files, RecoveryMode::Strict);
    Reference::default().assert_equals(&tree.snapshot(), &batch);
    tree.verify().unwrap();
}

/// The mark of an orderly close is gone before anything is put.
#[test]
fn a_large_batch_begins_the_log_of_a_closed_store_before_it_puts_its_chunks() {
    let files = SimFiles::new();
    let tree = open(&files, RecoveryMode::Strict);
    tree.append(&leaves(1, 0..70)).durable().unwrap();
    tree.close().unwrap();
    let tree = open(&files, RecoveryMode::Strict);
    let before = files.journal().len();
    tree.append(&leaves(1, 70..1000)).durable().unwrap();
    let journal: Vec<String> = files.journal().describe().skip(before).collect();
    let first = |what: &str| journal.iter().position(|it| it.contains(what)).unwrap();
    assert!(
        first("MANIFEST") < first("levels"),
        "{}",
        journal.join("\n")
    );
}

/// Where the chunks cannot be put, the batch goes through the log.
#[test]
fn a_batch_whose_chunks_are_refused_is_recorded_leaf_by_leaf() {
    use rotortree_store::test_util::sim_files::{Effect, Fault};
    for number in 0..40 {
        let files = SimFiles::new();
        let tree = open(&files, RecoveryMode::Strict);
        tree.append(&leaves(1, 0..70)).durable().unwrap();
        let fault = Fault::new(number, Effect::Error(std::io::ErrorKind::Other));
        files.inject(fault.within("/tree/levels"));
        let batch = leaves(1, 70..1000);
        tree.append(&batch).durable().unwrap();
        let struck = files.struck();
        files.heal();
        tree.append(&leaves(1, 1000..1001)).durable().unwrap();
        assert!(tree.stats().failure.is_none());
        for image in files.crash_images(Bound::new(4, number)) {
            let tree = open(&image.files, RecoveryMode::Strict);
            Reference::default().assert_equals(&tree.snapshot(), &leaves(1, 0..1001));
        }
        tree.checkpoint().unwrap();
        tree.verify().unwrap();
        if struck == 0 {
            assert!(number > 3, "no call was refused");
            return;
        }
    }
    panic!("calls of one batch without end");
}

#[test]
fn an_error_of_the_log_refuses_a_large_batch_for_good_as_any_other() {
    use rotortree_store::test_util::sim_files::{Effect, Fault};
    let files = SimFiles::new();
    let tree = open(&files, RecoveryMode::Strict);
    let fault = Fault::new(0, Effect::Error(std::io::ErrorKind::Other));
    files.inject(fault.within("/tree/log").for_good());
    let failed = tree.append(&leaves(1, 0..1000)).durable().unwrap_err();
    use StorageError::{FlushFailed, Unavailable};
    let is_told = matches!(
        failed,
        RotorTreeError::Storage(FlushFailed(_) | Unavailable(_))
    );
    assert!(is_told, "{failed:?}");
    files.heal();
    drop(tree);
    let size = open(&files, RecoveryMode::Strict).size();
    assert!(size == 0 || size == 1000, "{size}");
}

/// A sync that fails may take the bytes of all who write to the file: none of them is told that its
/// bytes are durable, and one that comes later begins anew.
#[test]
fn a_failed_sync_of_one_writer_of_chunks_fails_every_other_that_has_the_file_open() {
    use rotortree_store::{
        storage::{Locator, Shard, Stream},
        test_util::sim_files::{Call, Effect, Fault},
    };
    let files = SimFiles::new();
    let place = storage(&files);
    drop(open(&files, RecoveryMode::Strict));
    let _owner = place.acquire().unwrap();
    let shard = |level| Shard {
        stream: Stream::Chunks,
        level,
        index: 0,
    };
    let chunk = |seed: u8| vec![seed; 4096];
    let start = |level, first, seed| {
        let mut units = place.start_units(&[]).unwrap();
        units.put(shard(level), first, &chunk(seed)).unwrap();
        units
    };
    let (before, elsewhere) = (start(0, 0, 1), start(7, 0, 2));
    let failing = start(0, 1, 3);
    files.inject(Fault::new(0, Effect::LoseSync(std::io::ErrorKind::Other)).on(Call::Sync));
    failing.finish().unwrap_err();
    files.heal();
    let later = start(0, 2, 4);
    let told = before.finish().unwrap_err().to_string();
    assert!(told.contains("a sync of another writer failed"), "{told}");
    elsewhere.finish().unwrap();
    later.finish().unwrap();
    start(0, 0, 5).finish().unwrap();
    for image in files.crash_images(Bound::new(8, 1)) {
        let place = storage(&image.files);
        for (level, first, seed) in [(0, 0, 5), (0, 2, 4), (7, 0, 2)] {
            let mut bytes = chunk(0);
            let read = place.read_units(&Locator::default(), shard(level), first, &mut bytes);
            read.unwrap();
            assert!(bytes == chunk(seed), "chunk {first} of level {level}");
        }
    }
}
