//! [`copy`]: the files of a tree that no process writes, in another directory.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use crate::{
    failure::{Code, Failure},
    interrupt::Interrupt,
    outside::expect_outside,
    progress::{Progress, Unit},
};

/// The file whose lock the owner of a directory holds; the copy gets its own.
const LOCK: &str = "LOCK";
/// Without it a directory is no tree. It is copied last.
const MANIFEST: &str = "MANIFEST";
/// What a copy has before its manifest.
const PARTS: [&str; 3] = ["aside", "levels", "log"];

/// Bytes between two looks at the bar and for a signal.
const PIECE: u64 = 8 << 20;

/// Copies a tree to a directory that is missing or empty. The caller owns `from`. The copy is made
/// beside its place and renamed once it is on disk: after a crash the place is as empty as before.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    expect_vacant(to)?;
    expect_outside(to)?;
    let parent = match to.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let name = to
        .file_name()
        .ok_or_else(|| Failure::new(Code::Place, "the path names no directory").at(to.display()))?;
    fs::create_dir_all(parent).map_err(|error| Failure::file(parent, &error))?;
    let mut unfinished = name.to_owned();
    unfinished.push(".unfinished");
    let unfinished = parent.join(unfinished);
    remove_left_over(&unfinished)?;
    let mut copy = Copy {
        bar: Progress::new("copying", Unit::Bytes, None),
        done: 0,
        total: folder_len(from)?,
    };
    let copied = copy
        .folder(from, &unfinished)
        .and_then(|()| copy.file(&from.join(MANIFEST), &unfinished.join(MANIFEST)))
        .and_then(|()| sync_folder(&unfinished));
    drop(copy);
    if let Err(failure) = copied {
        // The failure counts, and not that of tidying up.
        drop(fs::remove_dir_all(&unfinished));
        return Err(failure);
    }
    let place = |error| Failure::file(to, &error);
    if to.exists() {
        fs::remove_dir(to).map_err(place)?;
    }
    fs::rename(&unfinished, to).map_err(place)?;
    sync_folder(parent)
}

/// Refuses a directory that has anything in it. One that is missing is as good as an empty one.
pub(crate) fn expect_vacant(directory: &Path) -> Result<(), Failure> {
    let sentence = match fs::read_dir(directory).map(|mut entries| entries.next()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => "this is no directory",
        Err(error) => return Err(Failure::file(directory, &error)),
        Ok(None) => return Ok(()),
        Ok(Some(_)) => "the directory is not empty",
    };
    Err(Failure::new(Code::Place, sentence)
        .at(directory.display())
        .next("name a directory that is missing or empty; nothing was changed"))
}

/// Removes what a copy left that a crash ended: parts of a tree, and nothing else.
fn remove_left_over(directory: &Path) -> Result<(), Failure> {
    let fail = |error| Failure::file(directory, &error);
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(fail(error)),
    };
    for entry in entries {
        let name = entry.map_err(fail)?.file_name();
        if !PARTS.iter().any(|part| name == *part) {
            let sentence = format!(
                "the copy would be made here, and `{}` is here",
                name.display()
            );
            return Err(Failure::new(Code::Place, sentence)
                .at(directory.display())
                .next("move the directory away; nothing was changed"));
        }
    }
    fs::remove_dir_all(directory).map_err(fail)
}

/// The bytes of all files, about: another process may change them.
fn folder_len(folder: &Path) -> Result<u64, Failure> {
    let fail = |error| Failure::file(folder, &error);
    let mut bytes = 0;
    for entry in fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let metadata = entry.metadata().map_err(fail)?;
        bytes += match metadata.is_dir() {
            true => folder_len(&entry.path())?,
            false => metadata.len(),
        };
    }
    Ok(bytes)
}

/// A copy on its way.
struct Copy {
    bar: Progress,
    done: u64,
    total: u64,
}

impl Copy {
    /// Copies a folder without its manifest.
    fn folder(&mut self, from: &Path, to: &Path) -> Result<(), Failure> {
        fs::create_dir(to).map_err(|error| Failure::file(to, &error))?;
        let fail = |error| Failure::file(from, &error);
        for entry in fs::read_dir(from).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let (source, target) = (entry.path(), to.join(entry.file_name()));
            let kind = entry
                .file_type()
                .map_err(|error| Failure::file(&source, &error))?;
            if kind.is_dir() {
                self.folder(&source, &target)?;
            } else if kind.is_file()
                && ![LOCK, MANIFEST]
                    .iter()
                    .any(|name| entry.file_name() == *name)
            {
                self.file(&source, &target)?;
            }
        }
        sync_folder(to)
    }

    /// Copies a file, durably, piece by piece.
    fn file(&mut self, source: &Path, target: &Path) -> Result<(), Failure> {
        let copied = self.pieces(source, target).map_err(|error| {
            let both = format!("{} to {}", source.display(), target.display());
            Failure::new(Code::System, error).at(both)
        });
        Interrupt::check(|| "the copy is not whole, and was removed".to_owned())?;
        copied
    }

    /// Ends early where a signal asks for that.
    fn pieces(&mut self, source: &Path, target: &Path) -> io::Result<()> {
        let (source, mut target) = (File::open(source)?, File::create_new(target)?);
        target.set_permissions(source.metadata()?.permissions())?;
        loop {
            let copied = io::copy(&mut (&source).take(PIECE), &mut target)?;
            self.done += copied;
            let step = self.bar.step(Unit::Bytes, self.done, self.total);
            if copied < PIECE || step.is_break() {
                return target.sync_all();
            }
        }
    }
}

/// Makes the names in a folder durable. NTFS orders them by itself.
fn sync_folder(folder: &Path) -> Result<(), Failure> {
    if cfg!(windows) {
        return Ok(());
    }
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| Failure::file(folder, &error))
}
