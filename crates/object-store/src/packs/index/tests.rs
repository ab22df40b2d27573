//! The index against a map of every unit.

use std::collections::HashMap;

use super::*;

fn id(sequence: u64) -> Id {
    Id {
        epoch: 3,
        sequence,
        session: 5,
    }
}

fn shard(stream: Stream, level: u8) -> Shard {
    Shard {
        stream,
        level,
        index: 0,
    }
}

/// Against a map of each unit: runs that overlap in every way, in packs of their own.
#[test]
fn the_last_run_that_has_a_unit_counts() {
    let shards = [
        shard(Stream::Chunks, 0),
        shard(Stream::Sums, 0),
        shard(Stream::Chunks, 7),
    ];
    let mut state = 1_u64;
    let mut random = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    };
    for _ in 0..200 {
        let mut draft = Draft::default();
        let mut expected = HashMap::new();
        for sequence in 0..12 {
            let shard = shards[random(3) as usize];
            let (first, units) = (random(12), 1 + random(6));
            let unit = shard.stream.unit_bytes() as u64;
            let offset = random(3) * unit;
            let pack = draft.add_pack(Pack {
                id: id(sequence),
                bytes: offset + units * unit,
            });
            draft.add_run(Run {
                shard,
                first,
                units,
                pack,
                offset,
            });
            for at in 0..units {
                expected.insert((shard, first + at), (id(sequence), offset + at * unit));
            }
        }
        let index = draft.finish();
        let index = Index::decode(&index.encode().into()).expect("it reads back");
        for shard in shards {
            for unit in 0..20 {
                let place = index.place(shard, unit).ok();
                let place = place.map(|place| (place.pack, place.offset));
                assert_eq!(place, expected.get(&(shard, unit)).copied());
                let whole = (0..unit).all(|unit| expected.contains_key(&(shard, unit)));
                assert_eq!(index.has(shard, unit), whole);
            }
        }
        for sequence in 0..12 {
            let is_named = expected.values().any(|(pack, _)| *pack == id(sequence));
            let is_kept = index.packs.iter().any(|pack| pack.id == id(sequence));
            assert_eq!(is_kept, is_named);
            assert_eq!(
                index.retired.contains(&Retired::Pack(id(sequence))),
                !is_named
            );
        }
    }
}

#[test]
fn runs_that_meet_are_one() {
    let mut draft = Draft::default();
    let pack = draft.add_pack(Pack {
        id: id(1),
        bytes: 4096 * 9,
    });
    for first in 0..9 {
        draft.add_run(Run {
            shard: shard(Stream::Chunks, 0),
            first,
            units: 1,
            pack,
            offset: first * 4096,
        });
    }
    assert_eq!(draft.finish().runs.len(), 1);
}

#[test]
fn bytes_that_no_index_has_are_refused() {
    let mut draft = Draft::default();
    let pack = draft.add_pack(Pack {
        id: id(1),
        bytes: 4096,
    });
    draft.add_run(Run {
        shard: shard(Stream::Chunks, 0),
        first: 4,
        units: 1,
        pack,
        offset: 0,
    });
    let index = draft.finish();
    let bytes = index.encode();
    for len in 0..bytes.len() {
        assert_eq!(Index::decode(&bytes[..len].to_vec().into()), None);
    }
    let beyond = Index {
        packs: vec![Pack {
            id: id(1),
            bytes: 4095,
        }],
        ..index
    };
    assert_eq!(
        Index::decode(&beyond.encode().into()),
        None,
        "beyond its pack"
    );
}
