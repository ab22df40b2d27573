//! The format is pinned: these files were written once and never change.

use rotortree_store::manifest::Manifest;

use crate::samples;

const FULL: &[u8] = include_bytes!("golden/full.v1.bin");
const NEW: &[u8] = include_bytes!("golden/new.v1.bin");

fn new_tree() -> Manifest {
    Manifest {
        generation: 0,
        sequence: 0,
        first_segment: 1,
        last_segment: 1,
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
    assert_eq!(FULL[8..16], [1, 0, 0, 0, 3, 0, 0, 0]);
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
    assert_eq!([160, 168, 176, 184].map(u64_at), [9, 4096, 77, 601]);
    assert_eq!(FULL[192..224], [0xcc; 32]);
    assert_eq!(FULL[224..236], *b"\x08\0\0\0block 17");
    let tails = &samples::full(4, 600).levels;
    assert_eq!(FULL[236..268], tails[0].nodes[0]);
    let sums = 236 + 88 * 32;
    assert_eq!(FULL[sums..sums + 4], tails[0].sums[0].to_le_bytes());
    let crc = FULL.len() - 4;
    assert_eq!(FULL[crc..], crc32c::crc32c(&FULL[..crc]).to_le_bytes());
}
