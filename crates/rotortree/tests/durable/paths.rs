//! Every path that a path can be: not UTF-8, relative, as long as the system takes, through links,
//! a mounted file system's root. Row 22 of the fault table.

use std::{
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process::Command,
};

use rotortree::{Blake3Hasher, StorageError};

use crate::support::{Tree, leaf, leaves, open, quiet, storage_error};

/// Everything that takes the path or makes one of it.
fn works_at(path: &Path) {
    let tree: Tree<2> = open(path);
    tree.insert_many_durable(&leaves(0..300)).unwrap();
    tree.checkpoint().unwrap();
    let locked = storage_error(Tree::<2>::open(Blake3Hasher, quiet(path)));
    assert!(matches!(locked, StorageError::FileLocked));
    let view = Tree::<2>::open_read_only(Blake3Hasher, quiet(path)).unwrap();
    tree.insert_many_durable(&leaves(300..310)).unwrap();
    view.refresh().unwrap();
    let name = path.file_name().unwrap();
    let backup = path.with_file_name("b").join(name);
    assert_eq!(tree.backup(&backup).unwrap().leaves, 0..310);
    tree.verify().unwrap();
    tree.close().unwrap();
    assert!(rotortree::inspect(path).unwrap().is_some());
    assert_eq!(open::<2>(path).size(), 310);
    assert_eq!(open::<2>(&backup).size(), 310);
}

#[test]
fn a_path_that_is_not_utf_8_works() {
    let folder = tempfile::tempdir().unwrap();
    works_at(&folder.path().join(OsStr::from_bytes(b"tr\xff\xfee")));
}

#[test]
fn a_name_of_255_bytes_and_names_with_odd_characters_work() {
    let folder = tempfile::tempdir().unwrap();
    let longest = "n".repeat(255);
    for name in [
        longest.as_str(),
        " ",
        "a\nb",
        "tree.tmp",
        "-",
        "MANIFEST",
        "{}",
    ] {
        works_at(&folder.path().join(name));
    }
}

/// The files below would have longer paths than the system takes.
#[test]
fn a_path_as_long_as_the_system_takes_works() {
    let folder = tempfile::tempdir().unwrap();
    let mut path = folder.path().to_owned();
    while path.as_os_str().len() < 4095 - 40 {
        let room = 4095 - 40 - path.as_os_str().len();
        path.push("d".repeat(room.clamp(1, 200)));
    }
    fs::create_dir_all(&path).unwrap();
    let path = path.join("a-tree-with-a-rather-long-name");
    assert!(path.join("log/0000000000000001.wal").as_os_str().len() > 4095);
    let tree: Tree<2> = open(&path);
    tree.insert_many_durable(&leaves(0..300)).unwrap();
    tree.checkpoint().unwrap();
    tree.close().unwrap();
    assert_eq!(open::<2>(&path).size(), 300);
}

#[test]
fn a_path_through_links_works() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("real/deep")).unwrap();
    std::os::unix::fs::symlink("real/deep", at("link")).unwrap();
    std::os::unix::fs::symlink("link", at("link-to-link")).unwrap();
    works_at(&at("link-to-link/tree"));
    assert_eq!(open::<2>(&at("real/deep/tree")).size(), 310);
    std::os::unix::fs::symlink(at("real/deep/tree"), at("root")).unwrap();
    works_at_again(&at("root"));
    let loops = at("loop");
    std::os::unix::fs::symlink("loop", &loops).unwrap();
    storage_error(Tree::<2>::open(Blake3Hasher, quiet(&loops.join("tree"))));
}

fn works_at_again(path: &Path) {
    let tree: Tree<2> = open(path);
    let size = tree.size();
    tree.insert_durable(leaf(size)).unwrap();
    tree.checkpoint().unwrap();
    tree.close().unwrap();
    assert_eq!(open::<2>(path).size(), size + 1);
}

const FOLDER: &str = "ROTORTREE_TEST_FOLDER";

/// Not a test of its own: another working directory is another process's.
#[test]
#[ignore = "run by the test that needs another process"]
fn a_relative_path_in_another_process() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    std::env::set_current_dir(&folder).unwrap();
    let (relative, dotted) = (Path::new("tree"), Path::new("./x/../tree"));
    let tree: Tree<2> = open(relative);
    let view = Tree::<2>::open_read_only(Blake3Hasher, quiet(relative)).unwrap();
    fs::create_dir(folder.join("elsewhere")).unwrap();
    std::env::set_current_dir(folder.join("elsewhere")).unwrap();
    tree.insert_many_durable(&leaves(0..300)).unwrap();
    tree.checkpoint().unwrap();
    tree.insert_durable(leaf(300)).unwrap();
    view.refresh().unwrap();
    assert!(view.size() >= 300);
    tree.backup("backup").unwrap();
    tree.close().unwrap();
    assert_eq!(fs::read_dir(".").unwrap().count(), 1, "the backup alone");
    std::env::set_current_dir(&folder).unwrap();
    fs::create_dir("x").unwrap();
    works_at_again(dotted);
    assert_eq!(open::<2>(&folder.join("tree")).size(), 302);
}

#[test]
fn a_relative_path_means_what_it_meant_when_the_tree_was_opened() {
    let folder = tempfile::tempdir().unwrap();
    let name = "paths::a_relative_path_in_another_process";
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--ignored"])
        .env(FOLDER, folder.path())
        .status()
        .unwrap();
    assert!(status.success());
    assert!(folder.path().join("elsewhere/backup/MANIFEST").exists());
}

#[test]
fn a_mounted_file_system_s_root_is_refused_with_advice_and_a_directory_below_it_works() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("lost+found")).unwrap();
    let text = storage_error(Tree::<2>::open(Blake3Hasher, quiet(folder.path()))).to_string();
    assert!(text.contains("use a directory below it"), "{text}");
    works_at(&folder.path().join("tree"));
}
