//! Writes the seeds of the fuzz targets from valid data: `cargo run --manifest-path fuzz/Cargo.toml
//! --example make_seeds`.

use std::{fs, io, path::Path};

use rotortree_fuzz::wal_log::Log;
use rotortree_wal::{ChunkRun, GroupBuffer, Position, SECTOR, SegmentHeader};

fn header(number: u64, base: Position) -> SegmentHeader {
    SegmentHeader {
        tree_id: *b"tree id of seeds",
        salt: 0x5a17 + number,
        number,
        arity: 2,
        fingerprint: [0xf1; 32],
        base,
        attested: base.sequence,
        copied: 0,
        previous: None,
        remains: 0,
    }
}

fn at(sequence: u64) -> Position {
    let root = if sequence == 0 { [0; 32] } else { [0x70; 32] };
    Position {
        sequence,
        size: sequence,
        root,
    }
}

/// A segment with one group for each range of sequences, one leaf a record.
fn singles(number: u64, base: u64, groups: &[std::ops::RangeInclusive<u64>]) -> Vec<u8> {
    let header = header(number, at(base));
    let mut bytes = header.encode().to_vec();
    for sequences in groups {
        let mut group = GroupBuffer::new(*sequences.start());
        for sequence in sequences.clone() {
            group.push_leaf(&[sequence as u8; 32]);
        }
        bytes.extend(group.seal(header.salt, sequences.start() - 1, &at(*sequences.end())));
    }
    bytes
}

/// A segment with batches of every kind, the last one streamed through two groups, and an attest
/// mark.
fn kinds() -> Vec<u8> {
    let header = header(1, at(0));
    let mut bytes = header.encode().to_vec();
    let mut group = GroupBuffer::new(1);
    let pushed = [
        group.push_batch(&[[1; 32], [2; 32], [3; 32]], None),
        group.push_batch(&[[4; 32]], Some(b"metadata")),
        group.push_batch(&[], Some(b"metadata alone")),
        group.push_batch(&[], Some(b"")),
        group.push_part(&[[5; 32], [6; 32]], None, true),
    ];
    assert!(pushed.iter().all(Result::is_ok), "the batches are valid");
    bytes.extend(group.seal(
        header.salt,
        0,
        &Position {
            sequence: 4,
            size: 4,
            root: [0x70; 32],
        },
    ));
    group.clear();
    group
        .push_part(&[[7; 32]], Some(b"the end"), false)
        .expect("the part is valid");
    let after = Position {
        sequence: 6,
        size: 7,
        root: [0x71; 32],
    };
    bytes.extend(group.seal(header.salt, 4, &after));
    group.clear();
    bytes.extend(group.seal(header.salt, 6, &after));
    bytes
}

/// A segment with a leaf, and with batches that refer to chunks: of one record, and of two. The
/// last chunk has this checksum.
fn runs(last: [u8; 4]) -> Vec<u8> {
    let header = header(1, at(0));
    let mut bytes = header.encode().to_vec();
    let mut group = GroupBuffer::new(1);
    group.push_leaf(&[1; 32]);
    let run = |first, front, sums| ChunkRun {
        first,
        front,
        locator: b"a pack",
        sums,
    };
    let pushed = [
        group.push_chunks(&[[2; 32]; 129], run(1, 127, &[[4; 4]; 3]), None, false),
        group.push_chunks(&[[3; 32]; 126], run(5, 126, &[[6; 4]]), None, true),
        group.push_chunks(&[[4; 32]], run(6, 0, &[last]), Some(b"the end"), false),
    ];
    assert!(pushed.iter().all(Result::is_ok), "the batches are valid");
    let after = Position {
        sequence: 4,
        size: 7 * 128 + 1,
        root: [0x70; 32],
    };
    bytes.extend(group.seal(header.salt, 0, &after));
    bytes
}

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/wal_scan");
    fs::create_dir_all(&folder)?;
    let write = |name: &str, start: u64, right: bool, segments: Vec<Vec<u8>>| {
        fs::write(folder.join(name), Log { start, segments }.encode(right))
    };
    let mut torn = singles(1, 0, &[1..=12, 13..=14]);
    torn[3 * SECTOR..].fill(0);
    let mut holed = singles(1, 0, &[1..=2, 3..=3, 4..=4]);
    holed[2 * SECTOR..3 * SECTOR].fill(0xee);
    write("kinds", 0, true, vec![kinds()])?;
    write("kinds-as-they-are", 0, false, vec![kinds()])?;
    write("runs", 0, true, vec![runs([8; 4])])?;
    write("runs-lacking-one", 0, true, vec![runs([9; 4])])?;
    write("torn", 0, true, vec![torn])?;
    write("holed", 0, true, vec![holed.clone()])?;
    write("empty", 0, true, vec![singles(1, 0, &[])])?;
    write(
        "preallocated",
        0,
        true,
        vec![[singles(1, 0, &[1..=1]), vec![0; 2048]].concat()],
    )?;
    // A segment in the file of the one before, which a checkpoint covers up to 4.
    let earlier = singles(1, 0, &[1..=1, 2..=2, 3..=3, 4..=4]);
    let mut reused = singles(2, 4, &[5..=5]);
    reused[232..240].copy_from_slice(&(earlier.len() as u64).to_le_bytes());
    reused.extend(&earlier[reused.len()..]);
    write("reused", 4, true, vec![reused])?;
    write(
        "rotated",
        0,
        true,
        vec![singles(1, 0, &[1..=3]), singles(2, 3, &[4..=5, 6..=6])],
    )?;
    write(
        "superseded",
        0,
        true,
        vec![holed, singles(2, 2, &[3..=3, 4..=6])],
    )?;
    write(
        "covered",
        3,
        true,
        vec![
            singles(1, 0, &[1..=4]),
            vec![0; SECTOR],
            singles(3, 4, &[5..=5]),
        ],
    )?;
    write(
        "gap",
        0,
        true,
        vec![
            singles(1, 0, &[1..=1]),
            vec![0xee; SECTOR],
            singles(3, 4, &[5..=5]),
        ],
    )
}
