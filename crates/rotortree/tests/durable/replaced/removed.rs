//! A directory that is removed: the tree says so, writes nowhere else, and its snapshots go on.

use super::*;

/// Whether an error and what it tells of its causes has the reason.
fn tells_removed(error: &RotorTreeError, case: Case) {
    let text = error.to_string();
    assert!(text.contains("removed"), "{case:?}: {text}");
}

#[test]
fn a_removed_directory_fails_with_that_reason_and_is_not_made_again() {
    for case in cases() {
        let scene = Scene::new(case);
        let path = scene.path("tree");
        fs::remove_dir_all(&path).unwrap();
        match (case.operation, scene.operate()) {
            // Verification reads mapped bytes and memory.
            (Operation::Verify, Ok(())) => {}
            (_, Ok(())) => panic!("{case:?} went well"),
            (_, Err(error)) => tells_removed(&error, case),
        }
        scene.check_held();
        let durable = scene.tree.durable_size();
        let insert = scene.tree.insert_durable(leaf(7));
        if case.operation != Operation::Close {
            tells_removed(&insert.unwrap_err(), case);
            assert_eq!(scene.tree.durable_size(), durable, "{case:?}");
            tells_removed(&scene.tree.clone().close().unwrap_err().into(), case);
        }
        assert!(!path.exists(), "{case:?}");
    }
}

#[test]
fn a_view_of_a_removed_directory_says_so_and_keeps_its_snapshot() {
    for chunks in [false, true] {
        let case = Case {
            operation: Operation::Refresh,
            chunks,
            idle: true,
        };
        let scene = Scene::new(case);
        let path = scene.path("tree");
        let (shown, head) = (scene.view.snapshot(), scene.view.head());
        fs::remove_dir_all(&path).unwrap();
        // Another store at the path is none of its business.
        let new: Tree<2> = open(&path);
        new.insert_many_durable(&leaves(0..1000)).unwrap();
        tells_removed(&scene.view.refresh().unwrap_err(), case);
        assert_eq!(scene.view.head(), head);
        assert_eq!(shown.generate_proof(0).unwrap().leaf, leaf(0));
        drop(scene.tree.clone().close());
        new.verify().unwrap();
        assert_eq!(new.size(), 1000);
    }
}
