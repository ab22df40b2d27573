//! Pipes, sockets, devices and directories under the names of a store's files: opening is refused
//! at once, and they stay.

use std::{
    fs,
    os::unix::{
        fs::{FileTypeExt, MetadataExt},
        net::UnixListener,
    },
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc::channel,
    thread,
};

use rotortree::{Blake3Hasher, RotorTreeError};

use crate::{
    common::PATIENCE,
    support::{Tree, leaves, open, quiet},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Pipe,
    Socket,
    Directory,
    /// `/dev/zero`, from which reading never ends.
    Device,
}

const KINDS: [Kind; 4] = [Kind::Pipe, Kind::Socket, Kind::Directory, Kind::Device];

/// Makes one; whether it could be made: a device takes root.
#[expect(clippy::print_stdout, reason = "a test that is left out says so")]
fn make(kind: Kind, path: &Path) -> bool {
    let run = |program: &str, arguments: &[&str]| {
        let made = Command::new(program).arg(path).args(arguments).output();
        made.unwrap().status.success()
    };
    match kind {
        Kind::Directory => fs::create_dir(path).unwrap(),
        Kind::Socket => drop(UnixListener::bind(path).unwrap()),
        Kind::Pipe => assert!(run("mkfifo", &[])),
        Kind::Device => {
            let is_made = run("mknod", &["c", "1", "5"]);
            if !is_made {
                println!("NOT TESTED: making a device takes root");
            }
            return is_made;
        }
    }
    true
}

fn is_kind(kind: Kind, path: &Path) -> bool {
    let found = fs::symlink_metadata(path).unwrap().file_type();
    match kind {
        Kind::Pipe => found.is_fifo(),
        Kind::Socket => found.is_socket(),
        Kind::Directory => found.is_dir(),
        Kind::Device => found.is_char_device(),
    }
}

type Opening = fn(&Path) -> Result<(), RotorTreeError>;

/// Every call that looks at a directory by its path.
const OPENINGS: [(&str, Opening); 3] = [
    ("open", |path| {
        Tree::<2>::open(Blake3Hasher, quiet(path)).map(drop)
    }),
    ("open_read_only", |path| {
        Tree::<2>::open_read_only(Blake3Hasher, quiet(path)).map(drop)
    }),
    ("inspect", |path| Ok(rotortree::inspect(path).map(drop)?)),
];

/// The outcome of an opening, which may not wait for anything.
fn ends(opening: Opening, path: &Path, told: &str) -> Result<(), RotorTreeError> {
    let (ended, outcome) = channel();
    let path = path.to_owned();
    // Not joined where it hangs.
    thread::spawn(move || ended.send(opening(&path)));
    let outcome = outcome.recv_timeout(PATIENCE);
    outcome.unwrap_or_else(|_| panic!("{told} hangs"))
}

fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).unwrap().ino()
}

#[test]
fn what_is_no_file_in_a_place_without_a_store_is_refused_at_once() {
    let names = [
        "wal",
        "MANIFEST",
        "levels",
        "log",
        "aside",
        "LOCK",
        "log/0000000000000001.wal",
    ];
    for name in names {
        for kind in KINDS {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            // A directory of that name is the store's own, or a lock cannot be had in its place.
            let is_directory_of_ours = matches!(name, "levels" | "log" | "aside");
            if kind == Kind::Directory && is_directory_of_ours || !make(kind, &path) {
                continue;
            }
            let before = inode(&path);
            for (call, opening) in OPENINGS {
                let told = format!("{call} where `{name}` is a {kind:?}");
                let outcome = ends(opening, dir.path(), &told);
                // Only the owner needs a lock, and without one the place is merely empty.
                if name != "LOCK" || kind == Kind::Directory || call == "open" {
                    assert!(outcome.is_err(), "{told} is not refused");
                }
                assert!(is_kind(kind, &path) && inode(&path) == before, "{told}");
            }
        }
    }
}

#[test]
fn what_is_no_file_in_the_place_of_a_stores_own_is_refused_at_once() {
    let made = tempfile::tempdir().unwrap();
    let original = made.path().join("tree");
    let tree: Tree<2> = open(&original);
    tree.insert_many(&leaves(0..300)).unwrap();
    tree.checkpoint().unwrap();
    tree.insert_many(&leaves(300..310)).unwrap();
    tree.close().unwrap();
    let segments = fs::read_dir(original.join("log")).unwrap();
    let segment = segments.map(|entry| entry.unwrap().path()).next().unwrap();
    let segment = PathBuf::from("log").join(segment.file_name().unwrap());
    let files = [
        Path::new("MANIFEST"),
        Path::new("LOCK"),
        &segment,
        Path::new("levels/00/000000.chunks"),
        Path::new("levels/00"),
        Path::new("log"),
    ];
    for name in files {
        for kind in KINDS {
            let dir = tempfile::tempdir().unwrap();
            let root = dir.path().join("tree");
            crate::replaced::copy(&original, &root);
            let path = root.join(name);
            let is_directory = path.is_dir();
            fs::rename(&path, dir.path().join("away")).unwrap();
            if !make(kind, &path) {
                continue;
            }
            let before = inode(&path);
            for (call, opening) in OPENINGS {
                let told = format!("{call} where `{}` is a {kind:?}", name.display());
                let outcome = ends(opening, &root, &told);
                let reads = match call {
                    "open" => true,
                    "open_read_only" => name != Path::new("LOCK"),
                    _ => name == Path::new("MANIFEST"),
                };
                // An empty directory is as good as the store's own without its files.
                if reads && !(is_directory && kind == Kind::Directory) {
                    assert!(outcome.is_err(), "{told} is not refused");
                }
                assert!(is_kind(kind, &path) && inode(&path) == before, "{told}");
            }
        }
    }
}
