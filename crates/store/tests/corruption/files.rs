//! Each file removed, emptied, cut, swapped with its neighbour, or replaced.

use std::path::Path;

use rotortree_store::storage::Reads;

use super::store::{Outcome, Sample};

fn is_lock(path: &Path) -> bool {
    path.ends_with("LOCK")
}

fn is_log(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wal")
}

#[test]
fn any_file_removed_emptied_or_cut_is_an_error_or_the_identical_tree() {
    let samples = [true, false].map(|closed| (Sample::new(3, closed), closed));
    let of_log_alone = [true, false].map(|closed| (Sample::of_log_alone(14, closed), closed));
    let of_large_batches = [true, false].map(|it| (Sample::of_large_batches(16, it), it));
    let others = of_log_alone.into_iter().chain(of_large_batches);
    for (sample, closed) in samples.into_iter().chain(others) {
        for path in sample.list() {
            let bytes = sample.files.read_file(&path).unwrap();
            let damaged = sample.copy();
            damaged.remove_file(&path);
            let told = format!("{} removed", path.display());
            let outcome = sample.judge(&damaged, &told, false);
            // That a segment is gone is no end of the log in any mode.
            assert!(outcome == Outcome::Refused || !is_log(&path), "{told}");
            sample.reads_no_wrong_node(&damaged, Reads::Mapped, "removed");
            let cuts = (0..bytes.len())
                .step_by(256)
                .chain([bytes.len().saturating_sub(1)]);
            for len in cuts.filter(|_| !is_lock(&path)) {
                let damaged = sample.copy();
                damaged.write_file(&path, &bytes[..len]);
                // The last group of a store in use is attested by nothing: the very end may go. A
                // segment's header is synced before the segment has its name, and
                // does not go without a trace.
                sample.judge(
                    &damaged,
                    &format!("{} cut to {len}", path.display()),
                    !closed && is_log(&path) && len >= 512,
                );
                sample.reads_no_wrong_node(&damaged, Reads::Positioned, "cut");
            }
        }
    }
}

#[test]
fn any_two_files_swapped_are_an_error_or_the_identical_tree() {
    let sample = Sample::new(4, true);
    let paths = sample.list();
    for (k, left) in paths.iter().enumerate() {
        for right in &paths[k + 1..] {
            let damaged = sample.copy();
            damaged.write_file(left, &sample.files.read_file(right).unwrap());
            damaged.write_file(right, &sample.files.read_file(left).unwrap());
            let told = format!("{} and {} swapped", left.display(), right.display());
            let outcome = sample.judge(&damaged, &told, false);
            // A segment says its number, whatever it holds.
            let are_log = is_log(left) && is_log(right);
            assert!(outcome == Outcome::Refused || !are_log, "{told}");
        }
    }
}

#[test]
fn any_file_replaced_by_another_trees_or_an_older_one_is_never_a_wrong_tree() {
    let sample = Sample::new(5, true);
    let other = Sample::new(6, true);
    let older = Sample::new(5, false);
    for path in sample.list().into_iter().filter(|path| !is_lock(path)) {
        for (donor, name) in [(&other, "another tree's"), (&older, "another run's")] {
            if let Some(bytes) = donor.files.read_file(&path) {
                let damaged = sample.copy();
                damaged.write_file(&path, &bytes);
                let told = format!("{} replaced by {name}", path.display());
                let outcome = sample.judge(&damaged, &told, false);
                // A segment says whose it is, whatever it holds: the other run's has the same
                // leaves.
                assert!(outcome == Outcome::Refused || !is_log(&path), "{told}");
                sample.reads_no_wrong_node(&damaged, Reads::Mapped, "replaced");
            }
        }
    }
}
