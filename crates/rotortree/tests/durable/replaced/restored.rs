//! Files put in the place of the store's own: the tree finds them, says so, and leaves
//! them as they are.

use std::collections::BTreeMap;

use super::*;

/// Replaces every file below `to` by the one below `from`, by renaming, as tools that restore do.
fn restore(from: &Path, to: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let files = contents(from);
    for (name, bytes) in &files {
        if let Some(bytes) = bytes {
            let temporary = to.join("restoring");
            fs::write(&temporary, bytes).unwrap();
            fs::rename(&temporary, to.join(name)).unwrap();
        }
    }
    files
}

#[test]
fn files_restored_over_an_open_tree_are_found_and_left_as_they_are() {
    for case in cases() {
        let scene = Scene::new(case);
        let (path, saved) = (scene.path("tree"), scene.path("saved"));
        // A writer that is gone, so that the copy is of one moment.
        copy(&path, &saved);
        let then: u64 = {
            let tree: Tree<2> = open(&saved);
            let size = tree.size();
            tree.close().unwrap();
            size
        };
        let restored = restore(&saved, &path);
        match (case.operation, scene.operate()) {
            // They write nothing into the store, if there is nothing to make durable first.
            (Operation::Verify | Operation::Refresh | Operation::Backup, Ok(())) => {}
            (_, Ok(())) => panic!("{case:?} went well"),
            (_, Err(error)) => {
                let text = error.to_string();
                let reasons = ["took its place", "put in its place", "removed or replaced"];
                assert!(
                    reasons.iter().any(|reason| text.contains(reason)),
                    "{case:?}: {text}"
                );
            }
        }
        drop(scene.tree.insert_durable(leaf(9)));
        scene.check_held();
        assert!(scene.tree.clone().close().is_err(), "{case:?}");
        let after = contents(&path);
        for (name, bytes) in &restored {
            assert_eq!(after.get(name), Some(bytes), "{case:?}: {}", name.display());
        }
        drop(scene.tree);
        check_reopened(&path, then, case);
    }
}

/// A manifest of another tree, or of an earlier time, renamed over that of an open tree.
#[test]
fn a_manifest_put_in_the_place_of_an_open_trees_is_found_by_all_that_rely_on_it() {
    type Call = fn(&Tree<2>) -> Result<(), RotorTreeError>;
    let calls: [(&str, Call, &str); 5] = [
        (
            "verify",
            |tree| Ok(tree.verify()?),
            "another one than this tree committed",
        ),
        (
            "insert",
            |tree| tree.insert_durable(leaf(310)).map(drop),
            "put in its place",
        ),
        (
            "checkpoint",
            |tree| Ok(tree.checkpoint()?),
            "put in its place",
        ),
        (
            "acknowledge",
            |tree| Ok(tree.acknowledge_cuts().map(drop)?),
            "",
        ),
        (
            "close",
            |tree| Ok(tree.clone().close()?),
            "put in its place",
        ),
    ];
    let other = tempfile::tempdir().unwrap();
    drop(open::<2>(other.path()));
    let other = fs::read(other.path().join("MANIFEST")).unwrap();
    for (name, call, reason) in calls {
        for is_other in [true, false] {
            let told = format!("{name}, of another tree: {is_other}");
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("MANIFEST");
            let tree: Tree<2> = open(dir.path());
            tree.insert_many_durable(&leaves(0..300)).unwrap();
            let earlier = fs::read(&path).unwrap();
            tree.checkpoint().unwrap();
            tree.insert_many_durable(&leaves(300..310)).unwrap();
            tree.verify().unwrap();
            let put = if is_other { &other } else { &earlier };
            let temporary = dir.path().join("restoring");
            fs::write(&temporary, put).unwrap();
            fs::rename(&temporary, &path).unwrap();
            match call(&tree) {
                // There is no cut, so that nothing is to be written.
                Ok(()) => assert_eq!(name, "acknowledge"),
                Err(error) => {
                    let text = error.to_string();
                    assert!(
                        !reason.is_empty() && text.contains(reason),
                        "{told}: {text}"
                    );
                }
            }
            assert_eq!(tree.size(), 310 + u64::from(name == "insert"));
            drop(tree);
            assert!(fs::read(&path).unwrap() == *put, "{told}");
        }
    }
}

