//! Inputs of the store's targets: a manifest, and the files of a whole store.

use std::{path::PathBuf, sync::Arc};

use rotortree_hasher::Blake3Hasher;
use rotortree_store::{
    CheckpointPolicy, FlushPolicy, RecoveryMode, RotorTree, fs::FsStorage, manifest::Manifest,
    test_util::sim_files::SimFiles,
};

/// The tree of the inputs.
pub type Tree = RotorTree<Blake3Hasher, 2, 32>;

/// The files that an input can hold, by their number.
pub fn path(number: u8) -> PathBuf {
    let name = match number % 12 {
        0 => "MANIFEST".to_owned(),
        n @ 1..=4 => format!("log/{n:016}.wal"),
        n @ 5..=7 => format!("levels/{:02}/000000.chunks", n - 5),
        n @ 8..=10 => format!("levels/{:02}/000000.sums", n - 8),
        _ => "stray".to_owned(),
    };
    PathBuf::from("/tree").join(name)
}

/// The flag of an input whose manifest gets a valid checksum, to reach the code after the check.
pub const SEAL: u8 = 1;
/// The flag for strict recovery.
pub const STRICT: u8 = 2;

/// Leaves of a batch whose chunks are put before its record; it has no checkpoint in the samples.
const LARGE: usize = 512;

/// Appends a file to an input: its number, its length, its bytes.
pub fn push_file(input: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    input.push(number);
    input.extend((bytes.len() as u32).to_le_bytes());
    input.extend(bytes);
}

/// The files of an input.
pub(crate) fn files(mut input: &[u8]) -> Vec<(u8, &[u8])> {
    let mut files = Vec::new();
    while let Some((head, rest)) = input.split_first_chunk::<5>() {
        let len = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let (bytes, behind) = rest.split_at(len.min(rest.len()));
        files.push((head[0], bytes));
        input = behind;
    }
    files
}

/// Gives bytes the checksum that a manifest of these fields would have.
pub fn seal(bytes: &mut [u8]) {
    if let Some(at) = bytes.len().checked_sub(4) {
        let sum = crc32c::crc32c(&bytes[..at]);
        bytes[at..].copy_from_slice(&sum.to_le_bytes());
    }
}

/// Decoded manifests are canonical, and decoding does not panic.
pub fn check_manifest(input: &[u8]) {
    let mut sealed = input.to_vec();
    seal(&mut sealed);
    for bytes in [input, &sealed] {
        match Manifest::decode("manifest", bytes) {
            Ok(manifest) => assert_eq!(manifest.encode(), bytes, "one encoding for each manifest"),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// Opens a store of these settings.
pub fn open(
    files: &SimFiles,
    recovery: RecoveryMode,
) -> Result<Tree, rotortree_store::RotorTreeError> {
    let storage = FsStorage::with_files(files.clone(), "/tree");
    let builder = Tree::on(Arc::new(storage))
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual)
        .large_batch_bytes(LARGE * 32)
        .recovery(recovery);
    builder.open(Blake3Hasher)
}

/// Opens a store of these files. The store is refused, or has a consistent tree that can be written
/// and opened again.
pub fn check_store(input: &[u8]) {
    let Some((&flags, rest)) = input.split_first() else {
        return;
    };
    let disk = SimFiles::new();
    for (number, bytes) in files(rest) {
        let mut bytes = bytes.to_vec();
        if number % 12 == 0 && flags & SEAL != 0 {
            seal(&mut bytes);
        }
        disk.write_file(path(number), &bytes);
    }
    let mode = if flags & STRICT != 0 {
        RecoveryMode::Strict
    } else {
        RecoveryMode::StopAtLastValid
    };
    let Ok(tree) = open(&disk, mode) else { return };
    let size = tree.size();
    tree.verify().expect("opening verified it");
    let Ok((_, token)) = tree.insert([7; 32]) else {
        return;
    };
    token.wait().expect("nothing fails here");
    tree.close().expect("nothing fails here");
    let again = open(&disk, RecoveryMode::Strict).expect("a store that was closed in order opens");
    assert_eq!(again.size(), size + 1);
}

/// Valid stores of several shapes, for seeds: `(name, input)`.
pub fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let shapes: [(&str, &[usize], bool); 5] = [
        ("empty", &[], true),
        ("log", &[3, 40], true),
        ("checkpoint", &[300], true),
        ("unclean", &[150, 20], false),
        ("large", &[150, 700, 1], false),
    ];
    shapes
        .into_iter()
        .map(|(name, batches, closed)| {
            let disk = SimFiles::new();
            let tree = open(&disk, RecoveryMode::Strict).expect("a new store opens");
            for (k, &count) in batches.iter().enumerate() {
                let leaves: Vec<_> = (0..count).map(|leaf| [leaf as u8 ^ k as u8; 32]).collect();
                tree.append(&leaves)
                    .metadata(b"cursor")
                    .submit()
                    .expect("a valid batch")
                    .wait()
                    .expect("nothing fails here");
                if count > 100 && count < LARGE {
                    tree.checkpoint().expect("nothing fails here");
                }
            }
            if closed {
                tree.close().expect("nothing fails here");
            }
            let mut input = vec![SEAL];
            for number in 0..11 {
                if let Some(bytes) = disk.read_file(path(number)) {
                    push_file(&mut input, number, &bytes);
                }
            }
            (name, input)
        })
        .collect()
}
