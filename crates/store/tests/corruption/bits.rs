//! Each byte of each file changed.

use std::path::Path;

use rotortree_store::{RecoveryMode, TieringConfig, file_layer::FileLayer, storage::Reads};

use super::store::{CHUNK_BYTES, Outcome, Sample, config, open};

const SECTOR: usize = 512;
const GROUP_HEADER: usize = 128;

/// The bytes of a file whose change may go unnoticed, according to `docs/format.md`: in a log
/// the padding behind records, marks, since something behind them attests as much, and the room
/// behind the last group; in the chunks those that were not put yet. In all other files none.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Worth {
    Needed,
    Padding,
    Mark,
    /// Behind the end, or before it: at no cost, noticed or not.
    Room,
    /// Kept twice: to be noticed, at no cost.
    Header,
}

fn is_chunks(path: &Path) -> bool {
    path.extension().is_some_and(|name| name == "chunks")
}

fn worth(path: &Path, bytes: &[u8]) -> Vec<Worth> {
    let mut worth = vec![Worth::Needed; bytes.len()];
    if is_chunks(path) {
        // Leaves of these places are in the log.
        let chunks = bytes.chunks_exact(CHUNK_BYTES);
        for (chunk, worth) in chunks.zip(worth.chunks_exact_mut(CHUNK_BYTES)) {
            if chunk.iter().all(|byte| *byte == 0) {
                worth.fill(Worth::Room);
            }
        }
    }
    if path.extension().is_none_or(|name| name != "wal") {
        return worth;
    }
    worth[..SECTOR].fill(Worth::Header);
    let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
    let mut at = SECTOR;
    while at + GROUP_HEADER <= bytes.len() {
        if !bytes[at..].starts_with(b"ROTG") {
            assert!(
                bytes[at..].iter().all(|byte| *byte == 0),
                "no group at {at}"
            );
            worth[at..].fill(Worth::Room);
            break;
        }
        let records = u32::from_le_bytes(bytes[at + 24..at + 28].try_into().unwrap());
        let (end, next) = match records {
            0 => (at, at + SECTOR),
            _ => {
                let end = at + GROUP_HEADER + number(at + 8);
                (end, end.next_multiple_of(SECTOR))
            }
        };
        let kind = if records == 0 {
            Worth::Mark
        } else {
            Worth::Padding
        };
        let next = next.min(bytes.len());
        worth[end..next].fill(kind);
        at = next;
    }
    worth
}

/// Changes every byte of the small files, and every `step`-th byte of chunks and behind a log's
/// headers. `tail_may_go` as for [`Sample::judge`]; a chunk is durable before its record is
/// written, so that it goes with no tail.
fn sweep(sample: &Sample, tail_may_go: bool, step: usize) -> [usize; 4] {
    let all_bits = std::env::var("ROTORTREE_ALL_BITS").is_ok_and(|value| value == "1");
    let mut outcomes = [0; 4];
    for path in sample.list() {
        let bytes = sample.files.read_file(&path).unwrap();
        let worth = worth(&path, &bytes);
        let is_log = path.extension().is_some_and(|name| name == "wal");
        let is_chunks = is_chunks(&path);
        let step = if is_log || is_chunks { step } else { 1 };
        let front = 0..SECTOR.min(bytes.len());
        for at in front.chain((SECTOR..bytes.len()).step_by(step)) {
            let bits = if all_bits { 0..8 } else { at % 8..at % 8 + 1 };
            for bit in bits {
                let told = format!("{} byte {at} bit {bit}", path.display());
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                let damaged = sample.copy();
                damaged.write_file(&path, &changed);
                let outcome = sample.judge(&damaged, &told, tail_may_go && !is_chunks);
                outcomes[outcome as usize] += 1;
                match worth[at] {
                    Worth::Needed => assert_ne!(outcome, Outcome::Whole, "{told}: not noticed"),
                    Worth::Padding => assert_eq!(outcome, Outcome::Whole, "{told}"),
                    Worth::Header => assert_eq!(outcome, Outcome::Told, "{told}"),
                    Worth::Mark => {}
                    Worth::Room => {
                        let at_no_cost = matches!(outcome, Outcome::Whole | Outcome::Told);
                        assert!(at_no_cost, "{told}: {outcome:?}");
                    }
                }
                if at % 64 == 0 {
                    sample.reads_no_wrong_node(&damaged, Reads::Mapped, &told);
                    sample.reads_no_wrong_node(&damaged, Reads::Positioned, &told);
                }
            }
        }
    }
    outcomes
}

