//! Random histories of puts and groups on every backend, against plain vectors of bytes.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rotortree_store::{
    chunk::{CHUNK_BYTES, SUM_SECTOR_BYTES},
    file_layer::OsFiles,
    fs::FsStorage,
    memory::MemoryStorage,
    storage::{Reads, Shard, Storage, Stream},
    test_util::{
        object::{ObjectStorage, ObjectStore},
        sim_files::SimFiles,
    },
};

const SHARD_CHUNKS: u64 = 256;

/// A run of new units at the end of a stream, and some of the old ones before it written again.
#[derive(Debug, Clone)]
struct Put {
    stream: Stream,
    level: u8,
    again: u64,
    units: u64,
    synced: bool,
}

fn puts() -> impl Strategy<Value = Vec<Put>> {
    let stream = prop_oneof![Just(Stream::Chunks), Just(Stream::Sums)];
    // Runs about as long as the shards: 256 chunks, 2 sectors.
    let units = |stream| match stream {
        Stream::Chunks => prop_oneof![1..4_u64, 250..262_u64],
        Stream::Sums => prop_oneof![1..3_u64, 2..6_u64],
    };
    let put = stream.prop_flat_map(move |stream| {
        (
            Just(stream),
            0..2_u8,
            0..5_u64,
            units(stream),
            any::<bool>(),
        )
            .prop_map(|(stream, level, again, units, synced)| Put {
                stream,
                level,
                again,
                units,
                synced,
            })
    });
    prop::collection::vec(put, 1..8)
}

fn unit_len(stream: Stream) -> usize {
    match stream {
        Stream::Chunks => CHUNK_BYTES,
        Stream::Sums => SUM_SECTOR_BYTES,
    }
}

fn unit(stream: Stream, level: u8, index: u64) -> Vec<u8> {
    let first = (index * 7 + u64::from(level)) as u8;
    let mut bytes = vec![first; unit_len(stream)];
    bytes[..8].copy_from_slice(&index.to_le_bytes());
    bytes
}

/// Puts everything, then reads every shard back at every length near its ends.
fn check_puts(storage: &dyn Storage, puts: &[Put]) -> Result<(), TestCaseError> {
    let _owner = storage.acquire().expect("the place has no owner");
    let mut there = BTreeMap::<(Stream, u8), u64>::new();
    let mut locator;
    let mut writer = storage.start_units(&[]).expect("a writer");
    for put in puts {
        let units = there.entry((put.stream, put.level)).or_default();
        let first = *units - put.again.min(*units);
        let indices = first..*units + put.units;
        *units = indices.end;
        let bytes: Vec<u8> = indices
            .flat_map(|index| unit(put.stream, put.level, index))
            .collect();
        let (unit, per_shard) = (
            put.stream.unit_bytes(),
            put.stream.shard_units(SHARD_CHUNKS),
        );
        for (index, bytes) in (first..).zip(bytes.chunks(unit)) {
            let shard = Shard {
                stream: put.stream,
                level: put.level,
                index: index / per_shard,
            };
            writer.put(shard, index % per_shard, bytes).expect("put");
        }
        if put.synced {
            locator = writer.finish().expect("synced");
            writer = storage.start_units(&[&locator]).expect("a writer");
        }
    }
    locator = writer.finish().expect("synced");
    for ((stream, level), units) in there {
        let per_shard = stream.shard_units(SHARD_CHUNKS);
        for index in 0..units.div_ceil(per_shard) {
            let shard = Shard {
                stream,
                level,
                index,
            };
            let first = index * per_shard;
            let here = (units - first).min(per_shard);
            for wanted in [1, here.div_ceil(2), here] {
                for reads in [Reads::Mapped, Reads::Positioned] {
                    let region = storage
                        .region(&locator, shard, wanted, reads)
                        .expect("the units are there");
                    for index in [0, wanted / 2, wanted - 1] {
                        let len = unit_len(stream);
                        let mut bytes = vec![0; len];
                        region
                            .read_at(index * len as u64, &mut bytes)
                            .expect("bytes of the view");
                        prop_assert_eq!(&bytes, &unit(stream, level, first + index));
                        if let Some(all) = region.bytes() {
                            let start = index as usize * len;
                            prop_assert_eq!(&all[start..start + len], &bytes[..]);
                        }
                    }
                }
            }
            let beyond = storage.region(&locator, shard, here + 1, Reads::Positioned);
            prop_assert!(beyond.is_err(), "{} units of {}", here + 1, here);
        }
    }
    Ok(())
}

/// Appends groups and reads ranges of the segment back.
fn check_groups(
    storage: &dyn Storage,
    groups: &[(usize, bool)],
    reads: &[(u64, usize)],
) -> Result<(), TestCaseError> {
    let _owner = storage.acquire().expect("the place has no owner");
    let mut expected = vec![255; 512];
    storage.create_segment(1, &expected).expect("created");
    for (number, (sectors, rest)) in groups.iter().enumerate() {
        let group = vec![number as u8; sectors * 512];
        storage
            .commit_group(1, expected.len() as u64, &group)
            .expect("committed");
        expected.extend(group);
        if *rest {
            storage.release_idle();
        }
    }
    let mut segment = storage.read_segment(1).expect("there");
    prop_assert!(segment.len() >= expected.len() as u64);
    // Room behind what was written.
    expected.resize(segment.len() as usize, 0);
    for (offset, len) in reads {
        let mut bytes = vec![0; *len];
        let read = segment.read_at(*offset, &mut bytes);
        let range = usize::try_from(*offset)
            .ok()
            .and_then(|start| expected.get(start..start + len));
        match range {
            Some(there) => {
                read.expect("within the segment");
                prop_assert_eq!(&bytes[..], there);
            }
            None => prop_assert!(read.is_err(), "{} bytes at {}", len, offset),
        }
    }
    Ok(())
}

/// Every backend, fresh, with small shards.
fn backends(dir: &std::path::Path) -> Vec<Box<dyn Storage>> {
    vec![
        Box::new(FsStorage::with_shard_chunks(OsFiles, dir, SHARD_CHUNKS)),
        Box::new(FsStorage::with_shard_chunks(
            SimFiles::new(),
            "/tree",
            SHARD_CHUNKS,
        )),
        Box::new(MemoryStorage::with_shard_chunks(SHARD_CHUNKS)),
        Box::new(ObjectStorage::with_shard_chunks(
            ObjectStore::new(),
            SHARD_CHUNKS,
        )),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn units_read_back_wherever_shards_end(puts in puts()) {
        let dir = tempfile::tempdir().unwrap();
        for storage in backends(dir.path()) {
            check_puts(&*storage, &puts)?;
        }
    }

    #[test]
    fn groups_read_back_in_any_range(
        groups in prop::collection::vec((1..6_usize, any::<bool>()), 0..12),
        reads in prop::collection::vec((0..20_000_u64, 0..3_000_usize), 1..20),
    ) {
        let dir = tempfile::tempdir().unwrap();
        for storage in backends(dir.path()) {
            check_groups(&*storage, &groups, &reads)?;
        }
    }
}
