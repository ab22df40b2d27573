//! Honest logs of a million leaves: replaying them takes the tree's nodes and a bounded rest, for
//! records of any shape.

use std::{path::Path, time::Duration};

use rotortree_lean_imt::{Hash, reference};
use rotortree_store::{RecoveryMode, file_layer::OsFiles};

use crate::{
    counting::{alone, peak},
    store::{BOUND, Watchdog, copy_dir, open, place, read_only},
};

const LEAVES: usize = 1_000_000;

/// Writes all leaves in batches of `batch`; `path` is then what a killed process leaves.
fn write(path: &Path, leaves: &[Hash], batch: usize, flush_every: usize) -> Option<Hash> {
    let folder = tempfile::tempdir().unwrap();
    let tree = open(&place(OsFiles, folder.path()), RecoveryMode::Strict).unwrap();
    for (number, leaves) in leaves.chunks(batch).enumerate() {
        tree.append(leaves).submit().unwrap();
        if (number + 1) % flush_every == 0 {
            tree.flush().unwrap();
        }
    }
    tree.flush().unwrap();
    copy_dir(folder.path(), path);
    let root = tree.snapshot().root();
    tree.close().unwrap();
    root
}

#[test]
fn a_million_leaves_are_replayed_within_the_bound_beyond_their_nodes() {
    let _watchdog = Watchdog::start("a long replay", Duration::from_secs(300));
    alone(|| {
        let leaves = reference::sample_leaves(1, LEAVES);
        // Many groups that are attested; one group for all that nothing attests, so that recovery
        // writes it anew.
        for (told, count, batch, flush_every) in [
            ("batches of 1,000, attested", LEAVES, 1000, 10),
            ("one batch, not attested", LEAVES, LEAVES, 1),
            ("single leaves, not attested", LEAVES / 4, 1, LEAVES),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let copy = folder.path().join("copy");
            let root = write(&copy, &leaves[..count], batch, flush_every);
            let storage = place(OsFiles, &copy);
            let (reader, taken_to_read) =
                peak(|| read_only(&storage, RecoveryMode::Strict).unwrap());
            drop(reader);
            let (tree, taken) = peak(|| open(&storage, RecoveryMode::Strict).unwrap());
            assert_eq!(
                (tree.size(), tree.snapshot().root()),
                (count as u64, root),
                "{told}"
            );
            let nodes = tree.stats().resident_node_bytes as usize;
            println!(
                "{told}: the nodes take {nodes} bytes, reading {taken_to_read}, opening {taken}"
            );
            // On Linux the allocator sees the levels alone that fill no segment of 2 MiB: of two
            // children or more, they have less than two segments.
            let nodes = if cfg!(target_os = "linux") {
                nodes.min(2 * (2 << 20))
            } else {
                nodes
            };
            // A reader holds no nodes of entries that it does not see yet.
            for taken in [taken_to_read, taken] {
                assert!(
                    taken <= nodes + BOUND,
                    "{told}: {taken} bytes, and the nodes are {nodes}"
                );
            }
            tree.close().unwrap();
        }
    });
}
