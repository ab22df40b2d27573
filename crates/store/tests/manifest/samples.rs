//! Manifests to encode.

use rotortree_lean_imt::{
    TreeHead,
    geometry::{MAX_BLOCK_NODES, Stride},
};
use rotortree_store::{
    manifest::{BackupOf, CleanClose, CutNotice, LevelTail, Manifest},
    shape::Shape,
    storage::Locator,
};
use rotortree_wal::{HeaderCopy, Position};

/// A manifest of a tree of `size` leaves, with everything that is optional.
pub(crate) fn full(arity: u32, size: u64) -> Manifest {
    let root = if size == 0 { [0; 32] } else { [0xaa; 32] };
    Manifest {
        metadata: Some(b"block 17".to_vec()),
        clean_close: Some(CleanClose {
            segment: 9,
            length: 4096,
            sequence: 77,
            size: size + 1,
            root: [0xcc; 32],
        }),
        newest: HeaderCopy {
            number: 9,
            ..plain(arity, size, root).newest
        },
        backup_of: Some(BackupOf {
            tree_id: *b"the copied tree.",
            generation: 41,
            carried: Some(TreeHead {
                size: size + 128,
                root: [0xdd; 32],
            }),
        }),
        cuts: cuts(),
        locator: Locator::new(*b"index/17").expect("it is short"),
        ..plain(arity, size, root)
    }
}

/// A manifest of a tree of `size` leaves, with nothing that is optional.
pub(crate) fn plain(arity: u32, size: u64, root: [u8; 32]) -> Manifest {
    Manifest {
        generation: 5,
        tree_id: *b"sixteen id bytes",
        arity,
        max_depth: 64,
        stride: widest(arity),
        fingerprint: [0xf1; 32],
        sequence: 76,
        size,
        root,
        levels: tails(arity, widest(arity), size),
        first_segment: 8,
        newest: HeaderCopy {
            number: 8,
            salt: 0x0123_4567_89ab_cdef,
            base: Position {
                sequence: 70,
                size: 500,
                root: [0xba; 32],
            },
            attested: 75,
            copied: 6,
        },
        durable: Position {
            sequence: 77,
            size,
            root,
        },
        ..Manifest::empty()
    }
}

/// Two notices: one that knows everything, one that knows little.
fn cuts() -> Vec<CutNotice> {
    let kept = Position {
        sequence: 31,
        size: 300,
        root: [0x31; 32],
    };
    let lost = TreeHead {
        size: 420,
        root: [0x42; 32],
    };
    let files = vec!["one".to_owned(), "another".to_owned()];
    vec![
        CutNotice::new(3, kept, 40, Some(lost), files),
        CutNotice::new(4, Position::START, 1, None, Vec::new()),
    ]
}

/// The most levels that a block can give.
pub(crate) fn widest(arity: u32) -> u32 {
    Stride::widest(u64::from(arity), MAX_BLOCK_NODES).levels() as u32
}

/// Tails of the lengths that arity, stride and size ask for.
pub(crate) fn tails(arity: u32, stride: u32, size: u64) -> Vec<LevelTail> {
    let shape = Shape::new(arity, stride, size);
    let tail = |level: usize| LevelTail {
        nodes: (0..shape.tail_nodes(level))
            .map(|node| std::array::from_fn(|at| (level * 31 + node * 7 + at) as u8))
            .collect(),
        sums: (0..shape.tail_sums(level))
            .map(|sum| (level * 1_000_003 + sum * 65_537) as u32)
            .collect(),
    };
    shape.stored_levels().map(tail).collect()
}

/// Puts a checksum that is right in place of the one that is there.
pub(crate) fn seal(bytes: &mut [u8]) {
    let (covered, crc) = bytes.split_at_mut(bytes.len() - 4);
    crc.copy_from_slice(&crc32c::crc32c(covered).to_le_bytes());
}
