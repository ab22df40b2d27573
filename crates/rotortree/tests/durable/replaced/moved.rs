//! A moved directory: the tree goes on in it, and a directory at the old path is another store.

use std::os::unix::fs::symlink;

use super::*;
use crate::support::storage_error;

#[test]
fn a_moved_directory_goes_on_where_it_is_and_a_copy_at_its_path_is_never_touched() {
    for case in cases() {
        let scene = Scene::new(case);
        let (path, moved) = (scene.path("tree"), scene.path("moved"));
        fs::rename(&path, &moved).unwrap();
        copy(&moved, &path);
        let before = contents(&path);
        scene.operate().unwrap();
        let size = scene.go_on();
        scene.check_held();
        assert_eq!(contents(&path), before, "{case:?}");
        drop(scene.tree);
        check_reopened(&moved, size, case);
    }
}

#[test]
fn a_copy_at_the_path_of_a_moved_directory_can_be_open_at_the_same_time() {
    for case in cases() {
        let scene = Scene::new(case);
        let (path, moved) = (scene.path("tree"), scene.path("moved"));
        fs::rename(&path, &moved).unwrap();
        copy(&moved, &path);
        let other: Tree<2> = open(&path);
        let from = other.size();
        let theirs: Vec<_> = (0..500).map(|i| leaf(1_000_000 + i)).collect();
        other.insert_many_durable(&theirs).unwrap();
        other.checkpoint().unwrap();
        let shown = other.snapshot();
        let proof = |index| shown.generate_proof(index).unwrap();
        let (first, last) = (proof(0), proof(from + 499));
        scene.operate().unwrap();
        scene.go_on();
        scene.check_held();
        assert_eq!((proof(0), proof(from + 499)), (first, last), "{case:?}");
        other.verify().unwrap();
        other.close().unwrap();
        let other: Tree<2> = open(&path);
        assert_eq!(other.size(), from + 500, "{case:?}");
        other.verify().unwrap();
        assert_eq!(other.head(), shown.head(), "{case:?}");
    }
}

#[test]
fn a_directory_that_is_moved_and_not_replaced_goes_on_too() {
    for case in cases() {
        let scene = Scene::new(case);
        let (path, moved) = (scene.path("tree"), scene.path("moved"));
        fs::rename(&path, &moved).unwrap();
        scene.operate().unwrap();
        let size = scene.go_on();
        assert!(!path.exists(), "{case:?}");
        drop(scene.tree);
        check_reopened(&moved, size, case);
    }
}

#[test]
fn a_symlink_that_is_flipped_changes_nothing_for_who_opened_through_it() {
    for case in cases() {
        let scene = Scene::at(case, "current", |folder| {
            fs::create_dir(folder.join("v1")).unwrap();
            symlink("v1", folder.join("current")).unwrap();
        });
        let (v1, v2) = (scene.path("v1"), scene.path("v2"));
        copy(&v1, &v2);
        let before = contents(&v2);
        symlink("v2", scene.path("next")).unwrap();
        fs::rename(scene.path("next"), scene.path("current")).unwrap();
        scene.operate().unwrap();
        let size = scene.go_on();
        scene.check_held();
        assert_eq!(contents(&v2), before, "{case:?}");
        drop(scene.tree);
        check_reopened(&v1, size, case);
    }
}

#[test]
fn a_tree_in_the_place_of_a_moved_one_is_opened_by_itself_and_the_moved_one_stays_locked() {
    let case = Case {
        operation: Operation::Insert,
        chunks: true,
        idle: true,
    };
    let scene = Scene::new(case);
    let (path, moved) = (scene.path("tree"), scene.path("moved"));
    fs::rename(&path, &moved).unwrap();
    let new: Tree<2> = open(&path);
    assert_eq!(new.size(), 0);
    let locked = storage_error(Tree::<2>::open(Blake3Hasher, quiet(&moved)));
    assert!(matches!(locked, rotortree::StorageError::FileLocked));
}

#[test]
fn a_lock_file_that_is_removed_and_made_anew_lets_no_second_owner_in() {
    for case in cases() {
        let scene = Scene::new(case);
        let path = scene.path("tree");
        fs::remove_file(path.join("LOCK")).unwrap();
        fs::write(path.join("LOCK"), "").unwrap();
        let refused = || storage_error(Tree::<2>::open(Blake3Hasher, quiet(&path)));
        assert!(matches!(refused(), rotortree::StorageError::FileLocked));
        scene.operate().unwrap();
        if case.operation != Operation::Close {
            assert!(matches!(refused(), rotortree::StorageError::FileLocked));
        }
        let size = scene.go_on();
        drop(scene.tree);
        check_reopened(&path, size, case);
    }
}
