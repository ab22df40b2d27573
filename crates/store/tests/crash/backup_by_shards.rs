//! Backups of several shards that are cut short: they are as they were until they are whole, and go
//! on behind the last whole shard, unless the tree was put back meanwhile.

use std::{
    collections::BTreeSet,
    io::ErrorKind,
    ops::Range,
    sync::{Arc, LazyLock},
};

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_lean_imt::{TreeHead, reference};
use rotortree_store::{
    fs::FsStorage,
    manifest::Manifest,
    memory::MemoryStorage,
    storage::Storage,
    test_util::sim_files::{Bound, Effect, Fault, SimFiles},
};

use super::{
    faults::Watchdog,
    workload::{Tree, config},
};

const SHARD: u64 = 128 * 128;
const EARLIER: usize = 300;
const LEAVES: usize = 2 * SHARD as usize + 700;

fn leaves() -> &'static [Hash] {
    static LEAVES_: LazyLock<Vec<Hash>> = LazyLock::new(|| reference::sample_leaves(60, LEAVES));
    &LEAVES_
}

fn place(files: &SimFiles) -> Arc<dyn Storage> {
    Arc::new(FsStorage::with_shard_chunks(files.clone(), "/backup", 128))
}

fn append(tree: &Tree<2>, range: Range<usize>, metadata: &[u8]) {
    let append = tree.append(&leaves()[range]).metadata(metadata);
    append.durable().unwrap();
}

/// A tree in memory, and its backup at `EARLIER` leaves; then the tree goes on.
fn begun() -> (Tree<2>, SimFiles) {
    let memory = Arc::new(MemoryStorage::new());
    let tree = config::<2>().storage(memory).open(Blake3Hasher).unwrap();
    append(&tree, 0..EARLIER, b"earlier");
    let files = SimFiles::new();
    tree.backup_to(place(&files)).unwrap();
    append(&tree, EARLIER..LEAVES, b"whole");
    (tree, files)
}

/// Opens a copy of the backup, every node verified: size and metadata, which belong together.
fn restored(files: &SimFiles, tree: &Tree<2>) -> u64 {
    let storage = place(&files.settled());
    let restored = config::<2>().storage(storage).open(Blake3Hasher).unwrap();
    restored.verify().unwrap();
    let snapshot = restored.snapshot();
    let metadata: &[u8] = match snapshot.size() as usize {
        EARLIER => b"earlier",
        LEAVES => b"whole",
        other => panic!("{other} leaves"),
    };
    assert_eq!(snapshot.metadata(), Some(metadata));
    let original = tree.snapshot().snapshot_at(snapshot.size()).unwrap();
    assert_eq!(snapshot.root(), original.root());
    snapshot.size()
}

#[test]
fn a_backup_that_is_cut_short_is_as_it_was_and_goes_on_behind_its_last_shard() {
    let watchdog = Watchdog::start();
    let (tree, earlier) = begun();
    let mut stops = BTreeSet::new();
    for number in 0.. {
        watchdog.case(format!("call {number} fails"));
        let files = earlier.settled();
        files.inject(Fault::new(number, Effect::Error(ErrorKind::Other)).within("/backup"));
        let outcome = tree.backup_to(place(&files));
        if files.struck() == 0 {
            assert_eq!(outcome.unwrap().copied, EARLIER as u64..LEAVES as u64);
            break;
        }
        files.heal();
        restored(&files, &tree);
        let report = tree.backup_to(place(&files)).unwrap();
        assert_eq!(report.leaves.end, LEAVES as u64);
        stops.insert(report.copied.start);
        assert_eq!(restored(&files, &tree), LEAVES as u64);
    }
    let shards = [EARLIER as u64, SHARD, 2 * SHARD, LEAVES as u64];
    assert!(stops.iter().all(|stop| shards.contains(stop)), "{stops:?}");
    assert!(
        stops.is_superset(&shards[..3].iter().copied().collect()),
        "{stops:?}"
    );
}

#[test]
fn a_backup_of_several_shards_survives_every_crash() {
    let watchdog = Watchdog::start();
    let (tree, files) = begun();
    let begun = files.operations();
    tree.backup_to(place(&files)).unwrap();
    for point in files.journal().points() {
        if point.operations() < begun {
            continue;
        }
        watchdog.case(format!("a crash after operation {}", point.operations()));
        for image in point.images(Bound::new(3, 7)) {
            restored(&image.files, &tree);
            tree.backup_to(place(&image.files)).unwrap();
            assert_eq!(restored(&image.files, &tree), LEAVES as u64);
        }
    }
}

/// The manifest of the backup.
fn manifest(files: &SimFiles) -> Manifest {
    let bytes = place(files).load_manifest().unwrap().unwrap();
    Manifest::decode("backup", &bytes).unwrap()
}

/// The head up to which a call that was cut short has carried chunks.
fn carried(files: &SimFiles) -> Option<TreeHead> {
    manifest(files).backup_of.unwrap().carried
}

/// A copy of the files after a backup one of whose calls has failed.
fn cut(tree: &Tree<2>, files: &SimFiles, call: u64) -> SimFiles {
    let files = files.settled();
    files.inject(Fault::new(call, Effect::Error(ErrorKind::Other)).within("/backup"));
    // A removal that fails ends no backup.
    drop(tree.backup_to(place(&files)));
    assert!(files.struck() > 0);
    files.heal();
    files
}

/// What was carried is of another history then, and other bytes take its place: it counts for
/// nothing before the first of them, also to a tree that has that history again.
#[test]
fn what_was_carried_counts_for_nothing_once_the_tree_was_put_back() {
    let watchdog = Watchdog::start();
    let files = SimFiles::new();
    let open = |files: &SimFiles| {
        let storage = Arc::new(FsStorage::with_files(files.clone(), "/tree"));
        config::<2>().storage(storage).open(Blake3Hasher).unwrap()
    };
    let tree = open(&files);
    append(&tree, 0..EARLIER, b"earlier");
    tree.backup_to(place(&files)).unwrap();
    tree.close().unwrap();
    let [tree, put_back] = [files.settled(), files.settled()].map(|files| open(&files));
    append(&tree, EARLIER..LEAVES, b"whole");
    let others = reference::sample_leaves(61, LEAVES);
    put_back
        .append(&others)
        .metadata(b"other")
        .durable()
        .unwrap();

    let mut cuts = (0..).map(|call| {
        watchdog.case(format!("call {call} fails"));
        cut(&tree, &files, call)
    });
    let files = cuts.find(|files| carried(files).is_some()).unwrap();
    for call in 0.. {
        watchdog.case(format!("call {call} of the tree that was put back fails"));
        let files = cut(&put_back, &files, call);
        if manifest(&files).size > EARLIER as u64 {
            // A whole backup of the tree that was put back.
            continue;
        }
        let has_carried = carried(&files).is_some_and(|head| {
            let own = put_back.snapshot().snapshot_at(head.size).unwrap();
            own.root() == Some(head.root)
        });
        tree.backup_to(place(&files)).unwrap();
        assert_eq!(restored(&files, &tree), LEAVES as u64);
        if has_carried {
            break;
        }
    }
}
