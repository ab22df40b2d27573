//! Shards that an opening does not look at: opened when a node of theirs is read first, in the
//! store that the tree was opened in, whatever befalls its directory.

use std::{sync::Arc, thread};

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_lean_imt::{NodeSource, TreeError, TreeSnapshot, reference::sample_leaves};
use rotortree_store::{
    CheckpointPolicy, ReadOnly, RotorTree, RotorTreeBuilder, StorageError,
    cold::storage_error,
    fs::FsStorage,
    storage::{Reads, Stream},
    test_util::sim_files::SimFiles,
};

use super::store::{Store, Tree as InMemory};

type Tree = RotorTree<Blake3Hasher, 2, 32>;
type View = ReadOnly<Blake3Hasher, 2, 32>;
type Snapshot = TreeSnapshot<2, 32>;

const READS: [Reads; 2] = [Reads::Mapped, Reads::Positioned];
/// Three shards of leaves, the last of which is not full.
const SIZE: usize = 40_000;
/// A leaf of the first shard.
const LEAF: u64 = 5_000;

fn builder(files: &SimFiles, path: &str, reads: Reads) -> RotorTreeBuilder<Tree> {
    let storage = FsStorage::with_shard_chunks(files.clone(), path, 128);
    Tree::on(Arc::new(storage))
        .checkpoint_policy(CheckpointPolicy::Manual)
        .reads(reads)
        .verify_checkpoint(false)
}

fn open(files: &SimFiles, path: &str, reads: Reads) -> Tree {
    builder(files, path, reads).open(Blake3Hasher).unwrap()
}

/// Makes a store of these leaves at `path`.
fn make(files: &SimFiles, path: &str, leaves: &[Hash]) {
    let tree = open(files, path, Reads::Mapped);
    tree.insert_many(leaves).unwrap();
    tree.checkpoint().unwrap();
    tree.close().unwrap();
}

fn prove(snapshot: &Snapshot, leaves: &[Hash]) -> Result<(), TreeError> {
    let proof = snapshot.generate_proof(LEAF)?;
    let head = snapshot.head().unwrap();
    assert_eq!(proof.leaf, leaves[LEAF as usize]);
    proof.verify_against(&Blake3Hasher, head).unwrap();
    Ok(())
}

#[test]
fn an_opening_asks_for_last_shards_and_a_first_read_for_its_own() {
    let leaves = sample_leaves(50, 128 * 300);
    let mut store = Store::with_shard_chunks(2, 128);
    let mut tree = InMemory::<2>::new(rotortree_hasher::ToyHasher::new());
    tree.insert_many(&leaves).unwrap();
    store.checkpoint(&tree.snapshot()).unwrap();
    let (chunks, sums) = (Stream::Chunks, Stream::Sums);
    for reads in READS {
        let cold = store.cold(reads);
        let asked = store.place.take_asked();
        assert_eq!(asked[..2], [(chunks, 0, 2, 44), (chunks, 1, 1, 22)]);
        assert_eq!(asked.len(), 9, "one for each level with a chunk");
        assert_eq!(cold.regions(), 9);
        let read = |start: u64| {
            let mut out = [[0; 32]; 2];
            cold.read(0, start, &mut out).unwrap();
            assert_eq!(out, leaves[start as usize..][..2]);
            store.place.take_asked()
        };
        assert_eq!(read(128 * 200), [(chunks, 0, 1, 128), (sums, 0, 1, 1)]);
        assert_eq!(read(128 * 250), []);
        // Both shards that are not open yet, or one of them, in one reading.
        assert_eq!(
            read(128 * 128 - 1),
            [(chunks, 0, 0, 128), (sums, 0, 0, 1)],
            "the second one is open"
        );
        assert_eq!(cold.regions(), 13);
        cold.check_all(&mut |_| {}).unwrap();
        let asked = store.place.take_asked();
        assert_eq!(asked, [(chunks, 1, 0, 128), (sums, 1, 0, 1)]);
        // What was opened is shared with an extension, and what was not is not opened by one.
        let cold = store.cold(reads);
        store.place.take_asked();
        let extended = cold.extend(&store.manifest).unwrap();
        assert_eq!(store.place.take_asked(), []);
        extended.read(0, 0, &mut [[0; 32]]).unwrap();
        cold.read(0, 1, &mut [[0; 32]]).unwrap();
        assert_eq!(store.place.take_asked().len(), 2);
    }
}

#[test]
fn threads_that_read_first_at_once_all_read() {
    let leaves = sample_leaves(51, SIZE);
    let files = SimFiles::new();
    make(&files, "/tree", &leaves);
    for reads in READS {
        let tree = open(&files, "/tree", reads);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| prove(&tree.snapshot(), &leaves).unwrap());
            }
        });
        tree.close().unwrap();
    }
}

