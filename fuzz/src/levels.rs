//! Inputs of the targets for chunk files and for sums files: they replace the bytes of some files
//! under the original manifest.

use std::{
    ops::ControlFlow,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use rotortree_hasher::{Blake3Hasher, Hash, Hasher};
use rotortree_lean_imt::{LeanIMT, TreeSnapshot};
use rotortree_store::{
    CheckpointPolicy, FlushPolicy, RotorTreeError, TieringConfig,
    checkpoint::write_nodes,
    chunk::{CHUNK_BYTES, CHUNK_NODES, chunk_sum},
    fs::FsStorage,
    manifest::Manifest,
    storage::{Reads, Storage},
    test_util::sim_files::{CrashPoint, SimFiles},
};

use rotortree_wal::{HeaderCopy, Position, SegmentHeader};

use crate::store::{Tree, files, push_file};

/// The flag of an input whose chunks get matching checksums, to reach the code after the check.
pub const FIT: u8 = 1;
/// The flag for levels that are kept in memory.
pub const PINNED: u8 = 2;
/// The flag for a store of every third level.
pub const FEW: u8 = 4;

/// Chunks in a shard: few, so that a store of a few megabytes has full ones.
const SHARD_CHUNKS: u64 = 128;

/// An honest store with its nodes.
struct Honest {
    disk: CrashPoint,
    manifest: Manifest,
    levels: Vec<Vec<Hash>>,
}

impl Honest {
    /// Made by hand, so that tree id and salt, and with them every checksum, are the same in every
    /// run.
    fn new(leaves: u64, stride: u32) -> Self {
        let files = SimFiles::new();
        let storage = place(&files);
        let owner = storage.acquire().expect("no other owner");
        let leaves: Vec<Hash> = (0..leaves)
            .map(|index: u64| {
                let mut leaf = [0x5a; 32];
                leaf[..8].copy_from_slice(&index.to_le_bytes());
                leaf
            })
            .collect();
        let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
        let root = tree.insert_many(&leaves).expect("it fits");
        let snapshot = tree.snapshot();
        let empty = Manifest {
            tree_id: *b"a tree for fuzz.",
            arity: 2,
            max_depth: 32,
            stride,
            fingerprint: Blake3Hasher.fingerprint(2),
            ..Manifest::empty()
        };
        let go_on = &mut |_| ControlFlow::Continue(());
        let end = Position {
            sequence: 1,
            size: snapshot.size(),
            root,
        };
        let written = write_nodes(&*storage, &empty, &snapshot, go_on).expect("nothing fails here");
        let manifest = Manifest {
            generation: 1,
            sequence: 1,
            size: snapshot.size(),
            root,
            locator: written.locator,
            levels: written.tails,
            newest: HeaderCopy {
                salt: 0x5eed,
                base: end,
                attested: 1,
                ..empty.newest
            },
            durable: end,
            ..empty.clone()
        };
        let header = SegmentHeader {
            tree_id: manifest.tree_id,
            salt: 0x5eed,
            number: 1,
            arity: 2,
            fingerprint: manifest.fingerprint,
            base: manifest.position(),
            attested: 1,
            copied: 0,
            previous: None,
            remains: 0,
        };
        storage
            .create_segment(1, &header.encode())
            .expect("nothing fails here");
        for manifest in [&empty, &manifest] {
            storage
                .commit_manifest(manifest.generation, &manifest.encode())
                .expect("nothing fails here");
        }
        drop(owner);
        let levels = (0..=snapshot.depth()).map(|level| {
            let mut nodes = vec![[0; 32]; snapshot.level_len(level) as usize];
            snapshot
                .read_nodes(level, 0, &mut nodes)
                .expect("they are in memory");
            nodes
        });
        Self {
            levels: levels.collect(),
            manifest,
            disk: files.crash_point(),
        }
    }

    /// Three chunks, whose checksums are all in the manifest.
    fn small() -> &'static Self {
        static SMALL: OnceLock<Honest> = OnceLock::new();
        SMALL.get_or_init(|| Self::new(300, 1))
    }

    /// Levels 0 and 3 have chunks, and the levels between are hashed from those of level 0.
    fn few() -> &'static Self {
        static FEW: OnceLock<Honest> = OnceLock::new();
        FEW.get_or_init(|| Self::new(1_200, 3))
    }

    /// Two full shards on the lowest level and one on the next, each with a sector of checksums,
    /// and one that is not full.
    fn large() -> &'static Self {
        static LARGE: OnceLock<Honest> = OnceLock::new();
        LARGE.get_or_init(|| Self::new(2 * SHARD_CHUNKS * CHUNK_NODES + 300, 1))
    }

    /// Whether the tree has this store's nodes, as far as they can be read; all of them if `whole`.
    fn reads_as(&self, snapshot: &TreeSnapshot<2, 32>, whole: bool) -> bool {
        snapshot.size() == self.manifest.size
            && self.levels.iter().enumerate().all(|(level, honest)| {
                let mut start = 0;
                honest.chunks(CHUNK_NODES as usize).all(|expected| {
                    let mut nodes = vec![[0; 32]; expected.len()];
                    let read = snapshot.read_nodes(level, start, &mut nodes);
                    start += expected.len() as u64;
                    match read {
                        Ok(()) => nodes == expected,
                        Err(error) => !whole && !error.to_string().is_empty(),
                    }
                })
            })
    }
}

