//! [`session`]: the calls of an engine to a backend between opening and closing, with a record of
//! its promises.

use std::io;

use rotortree_store::{
    StorageError,
    chunk::{CHUNK_BYTES, SUM_SECTOR_BYTES},
    file_layer::FileLayer,
    fs::FsStorage,
    storage::{FIRST_SEGMENT, Locator, Reads, Shard, Storage, Stream, WriteError},
    test_util::sim_files::SimFiles,
};

pub(crate) const ROOT: &str = "/disk/user/tree";

/// Something that must hold after every later crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fact {
    /// A segment has these bytes at this offset.
    Log {
        segment: u64,
        offset: u64,
        bytes: Vec<u8>,
    },
    /// A segment is about to be removed: promises about it no longer count.
    Withdrawn { segment: u64 },
    /// A manifest of at least this generation is in force.
    Manifest { generation: u64 },
    /// A file under the root has these bytes.
    Kept { path: String, bytes: Vec<u8> },
}

/// The facts in the order of their promises, each with the operations before it.
pub(crate) type Facts = Vec<(usize, Fact)>;

/// Levels and streams that a session writes.
const PLACES: [(Stream, u8); 3] = [(Stream::Chunks, 0), (Stream::Sums, 0), (Stream::Chunks, 1)];

/// A manifest: its generation, how many units each place has, and the newest segment that it names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manifest {
    generation: u64,
    units: u64,
    segment: u64,
}

impl Manifest {
    /// The encoding is filled up so that it can be torn.
    fn encode(self) -> Vec<u8> {
        let numbers = [self.generation, self.units, self.segment];
        let mut bytes: Vec<u8> = numbers.into_iter().flat_map(u64::to_le_bytes).collect();
        bytes.resize(1200, self.generation as u8 + 1);
        bytes
    }
}

/// The manifest in force, which must be whole.
pub(crate) fn in_force<L: FileLayer>(
    storage: &FsStorage<L>,
) -> Result<Option<Manifest>, StorageError> {
    Ok(storage.load_manifest()?.map(|bytes| {
        let number = |at| u64::from_le_bytes(*bytes[at..].first_chunk().expect("a whole manifest"));
        let manifest = Manifest {
            generation: number(0),
            units: number(8),
            segment: number(16),
        };
        assert!(bytes == manifest.encode(), "a whole manifest");
        manifest
    }))
}

/// The bytes of a unit, the same whenever it is written.
fn unit(stream: Stream, level: u8, index: u64) -> Vec<u8> {
    let len = match stream {
        Stream::Chunks => CHUNK_BYTES,
        Stream::Sums => SUM_SECTOR_BYTES,
    };
    vec![(index * 10 + u64::from(level) * 2 + stream as u64 + 1) as u8; len]
}

/// The beginning of a segment: the first one's is a header alone.
fn beginning(segment: u64) -> Vec<u8> {
    let sectors = if segment == FIRST_SEGMENT { 1 } else { 3 };
    vec![segment as u8; sectors * 512]
}

fn group(segment: u64, offset: u64) -> Vec<u8> {
    vec![(segment * 31 + offset / 512) as u8 | 1; 1024]
}

/// One opening, work, and closing. `files` tells how many operations there were when something
/// was promised.
pub(crate) fn session<L: FileLayer>(
    storage: &FsStorage<L>,
    files: &SimFiles,
    facts: &mut Facts,
) -> Result<(), StorageError> {
    let mut promise = |fact| facts.push((files.operations(), fact));
    storage.inspect()?;
    let _owner = storage.acquire()?;
    storage.sweep()?;
    let before = in_force(storage)?;
    let segments = storage.list_segments()?;
    let segment = segments.last().map_or(FIRST_SEGMENT, |last| last + 1);
    // Recovery relies on the manifest that it finds and on the segments that this one names, from
    // any writer.
    if let Some(manifest) = before {
        let generation = manifest.generation;
        promise(Fact::Manifest { generation });
        for segment in segments.iter().filter(|found| **found <= manifest.segment) {
            promise(Fact::Log {
                segment: *segment,
                offset: 0,
                bytes: beginning(*segment),
            });
        }
    }

    let bytes = beginning(segment);
    let mut end = storage.create_segment(segment, &bytes)?;
    let created = Fact::Log {
        segment,
        offset: 0,
        bytes,
    };
    let mut manifest = Manifest {
        generation: before.map_or(0, |before| before.generation + 1),
        units: before.map_or(0, |before| before.units),
        segment,
    };
    if before.is_some() {
        promise(created.clone());
    }
    commit(storage, manifest)?;
    if before.is_none() {
        // Before there is a manifest, a segment is what the next opening sweeps away.
        promise(created);
    }
    let generation = manifest.generation;
    promise(Fact::Manifest { generation });
    for _ in 0..2 {
        promise(append(storage, segment, &mut end)?);
    }

    let units = manifest.units;
    let put_and_sync = || -> io::Result<Locator> {
        let mut writer = storage.start_units(&[])?;
        for index in units..units + 2 {
            for (stream, level) in PLACES {
                writer.put(shard(stream, level), index, &unit(stream, level, index))?;
            }
        }
        writer.finish()
    };
    // A checkpoint that fails is tried again, with its bytes written anew.
    let locator = put_and_sync().or_else(|_| put_and_sync())?;
    manifest.generation += 1;
    manifest.units += 2;
    commit(storage, manifest)?;
    let generation = manifest.generation;
    promise(Fact::Manifest { generation });
    for (stream, level) in PLACES {
        storage.region(&locator, shard(stream, level), units + 2, Reads::Mapped)?;
    }
    for segment in segments {
        promise(Fact::Withdrawn { segment });
        storage.remove_segment(segment)?;
    }

    let bytes = vec![segment as u8; 700];
    // A label stands for the bytes kept under it.
    let path = storage.quarantine(&format!("tail-{segment}"), &mut &bytes[..])?;
    promise(Fact::Kept { path, bytes });
    storage.release_idle();
    storage.commit_mark(segment, end, &[99; 512])?;
    end += 512;
    promise(append(storage, segment, &mut end)?);
    Ok(())
}

