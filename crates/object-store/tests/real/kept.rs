//! Buckets that keep more than they are told, and places with objects that do not belong there.

use std::{sync::Arc, thread, time::Duration};

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::{
    ObjectStore, ObjectStoreExt as _,
    aws::{AmazonS3Builder, Checksum},
    path::Path,
};
use rotortree_hasher::Blake3Hasher;
use rotortree_lean_imt::reference::sample_leaves;
use rotortree_object_store::ObjectStorage;
use rotortree_store::test_util::watchdog::limit_this_process;
use tokio::runtime::{Builder, Runtime};

use crate::{
    backend::tree,
    observed::Tree,
    place::{fresh, s3, store},
};

fn storage(store: &Arc<dyn ObjectStore>, path: &Path) -> ObjectStorage {
    let storage = ObjectStorage::new(Arc::clone(store), path.as_ref());
    storage
        .take_over(true)
        .heartbeat(Duration::from_secs(3600))
        .grace(Duration::ZERO)
}

fn place(path: &Path) -> ObjectStorage {
    storage(&store().0, path)
}

/// A writer, a collection, a takeover and a replica.
fn live_in(bucket: AmazonS3Builder) {
    limit_this_process();
    let store: Arc<dyn ObjectStore> = Arc::new(bucket.clone().build().unwrap());
    let path = fresh(&Path::default());
    let leaves = sample_leaves(7, 2000);
    let place = || storage(&store, &path);
    let first = tree(place()).unwrap();
    for part in leaves[..1500].chunks(300) {
        first.append(part).durable().unwrap();
        first.checkpoint().unwrap();
    }
    // Times of objects are seconds in some stores.
    thread::sleep(Duration::from_millis(1100));
    first.insert_durable(leaves[1500]).unwrap();
    first.checkpoint().unwrap();
    // The owner collects by itself as well.
    place().collect_orphans().unwrap();
    let left = Objects::at(&path, bucket).names("manifest");
    assert!(left.len() <= 3, "{left:?}");
    drop(first);
    let second = tree(place()).unwrap();
    second.append(&leaves[1501..]).durable().unwrap();
    second.checkpoint().unwrap();
    let replica = Tree::on(Arc::new(place()))
        .open_read_only(Blake3Hasher)
        .unwrap();
    let snapshot = replica.snapshot();
    assert_eq!(snapshot.head(), second.head());
    for index in [0, 1499, 1500, 1999] {
        let proof = snapshot.generate_proof(index).unwrap();
        proof
            .verify_against(&Blake3Hasher, second.head().unwrap())
            .unwrap();
    }
    second.close().unwrap();
    let last = tree(place()).unwrap();
    last.verify().unwrap();
    assert_eq!(last.size(), 2000);
}

#[test]
#[ignore = "`cargo xtask bucket` runs it, with a store"]
fn a_tree_lives_in_a_bucket_that_keeps_versions() {
    live_in(s3().with_bucket_name("versioned"));
}

#[test]
#[ignore = "`cargo xtask bucket` runs it, with a store"]
fn a_tree_lives_in_a_bucket_that_locks_its_objects() {
    // Such a bucket wants a checksum of each object.
    live_in(
        s3().with_bucket_name("locked")
            .with_checksum_algorithm(Checksum::SHA256),
    );
}

/// The objects below a path.
struct Objects {
    /// Its connections are of this runtime, and no tree's.
    store: Arc<dyn ObjectStore>,
    path: Path,
    runtime: Runtime,
}

impl Objects {
    /// A fresh place with a closed tree.
    fn of_a_tree(seed: u64) -> Self {
        let path = fresh(&store().1);
        let tree = tree(place(&path)).unwrap();
        tree.append(&sample_leaves(seed, 700)).durable().unwrap();
        tree.checkpoint().unwrap();
        tree.insert_durable([9; 32]).unwrap();
        tree.close().unwrap();
        Self::at(&path, s3())
    }

    fn at(path: &Path, bucket: AmazonS3Builder) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        Self {
            store: Arc::new(bucket.build().unwrap()),
            path: path.clone(),
            runtime: runtime.unwrap(),
        }
    }

    /// The names in a folder, in the store's order.
    fn names(&self, folder: &str) -> Vec<Path> {
        let folder = self.path.clone().join(folder);
        let listed = self
            .store
            .list(Some(&folder))
            .map_ok(|object| object.location);
        self.runtime.block_on(listed.try_collect()).unwrap()
    }

    fn read(&self, path: &Path) -> Bytes {
        let read = async { self.store.get(path).await?.bytes().await };
        self.runtime.block_on(read).unwrap()
    }

    fn write(&self, path: &Path, bytes: &Bytes) {
        let write = self.store.put(path, bytes.clone().into());
        self.runtime.block_on(write).unwrap();
    }

    /// Opens the tree and reads every leaf.
    fn open(&self) -> Result<u64, String> {
        let tree = tree(place(&self.path)).map_err(|error| error.to_string())?;
        tree.verify().map_err(|error| error.to_string())?;
        let size = tree.size();
        tree.close().map_err(|error| error.to_string())?;
        Ok(size)
    }
}

#[test]
#[ignore = "`cargo xtask bucket` runs it, with a store"]
fn objects_cut_swapped_or_of_another_tree_are_told_and_the_tree_goes_on_once_they_are_back() {
    limit_this_process();
    let (tree, other) = (Objects::of_a_tree(1), Objects::of_a_tree(2));
    let of_other = |path: &Path| {
        let name = path.as_ref().strip_prefix(tree.path.as_ref()).unwrap();
        Path::from(format!("{}{name}", other.path))
    };
    for folder in ["manifest", "index", "log"] {
        let mut names = tree.names(folder);
        let path = match folder {
            // The newest sorts first.
            "manifest" => names.swap_remove(0),
            _ => names.pop().unwrap(),
        };
        let right = tree.read(&path);
        let mut newer = right.to_vec();
        newer[4] = 9;
        let swapped = match folder {
            "manifest" => tree.names("index").swap_remove(0),
            _ => tree.names("manifest").swap_remove(0),
        };
        let mut wrongs = vec![
            ("cut", right.slice(..right.len() / 2)),
            ("newer", newer.into()),
            ("swapped", tree.read(&swapped)),
        ];
        if folder == "manifest" {
            wrongs.push(("another tree's", other.read(&of_other(&path))));
        }
        for (kind, wrong) in wrongs {
            tree.write(&path, &wrong);
            let error = tree.open().unwrap_err();
            assert!(error.contains(path.as_ref()), "{folder}, {kind}: {error}");
            if kind == "newer" {
                assert!(error.contains("format version 9"), "{error}");
            }
            tree.write(&path, &right);
        }
    }
    assert_eq!(tree.open().unwrap(), 701);
}

#[test]
#[ignore = "`cargo xtask bucket` runs it, with a store"]
fn an_object_that_is_not_ours_is_told_where_there_is_no_tree_and_stays_where_there_is_one() {
    limit_this_process();
    let tree = Objects::of_a_tree(3);
    let photo = tree.path.clone().join("photo.jpg");
    tree.write(&photo, &Bytes::from_static(b"a photo"));
    assert_eq!(tree.open().unwrap(), 701);
    place(&tree.path).collect_orphans().unwrap();
    assert_eq!(tree.read(&photo), "a photo");

    let empty = fresh(&tree.path);
    tree.write(
        &empty.clone().join("photo.jpg"),
        &Bytes::from_static(b"a photo"),
    );
    let error = crate::backend::tree(place(&empty)).map(drop);
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("photo.jpg") && error.contains("empty place"),
        "{error}"
    );
}