fn open(
    files: &SimFiles,
    verify_checkpoint: bool,
    flags: u8,
    reads: Reads,
) -> Result<Tree, RotorTreeError> {
    let builder = Tree::on(place(files))
        .flush_policy(FlushPolicy::Manual)
        .checkpoint_policy(CheckpointPolicy::Manual)
        .verify_checkpoint(verify_checkpoint)
        .reads(reads)
        .tiering(TieringConfig {
            pin_above_level: if flags & PINNED == 0 { usize::MAX } else { 1 },
        });
    builder.open(Blake3Hasher)
}

fn place(files: &SimFiles) -> Arc<dyn Storage> {
    let files = files.clone();
    Arc::new(FsStorage::with_shard_chunks(files, "/tree", SHARD_CHUNKS))
}

/// The files of the levels, by number.
#[derive(Clone, Copy)]
enum Kind {
    Chunks,
    Sums,
}

/// The file of that number, of a store of every `stride`-th level.
fn path(kind: Kind, number: u8, stride: u32) -> PathBuf {
    let (level, shard) = (u32::from(number % 3) * stride, number / 3 % 3);
    let kind = match kind {
        Kind::Chunks => "chunks",
        Kind::Sums => "sums",
    };
    PathBuf::from(format!("/tree/levels/{level:02}/{shard:06}.{kind}"))
}

/// Any bytes as chunk files: every node read is the honest one or an error; where the checksums are
/// made to fit, verification finds it.
pub fn check_chunks(input: &[u8]) {
    let is_few = input.first().is_some_and(|flags| flags & FEW != 0);
    let honest = if is_few {
        Honest::few()
    } else {
        Honest::small()
    };
    check(honest, Kind::Chunks, input);
}

/// Any bytes as sums files: the same.
pub fn check_sums(input: &[u8]) {
    check(Honest::large(), Kind::Sums, input);
}

