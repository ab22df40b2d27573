//! Files put in the place of the store's own: the tree finds them, says so, and leaves them as they
//! are.

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
