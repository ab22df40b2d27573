//! Hard links and mounts: another name for a store's files is another store's, another name for its
//! directory is the same one.

use std::os::unix::fs::{MetadataExt, symlink};

use super::*;
use crate::support::storage_error;

fn link(from: &Path, to: &Path) {
    run("cp", &["-al".as_ref(), from.as_ref(), to.as_ref()]);
}

#[test]
fn a_hard_linked_copy_and_its_original_both_go_on() {
    for case in cases() {
        let scene = Scene::new(case);
        let (path, linked) = (scene.path("tree"), scene.path("linked"));
        link(&path, &linked);
        let other: Tree<2> = open(&linked);
        let from = other.size();
        scene.operate().unwrap();
        let theirs: Vec<_> = (0..3000).map(|i| leaf(1_000_000 + i)).collect();
        other.insert_many_durable(&theirs).unwrap();
        other.checkpoint().unwrap();
        let shown = other.snapshot();
        let size = scene.go_on();
        scene.check_held();
        other.verify().unwrap();
        other.close().unwrap();
        drop(scene.tree);
        check_reopened(&path, size, case);
        let other: Tree<2> = open(&linked);
        assert_eq!(
            (other.size(), other.head()),
            (from + 3000, shown.head()),
            "{case:?}"
        );
        other.verify().unwrap();
    }
}

/// Each of the two is written in turn and the other one opened, so that whichever comes
/// first finds links.
#[test]
fn a_store_and_its_hard_linked_copy_take_turns() {
    let folder = tempfile::tempdir().unwrap();
    let (path, linked) = (folder.path().join("tree"), folder.path().join("linked"));
    let add = |path: &Path, first: u64, count: u64| {
        let tree: Tree<2> = open(path);
        tree.insert_many_durable(&leaves(first..first + count))
            .unwrap();
        tree.checkpoint().unwrap();
        tree.verify().unwrap();
        let size = tree.size();
        tree.close().unwrap();
        size
    };
    assert_eq!(add(&path, 0, 5000), 5000);
    for round in 1..=3 {
        drop(fs::remove_dir_all(&linked));
        link(&path, &linked);
        let size = open::<2>(&path).size();
        assert_eq!(add(&path, 10_000 * round, 3000), size + 3000);
        assert_eq!(add(&linked, 20_000 * round, 1000), size + 1000);
        assert_eq!(open::<2>(&path).size(), size + 3000);
        assert_eq!(open::<2>(&linked).size(), size + 1000);
        open::<2>(&path).verify().unwrap();
        open::<2>(&linked).verify().unwrap();
    }
}

#[test]
fn a_file_with_more_than_one_link_is_copied_before_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (path, linked) = (folder.path().join("tree"), folder.path().join("linked"));
    let tree: Tree<2> = open(&path);
    tree.insert_many_durable(&leaves(0..1000)).unwrap();
    tree.checkpoint().unwrap();
    link(&path, &linked);
    let before = contents(&linked);
    let shard = path.join("levels/00/000000.chunks");
    assert_eq!(fs::metadata(&shard).unwrap().nlink(), 2);
    tree.insert_many_durable(&leaves(1000..2000)).unwrap();
    tree.checkpoint().unwrap();
    assert_eq!(fs::metadata(&shard).unwrap().nlink(), 1);
    let levels = |all: std::collections::BTreeMap<PathBuf, Option<Vec<u8>>>| {
        let levels = all
            .into_iter()
            .filter(|(name, _)| name.starts_with("levels"));
        levels.collect::<Vec<_>>()
    };
    assert_eq!(levels(contents(&linked)), levels(before));
    tree.verify().unwrap();
}

#[test]
fn no_symbolic_link_inside_a_store_is_followed() {
    for name in [
        "MANIFEST",
        "log",
        "levels",
        "levels/00/000000.chunks",
        "LOCK",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tree");
        let tree: Tree<2> = open(&path);
        tree.insert_many_durable(&leaves(0..1000)).unwrap();
        tree.checkpoint().unwrap();
        tree.close().unwrap();
        let away = folder.path().join("away");
        fs::rename(path.join(name), &away).unwrap();
        symlink(&away, path.join(name)).unwrap();
        let text = storage_error(Tree::<2>::open(Blake3Hasher, quiet(&path))).to_string();
        assert!(text.contains("symbolic link"), "{name}: {text}");
        // Put back, it opens.
        fs::remove_file(path.join(name)).unwrap();
        fs::rename(&away, path.join(name)).unwrap();
        assert_eq!(open::<2>(&path).size(), 1000, "{name}");
    }
}