#[test]
fn any_byte_of_a_closed_store_changed_is_an_error_or_the_identical_tree() {
    let outcomes = sweep(&Sample::new(1, true), false, 1);
    println!(
        "closed: {} identical, {} identical and told, {} cut and told, {} refused",
        outcomes[0], outcomes[1], outcomes[2], outcomes[3]
    );
    assert!(outcomes[Outcome::Refused as usize] > 4096 && outcomes[Outcome::Cut as usize] > 1000);
}

#[test]
fn any_byte_of_a_store_in_use_changed_is_never_silent_below_what_is_attested() {
    // Only the very last group, which nothing attests, may go.
    let outcomes = sweep(&Sample::new(2, false), true, 1);
    println!(
        "in use: {} identical, {} identical and told, {} cut, {} refused",
        outcomes[0], outcomes[1], outcomes[2], outcomes[3]
    );
    assert!(outcomes[Outcome::Refused as usize] > 4096);
}

#[test]
fn no_byte_of_a_log_that_no_checkpoint_covers_leaves_an_empty_tree_where_there_was_one() {
    for closed in [true, false] {
        let outcomes = sweep(&Sample::of_log_alone(13, closed), !closed, 5);
        println!(
            "log alone, closed {closed}: {} identical, {} identical and told, {} cut, {} refused",
            outcomes[0], outcomes[1], outcomes[2], outcomes[3]
        );
        assert!(outcomes[Outcome::Cut as usize] > 1000);
        // In the first group, and in the manifest.
        assert!(outcomes[Outcome::Refused as usize] > 1000);
    }
}

#[test]
fn any_byte_of_a_chunk_that_only_a_record_names_is_told_where_it_has_changed() {
    for closed in [true, false] {
        let sample = Sample::of_large_batches(15, closed);
        let outcomes = sweep(&sample, !closed, 7);
        println!(
            "large batches, closed {closed}: {} identical, {} identical and told, {} cut, {} refused",
            outcomes[0], outcomes[1], outcomes[2], outcomes[3]
        );
        // Four chunks are named by records alone.
        assert!(outcomes[Outcome::Cut as usize] > 4 * CHUNK_BYTES / 7);
    }
}

/// A scrub of a running tree: chunks, sums and the tails in the manifest, of pinned levels too.
#[test]
fn a_scrub_of_a_running_tree_finds_every_byte_of_chunks_and_manifest_that_has_changed() {
    for pin_above_level in [usize::MAX, 0] {
        let sample = Sample::new(7, true);
        let files = sample.copy();
        let positioned = config(RecoveryMode::Strict)
            .reads(Reads::Positioned)
            .tiering(TieringConfig { pin_above_level });
        let tree = open(&files, positioned).unwrap();
        let scrub = || tree.verify();
        let logs = |path: &Path| {
            path.extension().is_some_and(|name| name == "wal") || path.ends_with("LOCK")
        };
        let mut cases = 0;
        for path in files.list_files().into_iter().filter(|path| !logs(path)) {
            let bytes = files.read_file(&path).unwrap();
            // In place: the tree has these files open.
            let file = files
                .open_write(&files.open_dir("/".as_ref()).unwrap(), &path)
                .unwrap();
            for at in (0..bytes.len()).step_by(3) {
                let write = |byte: u8| files.write_at(&file, &[byte], at as u64).unwrap();
                write(bytes[at] ^ 1 << (at % 8));
                let error = scrub().expect_err("it has changed").to_string();
                assert!(
                    error.contains("tree"),
                    "{}, byte {at}: {error}",
                    path.display()
                );
                write(bytes[at]);
                cases += 1;
            }
            scrub().unwrap();
        }
        assert!(cases > 1500, "{cases}");
    }
}