/// The newest segment cut or lengthened in place, in an idle and in a busy tree.
#[test]
fn a_segment_that_something_else_wrote_to_ends_the_tree_and_is_told() {
    for idle in [true, false] {
        for change in [0, 100, 512, 600, 1 << 20] {
            let told = format!("{change} bytes, idle: {idle}");
            let dir = tempfile::tempdir().unwrap();
            let root = dir.path().canonicalize().unwrap();
            let tree: Tree<2> = open(&root);
            for next in 0..10 {
                tree.insert_durable(leaf(next)).unwrap();
            }
            if idle {
                eventually("the idle tree closes its segment", || !is_open(&root));
            }
            let segments = fs::read_dir(root.join("log")).unwrap();
            let segment = segments.map(|entry| entry.unwrap().path()).next().unwrap();
            let file = fs::File::options().write(true).open(&segment).unwrap();
            let len = file.metadata().unwrap().len();
            file.set_len(change).unwrap();
            for _ in 0..2 {
                let error = tree.insert_durable(leaf(10)).unwrap_err().to_string();
                assert!(
                    error.contains("something else wrote to it"),
                    "{told}: {error}"
                );
                assert!(tree.failure().is_some(), "{told}");
            }
            assert!(tree.clone().close().is_err(), "{told}");
            drop(tree);
            assert_eq!(
                file.metadata().unwrap().len(),
                change,
                "{told}: left as it is"
            );
            // After an unclean stop only `expect_head` tells a log that was cut from one that ended
            // there.
            if change > len {
                assert_eq!(open::<2>(&root).size(), 10, "{told}");
            }
        }
    }
}

/// A restore that writes into the file itself, as `cp` does.
#[test]
fn a_manifest_written_over_in_place_is_found_before_anything_is_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("MANIFEST");
    let tree: Tree<2> = open(dir.path());
    tree.insert_durable(leaf(0)).unwrap();
    let earlier = fs::read(&path).unwrap();
    tree.insert_many(&leaves(1..300)).unwrap();
    tree.checkpoint().unwrap();
    let now = fs::read(&path).unwrap();
    assert_ne!(now.len(), earlier.len());
    fs::write(&path, &earlier).unwrap();
    let error = tree.insert_durable(leaf(300)).unwrap_err().to_string();
    assert!(error.contains("put in its place"), "{error}");
    assert!(tree.clone().close().is_err());
    drop(tree);
    assert_eq!(fs::read(&path).unwrap(), earlier);
    // The manifest beside it is whole.
    fs::write(&path, &now).unwrap();
    assert!(open::<2>(dir.path()).size() >= 300);
}

/// The directory `log`, or a segment in it, moved away and a copy put in its place, under a tree
/// that has the segment open.
#[test]
fn a_log_moved_away_under_an_open_tree_takes_no_group_any_more() {
    for (moved, is_copied) in [
        ("log", true),
        ("log", false),
        ("segment", true),
        ("segment", false),
    ] {
        let told = format!("{moved}, copied: {is_copied}");
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("tree");
        let tree: Tree<2> = open(&root);
        let busy = || {
            let size = tree.size();
            tree.insert_durable(leaf(size))
        };
        busy().unwrap();
        let segments = fs::read_dir(root.join("log")).unwrap();
        let segment = segments.map(|entry| entry.unwrap().path()).next().unwrap();
        let path = if moved == "log" {
            root.join("log")
        } else {
            segment
        };
        let away = dir.path().join("away");
        if is_copied {
            copy(&path, &away);
            // The copy lacks it.
            busy().unwrap();
            let aside = dir.path().join("aside");
            fs::rename(&path, &aside).unwrap();
            fs::rename(&away, &path).unwrap();
        } else {
            fs::rename(&path, &away).unwrap();
        }
        let error = busy().unwrap_err().to_string();
        let reasons = ["took its place", "removed or moved", "was removed"];
        assert!(
            reasons.iter().any(|reason| error.contains(reason)),
            "{told}: {error}"
        );
        assert!(tree.failure().is_some(), "{told}");
        assert!(tree.clone().close().is_err(), "{told}");
    }
}