#[test]
fn no_backup_goes_into_the_store_itself_by_any_spelling_or_link() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tree");
    let tree: Tree<2> = open(&path);
    tree.insert_many_durable(&leaves(0..1000)).unwrap();
    tree.checkpoint().unwrap();
    let links = [("whole", path.clone()), ("part", path.join("levels"))];
    for (name, target) in links {
        symlink(target, folder.path().join(name)).unwrap();
    }
    let before = contents(&path);
    for target in [
        "tree",
        "tree/",
        "tree/.",
        "tree/MANIFEST.tmp",
        "tree/new",
        "tree/new/deep",
        "tree/log",
        "tree/levels/07",
        "tree/../tree/new",
        "./tree/levels/../new",
        "whole",
        "whole/new",
        "part/07",
        "part/../new",
    ] {
        let text = storage_error(tree.backup(folder.path().join(target))).to_string();
        assert!(text.contains("a place outside of it"), "{target}: {text}");
        assert_eq!(contents(&path), before, "{target}");
    }
    // Nor does a tree that is moved take one at its old path for itself, or one in its new place
    // for another.
    let moved = folder.path().join("moved");
    fs::rename(&path, &moved).unwrap();
    storage_error(tree.backup(moved.join("new")));
    assert_eq!(tree.backup(&path).unwrap().leaves, 0..1000);
    assert_eq!(open::<2>(&path).head(), tree.head());
}

#[test]
fn no_store_is_made_inside_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tree");
    let tree: Tree<2> = open(&path);
    tree.insert_many_durable(&leaves(0..1000)).unwrap();
    tree.checkpoint().unwrap();
    symlink(path.join("levels"), folder.path().join("part")).unwrap();
    let before = contents(&path);
    for within in ["tree/MANIFEST.tmp", "tree/levels/07", "part/new/deep"] {
        let within = folder.path().join(within);
        let text = storage_error(Tree::<2>::open(Blake3Hasher, quiet(&within))).to_string();
        assert!(text.contains("lies in another store"), "{text}");
        assert_eq!(contents(&path), before);
    }
    tree.checkpoint().unwrap();
    tree.close().unwrap();
}

/// A directory that is mounted at another path, until this is dropped.
struct Mount(PathBuf);

#[expect(clippy::print_stdout, reason = "a test that is left out says so")]
impl Mount {
    /// `None`, loudly, without the right to mount; an error where `ROTORTREE_TEST_MOUNTS` says that
    /// there must be one.
    fn bind(from: &Path, to: &Path) -> Option<Self> {
        fs::create_dir(to).unwrap();
        let mounted = Command::new("mount")
            .arg("--bind")
            .args([from, to])
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(to.to_owned()));
        }
        assert!(
            std::env::var_os("ROTORTREE_TEST_MOUNTS").is_none(),
            "this machine must be able to mount"
        );
        println!("NOT TESTED: mounting takes root; set ROTORTREE_TEST_MOUNTS where it must be had");
        None
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: a background thread may be about to let go of the last file.
        run("umount", &["-l".as_ref(), self.0.as_ref()]);
    }
}

#[test]
fn a_bind_mount_of_a_store_is_the_same_store() {
    for case in cases() {
        let scene = Scene::new(case);
        let (path, mounted) = (scene.path("tree"), scene.path("mounted"));
        let Some(_mount) = Mount::bind(&path, &mounted) else {
            return;
        };
        let refused = || storage_error(Tree::<2>::open(Blake3Hasher, quiet(&mounted)));
        assert!(matches!(refused(), rotortree::StorageError::FileLocked));
        for target in ["mounted", "mounted/new", "mounted/levels/07"] {
            let text = storage_error(scene.tree.backup(scene.path(target))).to_string();
            assert!(text.contains("a place outside of it"), "{target}: {text}");
        }
        scene.operate().unwrap();
        let size = scene.go_on();
        drop((scene.tree, scene.view));
        check_reopened(&mounted, size, case);
    }
}

#[test]
fn a_bind_mount_of_a_part_of_a_store_is_no_place_for_its_backup() {
    let folder = tempfile::tempdir().unwrap();
    let (path, part) = (folder.path().join("tree"), folder.path().join("part"));
    let tree: Tree<2> = open(&path);
    tree.insert_many_durable(&leaves(0..1000)).unwrap();
    tree.checkpoint().unwrap();
    let Some(_mount) = Mount::bind(&path.join("levels"), &part) else {
        return;
    };
    let before = contents(&path);
    for target in ["07", "new/deep"] {
        let text = storage_error(tree.backup(part.join(target))).to_string();
        assert!(text.contains("a place outside of it"), "{target}: {text}");
    }
    assert_eq!(contents(&path), before);
}
