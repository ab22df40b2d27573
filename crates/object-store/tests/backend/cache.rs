//! A replica over a cache whose folder is damaged in any way: right answers, and requests for what
//! the folder does not have.

use std::{fs, path::Path, sync::Arc};

use rotortree_hasher::Blake3Hasher;
use rotortree_object_store::DiskCache;
use rotortree_store::storage::Storage;

use crate::place::{Bucket, Tree, append};

const LEAVES: u64 = 2000;

/// Proves every leaf over a cache in this folder, and returns the bytes that came from the store
/// since the replica was opened.
fn serve(bucket: &Bucket, folder: &Path) -> u64 {
    let cache = Arc::new(DiskCache::open(folder, 1 << 20).unwrap());
    // It is the disk that serves.
    let storage = Arc::new(bucket.storage().cache(cache).memory_bytes(1000));
    let opened = Tree::on(Arc::clone(&storage) as _).open_read_only(Blake3Hasher);
    let received = || {
        let mut bytes = 0;
        storage.counters(&mut |name, value| {
            if name == "bytes_received" {
                bytes = value;
            }
        });
        bytes
    };
    let (snapshot, before) = (opened.unwrap().snapshot(), received());
    for index in 0..LEAVES {
        let proof = snapshot.generate_proof(index).unwrap();
        proof
            .verify_against(&Blake3Hasher, snapshot.head().unwrap())
            .unwrap();
    }
    received() - before
}

fn files(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let files = fs::read_dir(folder).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let packs = paths.filter(|path| path.extension().is_some_and(|ending| ending == "pack"));
    let mut files: Vec<_> = packs
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn a_cache_that_was_cut_changed_swapped_or_exchanged_costs_requests_and_nothing_else() {
    let bucket = Bucket::new();
    let tree = bucket.open().unwrap();
    for round in 0..2 {
        append(&tree, round * LEAVES / 2, LEAVES / 2);
        tree.checkpoint().unwrap();
    }
    tree.close().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cache = Arc::new(DiskCache::open(folder.path(), 1 << 20).unwrap());
    bucket.storage().cache(cache).fill_cache().unwrap();
    assert_eq!(serve(&bucket, folder.path()), 0);
    let whole = files(folder.path());
    assert!(whole.len() >= 2);
    let change = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1;
        bytes
    };
    type Damage<'a> = (&'a str, Box<dyn Fn(usize) -> Vec<u8> + 'a>);
    let damages: [Damage<'_>; 6] = [
        ("emptied", Box::new(|_| Vec::new())),
        (
            "cut",
            Box::new(|file| whole[file].1[..whole[file].1.len() / 2].to_vec()),
        ),
        ("changed", Box::new(|file| change(&whole[file].1, 20_000))),
        ("another header", Box::new(|file| change(&whole[file].1, 9))),
        (
            "swapped",
            Box::new(|file| whole[(file + 1) % whole.len()].1.clone()),
        ),
        ("foreign", Box::new(|file| vec![file as u8; 50_000])),
    ];
    for (what, damaged) in &damages {
        for (file, (path, _)) in whole.iter().enumerate() {
            fs::write(path, damaged(file)).unwrap();
        }
        assert!(serve(&bucket, folder.path()) > 50_000, "{what}");
        assert_eq!(
            serve(&bucket, folder.path()),
            0,
            "{what}: it is there again"
        );
        for (path, bytes) in &whole {
            fs::write(path, bytes).unwrap();
        }
    }
}
