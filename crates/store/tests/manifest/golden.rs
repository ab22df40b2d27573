//! The format is pinned: these files were written once and never change.

use rotortree_store::manifest::Manifest;
use rotortree_wal::{HeaderCopy, Position};

use super::samples;

const FULL: &[u8] = include_bytes!("golden/full.v2.bin");
const NEW: &[u8] = include_bytes!("golden/new.v2.bin");

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
fn the_bytes_of_version_2_are_what_they_were() {
    assert_eq!(samples::full(4, 600).encode(), FULL);
    assert_eq!(new_tree().encode(), NEW);
}

#[test]
fn version_2_is_read() {
    assert_eq!(
        Manifest::decode("MANIFEST", FULL).unwrap(),
        samples::full(4, 600)
    );
    assert_eq!(Manifest::decode("MANIFEST", NEW).unwrap(), new_tree());
}
