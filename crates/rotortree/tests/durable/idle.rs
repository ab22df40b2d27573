//! The resources of an idle tree: ten thousand of them share a process.

use std::{fs, path::Path};

use rotortree::{Blake3Hasher, CheckpointPolicy, FlushPolicy, Reads, RotorTreeConfig};

use crate::support::{Tree, eventually, leaf, leaves, quiet};

/// The names below a directory that this process has open, a name for each descriptor.
fn open_below(directory: &Path) -> Vec<String> {
    let directory = directory.canonicalize().unwrap();
    let mut names: Vec<String> = fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|file| fs::read_link(file.unwrap().path()).ok())
        .filter_map(|file| Some(file.strip_prefix(&directory).ok()?.display().to_string()))
        .collect();
    names.sort();
    names
}

#[test]
fn an_idle_tree_holds_two_descriptors_whatever_was_done_with_it() {
    let busy = |path: &Path| RotorTreeConfig {
        flush_policy: FlushPolicy::Interval(std::time::Duration::from_millis(5)),
        checkpoint_policy: CheckpointPolicy::EveryNEntries(3),
        ..quiet(path)
    };
    let two = ["", "LOCK"];
    for background in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tree");
        let config = if background {
            busy(&path)
        } else {
            quiet(&path)
        };
        let tree = Tree::<2>::open(Blake3Hasher, config.clone()).unwrap();
        assert_eq!(open_below(&path), two, "opened");
        let idle = |what: &str| eventually(what, || open_below(&path) == two);
        tree.insert_many_durable(&leaves(0..300)).unwrap();
        idle("after a sync");
        tree.checkpoint().unwrap();
        idle("after a checkpoint");
        for index in 300..310 {
            tree.insert_durable(leaf(index)).unwrap();
        }
        idle("after ten syncs");
        tree.verify().unwrap();
        tree.backup(folder.path().join("backup")).unwrap();
        idle("after a backup");
        tree.close().unwrap();
        assert_eq!(open_below(&path), [""; 0], "closed");
        let tree = Tree::<2>::open(Blake3Hasher, config).unwrap();
        assert_eq!(open_below(&path), two, "opened again");
        tree.close().unwrap();
    }
}

#[test]
fn an_idle_view_holds_one_descriptor() {
    let folder = tempfile::tempdir().unwrap();
    let tree = Tree::<2>::open(Blake3Hasher, quiet(folder.path())).unwrap();
    tree.insert_many_durable(&leaves(0..300)).unwrap();
    tree.checkpoint().unwrap();
    tree.close().unwrap();
    for reads in [Reads::Mapped, Reads::Positioned] {
        let view = Tree::<2>::builder(quiet(folder.path())).reads(reads);
        let view = view.open_read_only(Blake3Hasher).unwrap();
        view.refresh().unwrap();
        let open = open_below(folder.path());
        let directories = open.iter().filter(|name| name.is_empty());
        assert_eq!(directories.count(), 1, "{open:?}");
        let logs = open.iter().filter(|name| name.starts_with("log"));
        assert_eq!(logs.count(), 0, "{open:?}");
        assert!(open.len() == 1 || reads == Reads::Positioned, "{open:?}");
    }
}