fn shard(stream: Stream, level: u8) -> Shard {
    Shard {
        stream,
        level,
        index: 0,
    }
}

fn append<L: FileLayer>(storage: &FsStorage<L>, segment: u64, end: &mut u64) -> io::Result<Fact> {
    let (offset, bytes) = (*end, group(segment, *end));
    storage
        .commit_group(segment, offset, &bytes)
        .map_err(WriteError::into_io)?;
    *end += bytes.len() as u64;
    Ok(Fact::Log {
        segment,
        offset,
        bytes,
    })
}

fn commit<L: FileLayer>(storage: &FsStorage<L>, manifest: Manifest) -> Result<(), StorageError> {
    let (generation, bytes) = (manifest.generation, manifest.encode());
    let committed = storage.commit_manifest(generation, &bytes);
    // As after a checkpoint that failed: the manifest in force is the old one for certain, and the
    // commit may be tried again.
    let committed = match committed {
        Err(WriteError::NotWritten(_)) => storage.commit_manifest(generation, &bytes),
        other => other,
    };
    committed.map_err(|error| match error {
        WriteError::NotWritten(error) | WriteError::Fenced(error) | WriteError::InDoubt(error) => {
            error.into()
        }
    })
}

/// Holds a disk after a crash to the facts, and to what holds without any promise: whatever
/// manifest is in force, it is whole and what it names is there.
pub(crate) fn check(files: &SimFiles, facts: &[&Fact]) {
    let storage = FsStorage::with_files(files.clone(), ROOT);
    let in_force = in_force(&storage).expect("the manifest can be read");
    if let Some(Manifest { units, .. }) = in_force {
        for (stream, level) in PLACES.into_iter().filter(|_| units > 0) {
            let here = Locator::default();
            let region = storage.region(&here, shard(stream, level), units, Reads::Mapped);
            let region = region.expect("what the manifest names is there");
            let bytes = region.bytes().expect("a mapping has its bytes at hand");
            let unit_len = bytes.len() / units as usize;
            for (index, there) in (0..units).zip(bytes.chunks(unit_len)) {
                assert!(
                    there == unit(stream, level, index),
                    "what the manifest names is whole"
                );
            }
        }
    }
    for number in storage.list_segments().expect("segments can be listed") {
        let bytes = beginning(number);
        expect_log(&storage, number, 0, &bytes);
    }
    for (index, fact) in facts.iter().enumerate() {
        match fact {
            Fact::Log {
                segment,
                offset,
                bytes,
            } => {
                let gone = Fact::Withdrawn { segment: *segment };
                if !facts[index..].contains(&&gone) {
                    expect_log(&storage, *segment, *offset, bytes);
                }
            }
            Fact::Manifest { generation } => {
                let there = in_force.map(|manifest| manifest.generation);
                assert!(there >= Some(*generation), "{there:?} is in force");
            }
            Fact::Kept { path, bytes } => assert_eq!(files.read_file(path).as_ref(), Some(bytes)),
            Fact::Withdrawn { .. } => {}
        }
    }
}

fn expect_log(storage: &FsStorage<SimFiles>, segment: u64, offset: u64, bytes: &[u8]) {
    let mut there = vec![0; bytes.len()];
    let mut reader = storage.read_segment(segment).expect("the segment is there");
    reader
        .read_at(offset, &mut there)
        .expect("its bytes are there");
    assert!(there == bytes, "segment {segment} at {offset}");
}
