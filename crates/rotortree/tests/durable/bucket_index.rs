//! An index of a tree in a bucket: requests of its lookups, counted.

use std::sync::Arc;

use rotortree::{
    Blake3Hasher, IndexOptions, IndexView, LeafIndex, RotorTree,
    object_store::ObjectStorage,
    store::{chunk::CHUNK_NODES, storage::Storage},
};

type Tree = RotorTree<Blake3Hasher, 4, 20>;

fn leaf(number: u64) -> [u8; 32] {
    let mut leaf = [0x5a; 32];
    leaf[..8].copy_from_slice(&number.to_le_bytes());
    leaf
}

fn gets(storage: &ObjectStorage) -> u64 {
    let mut gets = 0;
    storage.counters(&mut |name, value| {
        if name == "gets" {
            gets = value;
        }
    });
    gets
}

#[test]
fn a_lookup_in_a_bucket_takes_one_request_for_a_leaf_that_is_there_and_none_for_another() {
    const CHUNKS: u64 = 40;
    let directory = tempfile::tempdir().unwrap();
    let options = IndexOptions::in_file(directory.path().join("leaves.index"));
    let bucket = ObjectStorage::from_url("memory:///index").unwrap();
    let index = LeafIndex::new(options.clone());
    let tree = Tree::on(Arc::new(bucket.new_handle()))
        .insert_hook(index.hook())
        .open(Blake3Hasher)
        .unwrap();
    let leaves: Vec<_> = (0..CHUNKS * CHUNK_NODES).map(leaf).collect();
    tree.insert_many(&leaves).unwrap();
    tree.checkpoint().unwrap();
    index.save().unwrap();
    tree.close().unwrap();

    // A handle of its own, whose memory has no chunk of the writer.
    let storage = Arc::new(bucket.new_handle());
    let reader = Tree::on(Arc::clone(&storage) as Arc<dyn Storage>)
        .verify_checkpoint(false)
        .open_read_only(Blake3Hasher)
        .unwrap();
    let view = IndexView::open(&options.rebuild(false), reader.snapshot()).unwrap();
    let before = gets(&storage);
    for absent in 0..2000 {
        assert!(!view.contains(&leaf(1 << 40 | absent)).unwrap());
    }
    assert_eq!(gets(&storage), before, "no leaf was read");
    for chunk in 0..CHUNKS {
        let (number, before) = (chunk * CHUNK_NODES + chunk, gets(&storage));
        assert_eq!(view.find(&leaf(number)).unwrap(), Some(number));
        assert_eq!(gets(&storage) - before, 1, "chunk {chunk}");
    }
}
