//! Reports of a tree, as text and serialized: statistics and the report of opening.

use std::{fs, io};

use rotortree::{
    Blake3Hasher,
    store::{
        fs::FsStorage,
        test_util::sim_files::{Call, Effect, Fault, SimFiles},
    },
};

use crate::support::{Tree, leaf, leaves, open, quiet};

/// The names of the pairs in a line of statistics.
fn names(line: &str) -> Vec<&str> {
    line.split(' ')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn statistics_are_a_line_of_names_and_values() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    let line = tree.stats().to_string();
    assert!(line.starts_with("size=0 durable_size=0 "), "{line}");
    assert!(
        !line.contains("last_sync") && !line.contains("None"),
        "{line}"
    );
    tree.insert_many_durable(&leaves(0..10)).unwrap();
    tree.insert(leaf(10)).unwrap();
    tree.checkpoint().unwrap();
    tree.insert(leaf(11)).unwrap();
    let line = tree.stats().to_string();
    assert!(
        line.starts_with("size=12 durable_size=11 checkpointed_size=11 "),
        "{line}"
    );
    assert!(!line.contains('\n'));
    for name in [
        "last_sync",
        "last_sync_age",
        "last_checkpoint",
        "last_checkpoint_age",
    ] {
        assert!(names(&line).contains(&name), "{name}: {line}");
    }
}

#[test]
fn statistics_of_a_failed_tree_tell_why_in_quotes() {
    let files = SimFiles::new();
    let tree = Tree::<2>::builder(quiet("not looked at".as_ref()))
        .storage(std::sync::Arc::new(FsStorage::with_files(
            files.clone(),
            "/tree",
        )))
        .open(Blake3Hasher)
        .unwrap();
    tree.insert(leaf(0)).unwrap();
    files.inject(Fault::new(0, Effect::LoseSync(io::ErrorKind::Other)).on(Call::Sync));
    tree.flush().unwrap_err();
    let line = tree.stats().to_string();
    let (_, failure) = line.split_once(" failure=").unwrap();
    assert!(failure.starts_with('"') && failure.ends_with('"'), "{line}");
}

/// A tree of which something durable at the log's end is overwritten.
fn damaged() -> (tempfile::TempDir, Tree<2>) {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    for k in 0..5 {
        tree.insert_durable(leaf(k)).unwrap();
    }
    tree.close().unwrap();
    let log = fs::read_dir(dir.path().join("log")).unwrap();
    let segment = log.map(|entry| entry.unwrap().path()).max().unwrap();
    let mut bytes = fs::read(&segment).unwrap();
    let last = bytes.iter().rposition(|&byte| byte != 0).unwrap();
    for byte in &mut bytes[last - 600..=last] {
        *byte ^= 0x55;
    }
    fs::write(&segment, bytes).unwrap();
    let tree = open::<2>(dir.path());
    (dir, tree)
}

#[test]
fn a_recovery_report_is_a_line_that_names_what_matters() {
    let dir = tempfile::tempdir().unwrap();
    let tree = open::<2>(dir.path());
    assert_eq!(tree.recovery_report().to_string(), "created a new store");
    tree.insert_many(&leaves(0..10)).unwrap();
    tree.checkpoint().unwrap();
    tree.insert(leaf(10)).unwrap();
    tree.close().unwrap();
    let line = open::<2>(dir.path()).recovery_report().to_string();
    assert!(
        line.starts_with("opened after an orderly close with 11 leaves; "),
        "{line}"
    );
    assert!(line.contains("10 leaves from the checkpoint"), "{line}");
    assert!(line.contains("1 leaves replayed"), "{line}");
    assert!(
        !line.contains("DAMAGE") && !line.contains("cut off"),
        "{line}"
    );

    let (_dir, tree) = damaged();
    let report = tree.recovery_report();
    let damage = report.damage.as_ref().unwrap();
    let line = report.to_string();
    for part in [
        "DAMAGE",
        damage.at.file.as_str(),
        damage.at.reason.as_str(),
        damage.quarantined[0].as_str(),
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(!line.contains('\n'));
}

#[cfg(feature = "serde")]
#[test]
fn both_serialize_as_maps_of_their_fields() {
    let (_dir, tree) = damaged();
    let report = serde_json::to_value(tree.recovery_report()).unwrap();
    assert_eq!(report["created"], false);
    assert!(report["damage"]["at"]["offset"].is_u64(), "{report}");
    assert!(report["tear"].is_null());

    tree.insert_durable(leaf(9)).unwrap();
    let stats = tree.stats();
    let told = serde_json::to_value(&stats).unwrap();
    assert_eq!(told["size"], stats.size);
    assert_eq!(told["stalled"], 0.0);
    let last = told["last_sync"].as_f64().unwrap();
    assert!((last - stats.last_sync.unwrap().as_secs_f64()).abs() < 1e-9);
    assert!(told["last_checkpoint"].is_null());
    // The line and the map have the same names in the same order; the line omits `None` and the
    // counters of a backend that has none.
    assert!(stats.backend.is_empty());
    let line = stats.to_string();
    let map = told.as_object().unwrap();
    let set = map
        .iter()
        .filter(|(name, value)| !value.is_null() && *name != "backend");
    let mut from_map: Vec<_> = set.map(|(name, _)| name.as_str()).collect();
    let mut from_line = names(&line);
    from_map.sort_unstable();
    from_line.sort_unstable();
    assert_eq!(from_line, from_map);
}
