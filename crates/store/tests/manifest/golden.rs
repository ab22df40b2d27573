//! The format is pinned: these files were written once and never change.

use rotortree_store::manifest::Manifest;
use rotortree_wal::{HeaderCopy, Position};

use crate::samples;

const FULL: &[u8] = include_bytes!("golden/full.v1.bin");
const NEW: &[u8] = include_bytes!("golden/new.v1.bin");

fn new_tree() -> Manifest {
    Manifest {
        generation: 0,
        sequence: 0,
        first_segment: 1,
        newest: HeaderCopy {
            number: 1,
            salt: 0x0123_4567_89ab_cdef,
            base: Position::START,
            attested: 0,
            copied: 0,
        },
        durable: Position::START,
        ..samples::plain(4, 0, [0; 32])
    }
}

#[test]
fn the_bytes_of_version_1_are_what_they_were() {
    assert_eq!(samples::full(4, 600).encode(), FULL);
    assert_eq!(new_tree().encode(), NEW);
}

#[test]
fn version_1_is_read() {
    assert_eq!(
        Manifest::decode("MANIFEST", FULL).unwrap(),
        samples::full(4, 600)
    );
    assert_eq!(Manifest::decode("MANIFEST", NEW).unwrap(), new_tree());
}

#[test]
fn fields_stand_where_the_format_page_says() {
    let u64_at = |at: usize| u64::from_le_bytes(FULL[at..at + 8].try_into().unwrap());
    assert_eq!(&FULL[..8], b"ROTORMAN");
    assert_eq!(FULL[8..16], [1, 0, 0, 0, 15, 0, 0, 0]);
    assert_eq!(u64_at(16), FULL.len() as u64);
    assert_eq!(u64_at(24), 5, "generation");
    assert_eq!(&FULL[32..48], b"sixteen id bytes");
    assert_eq!(FULL[48..56], [4, 0, 0, 0, 64, 0, 0, 0]);
    assert_eq!(FULL[56..88], [0xf1; 32]);
    assert_eq!(u64_at(88), 0, "leaves that are not stored");
    assert_eq!(u64_at(96), 76, "sequence");
    assert_eq!(u64_at(104), 600, "size");
    assert_eq!(FULL[112..144], [0xaa; 32]);
    assert_eq!((u64_at(144), u64_at(152)), (8, 9), "log segments");
    assert_eq!(
        [160, 168, 176].map(u64_at),
        [0x0123_4567_89ab_cdef, 70, 500],
        "salt and base"
    );
    assert_eq!(FULL[184..216], [0xba; 32]);
    assert_eq!(
        [216, 224].map(u64_at),
        [75, 6],
        "attested and copied by the newest segment"
    );
    assert_eq!([232, 240].map(u64_at), [77, 600], "durable");
    assert_eq!(FULL[248..280], [0xaa; 32]);
    assert_eq!([280, 288, 296, 304].map(u64_at), [9, 4096, 77, 601]);
    assert_eq!(FULL[312..344], [0xcc; 32]);
    assert_eq!(&FULL[344..360], b"the copied tree.");
    assert_eq!(u64_at(360), 41);
    assert_eq!(FULL[368..372], [2, 0, 0, 0], "cut notices");
    assert_eq!(u64_at(372), 3);
    assert_eq!(FULL[380..388], [1, 0, 0, 0, 1, 0, 0, 0]);
    assert_eq!([388, 396].map(u64_at), [31, 300]);
    assert_eq!(FULL[404..436], [0x31; 32]);
    assert_eq!([436, 444].map(u64_at), [40, 420]);
    assert_eq!(FULL[452..484], [0x42; 32]);
    assert_eq!(FULL[484..492], [2, 0, 0, 0, 2, 0, 0, 0]);
    assert_eq!(&FULL[492..506], b"\x03\0one\x07\0another");
    assert_eq!(FULL[626..638], *b"\x08\0\0\0block 17");
    let tails = &samples::full(4, 600).levels;
    assert_eq!(FULL[638..670], tails[0].nodes[0]);
    let sums = 638 + 88 * 32;
    assert_eq!(FULL[sums..sums + 4], tails[0].sums[0].to_le_bytes());
    let crc = FULL.len() - 4;
    assert_eq!(FULL[crc..], crc32c::crc32c(&FULL[..crc]).to_le_bytes());
}