#[test]
fn a_first_read_stays_with_the_directory_that_was_opened() {
    let leaves = sample_leaves(52, SIZE);
    let others = sample_leaves(53, SIZE);
    for reads in READS {
        for is_closed in [false, true] {
            let files = SimFiles::new();
            make(&files, "/tree", &leaves);
            make(&files, "/other", &others);
            let tree = open(&files, "/tree", reads);
            let view: View = builder(&files, "/tree", reads)
                .open_read_only(Blake3Hasher)
                .unwrap();
            let snapshots = [tree.snapshot(), view.snapshot()];
            if is_closed {
                tree.close().unwrap();
            }
            files.move_to("/tree", "/moved");
            files.move_to("/other", "/tree");
            for snapshot in &snapshots {
                prove(snapshot, &leaves).unwrap();
            }
        }
    }
}

#[test]
fn a_first_read_of_a_removed_directory_is_an_error_and_later_ones_go_on() {
    let leaves = sample_leaves(54, SIZE);
    for reads in READS {
        let files = SimFiles::new();
        make(&files, "/tree", &leaves);
        let tree = open(&files, "/tree", reads);
        let used = tree.snapshot();
        let unused = open_view(&files, reads).snapshot();
        prove(&used, &leaves).unwrap();
        files.remove_dir("/tree");
        // The views of a shard outlive its name.
        prove(&used, &leaves).unwrap();
        match storage_error(prove(&unused, &leaves).unwrap_err()) {
            StorageError::Io(error) => {
                let told = error.to_string();
                assert!(told.contains("directory was removed"), "{told}");
            }
            other => panic!("{other}"),
        }
    }
}

fn open_view(files: &SimFiles, reads: Reads) -> View {
    let view = builder(files, "/tree", reads).open_read_only(Blake3Hasher);
    view.unwrap()
}

#[test]
fn a_full_shard_that_is_gone_or_another_trees_is_told_at_first_use_and_by_verify() {
    let leaves = sample_leaves(55, SIZE);
    let others = sample_leaves(56, SIZE);
    let name = "levels/00/000000.chunks";
    for reads in READS {
        let files = SimFiles::new();
        make(&files, "/tree", &leaves);
        make(&files, "/other", &others);
        let theirs = files.read_file(format!("/other/{name}")).unwrap();
        let ours = files.read_file(format!("/tree/{name}")).unwrap();

        let tree = open(&files, "/tree", reads);
        files.write_file(format!("/tree/{name}"), &theirs);
        let is_foreign =
            |error| matches!(error, StorageError::CrcMismatch { file, .. } if file.ends_with(name));
        let first_use = || storage_error(prove(&tree.snapshot(), &leaves).unwrap_err());
        assert!(is_foreign(first_use()));
        assert!(is_foreign(tree.verify().unwrap_err()));
        drop(tree);

        files.remove_file(format!("/tree/{name}"));
        let tree = open(&files, "/tree", reads);
        let is_missing = |error| matches!(error, StorageError::DataCorruption { file, .. } if file.ends_with(name));
        let first_use = || storage_error(prove(&tree.snapshot(), &leaves).unwrap_err());
        assert!(is_missing(first_use()));
        assert!(is_missing(tree.verify().unwrap_err()));
        // Inserts and checkpoints need no full shard, and the shard may come back.
        tree.insert_durable(leaves[0]).unwrap();
        tree.checkpoint().unwrap();
        files.write_file(format!("/tree/{name}"), &ours);
        prove(&tree.snapshot(), &leaves).unwrap();
        tree.verify().unwrap();
        tree.close().unwrap();
        let verified = builder(&files, "/tree", reads).verify_checkpoint(true);
        verified.open(Blake3Hasher).unwrap().close().unwrap();
        files.remove_file(format!("/tree/{name}"));
        let verified = builder(&files, "/tree", reads).verify_checkpoint(true);
        let refused = verified.open(Blake3Hasher).unwrap_err();
        assert!(refused.to_string().contains(name), "{refused}");
    }
}

#[test]
fn a_view_goes_on_with_the_copy_of_a_shard_that_was_hard_linked() {
    let leaves = sample_leaves(57, 3 * SIZE);
    for reads in READS {
        let files = SimFiles::new();
        make(&files, "/tree", &leaves[..SIZE]);
        let tree = open(&files, "/tree", reads);
        let view = open_view(&files, reads);
        let held = view.snapshot();
        files.link_dir("/tree", "/linked");
        // The writer copies the last shard of each level, and goes on in the copy.
        tree.insert_many(&leaves[SIZE..]).unwrap();
        tree.checkpoint().unwrap();
        assert_eq!(tree.stats().view_failures, 0);
        view.refresh().unwrap();
        assert_eq!(view.snapshot().head(), tree.snapshot().head());
        assert_eq!(view.snapshot().get_node(0, 45_000).unwrap(), leaves[45_000]);
        prove(&held, &leaves).unwrap();
        prove(&view.snapshot(), &leaves).unwrap();
        tree.verify().unwrap();
    }
}