fn check(honest: &Honest, kind: Kind, input: &[u8]) {
    let Some((&flags, rest)) = input.split_first() else {
        return;
    };
    let disk = honest.disk.seen();
    let mut manifest = honest.manifest.clone();
    for (number, bytes) in files(rest) {
        disk.write_file(path(kind, number, honest.manifest.stride), bytes);
        if let (Kind::Chunks, true) = (kind, flags & FIT != 0) {
            fit(&mut manifest, number, bytes);
        }
    }
    disk.write_file("/tree/MANIFEST", &manifest.encode());
    let is_honest = is_honest(honest, &disk);
    let fitted = manifest != honest.manifest;
    assert!(!(fitted && is_honest), "other checksums fit other chunks");
    let left = disk.crash_point();

    match open(&left.seen(), true, flags, Reads::Mapped) {
        Ok(tree) => {
            assert!(is_honest, "opened verified, and a file is another");
            assert!(honest.reads_as(&tree.snapshot(), true));
        }
        Err(error) => {
            assert!(!is_honest, "the honest store is refused: {error}");
            assert!(!error.to_string().is_empty());
        }
    }
    for reads in [Reads::Mapped, Reads::Positioned] {
        let Ok(tree) = open(&left.seen(), false, flags, reads) else {
            assert!(!is_honest);
            continue;
        };
        if !fitted {
            assert!(
                honest.reads_as(&tree.snapshot(), false),
                "a wrong node was read"
            );
        }
        let verified = tree.verify();
        assert_eq!(verified.is_ok(), is_honest, "{verified:?}");
    }
}

/// Gives the chunks of a file matching checksums; in this store they are all in the manifest.
fn fit(manifest: &mut Manifest, number: u8, bytes: &[u8]) {
    let (stored, shard) = (usize::from(number % 3), number / 3 % 3);
    let tree_id = manifest.tree_id;
    let level = stored as u8 * manifest.stride as u8;
    if shard == 0 {
        let sums = &mut manifest.levels[stored].sums;
        for ((index, sum), chunk) in (0..).zip(sums).zip(bytes.chunks_exact(CHUNK_BYTES)) {
            *sum = chunk_sum(&tree_id, level, index, chunk);
        }
    }
}

/// Whether every file starts with the bytes that its manifest names.
fn is_honest(honest: &Honest, disk: &SimFiles) -> bool {
    let before = honest.disk.seen();
    // The listing starts at the root, without its slash.
    let (levels, others): (Vec<_>, Vec<_>) = before
        .list_files()
        .into_iter()
        .partition(|path| path.starts_with("tree/levels"));
    assert!(levels.len() >= 2 && others.len() >= 2);
    levels.iter().all(|path| {
        let now = disk.read_file(path).unwrap_or_default();
        before
            .read_file(path)
            .is_some_and(|bytes| now.starts_with(&bytes))
    })
}

/// Inputs for the chunk target: honest files, one with a bit changed, one that is short.
pub fn chunk_samples() -> Vec<(String, Vec<u8>)> {
    let mut samples = Vec::new();
    for (name, flags) in [
        ("plain", 0),
        ("fit", FIT),
        ("pinned", PINNED),
        ("fit_pinned", FIT | PINNED),
        ("few", FEW),
        ("few_fit", FEW | FIT),
        ("few_pinned", FEW | PINNED),
    ] {
        let honest = if flags & FEW == 0 {
            Honest::small()
        } else {
            Honest::few()
        };
        for number in [0, 1] {
            let bytes = honest
                .disk
                .seen()
                .read_file(path(Kind::Chunks, number, honest.manifest.stride))
                .expect("both levels have a chunk");
            let mut input = vec![flags];
            push_file(&mut input, number, &bytes);
            samples.push((format!("{name}_level_{number}"), input.clone()));
            input[100] ^= 1;
            samples.push((format!("{name}_level_{number}_changed"), input));
        }
    }
    samples
}

/// Inputs for the sums target: each honest file, in its place and in another's.
pub fn sums_samples() -> Vec<(String, Vec<u8>)> {
    let honest = Honest::large().disk.seen();
    let numbers = [0, 1, 3];
    let mut samples = Vec::new();
    for number in numbers {
        let bytes = honest
            .read_file(path(Kind::Sums, number, 1))
            .expect("three shards are full");
        for place in numbers {
            let mut input = vec![if place == 0 { PINNED } else { 0 }];
            push_file(&mut input, place, &bytes);
            samples.push((format!("sums_{number}_at_{place}"), input));
        }
    }
    samples
}
