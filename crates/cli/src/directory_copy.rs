//! [`copy`]: the files of a tree that no process writes, in another directory.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use crate::{
    failure::{Code, Failure},
    interrupt::Interrupt,
    progress::{Progress, Unit},
};

/// The file whose lock the owner of a directory holds; the copy gets its own.
const LOCK: &str = "LOCK";

/// Copies a tree to a directory that is missing or empty. The caller owns `from`. The copy is made
/// beside its place and renamed once it is on disk: after a crash the place is as empty as before.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    expect_vacant(to)?;
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
    // What an earlier copy left that a crash ended.
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(|error| Failure::file(&unfinished, &error))?;
    }
    let mut bar = Progress::new("copying", Unit::Bytes, None);
    let mut done = 0;
    let copied = copy_folder(from, &unfinished, &mut |bytes| {
        done += bytes;
        bar.set(done);
    });
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
    let is_taken = match fs::read_dir(directory) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(Failure::file(directory, &error)),
    };
    if !is_taken {
        return Ok(());
    }
    let sentence = "the directory is not empty";
    Err(Failure::new(Code::Place, sentence)
        .at(directory.display())
        .next("name a directory that is missing or empty; nothing was changed"))
}

fn copy_folder(from: &Path, to: &Path, copied: &mut dyn FnMut(u64)) -> Result<(), Failure> {
    fs::create_dir(to).map_err(|error| Failure::file(to, &error))?;
    let fail = |error| Failure::file(from, &error);
    for entry in fs::read_dir(from).map_err(fail)? {
        Interrupt::check(|| "the copy is not whole, and was removed".to_owned())?;
        let entry = entry.map_err(fail)?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry
            .file_type()
            .map_err(|error| Failure::file(&source, &error))?;
        if kind.is_dir() {
            copy_folder(&source, &target, copied)?;
        } else if kind.is_file() && entry.file_name() != LOCK {
            let bytes = fs::copy(&source, &target).map_err(|error| both(&source, &target, &error));
            copied(bytes?);
            let synced = File::options()
                .write(true)
                .open(&target)
                .and_then(|file| file.sync_all());
            synced.map_err(|error| Failure::file(&target, &error))?;
        }
    }
    sync_folder(to)
}

fn both(source: &Path, target: &Path, error: &io::Error) -> Failure {
    Failure::new(Code::System, error).at(format!("{} to {}", source.display(), target.display()))
}

/// Makes the names in a folder durable. NTFS orders them by itself.
fn sync_folder(folder: &Path) -> Result<(), Failure> {
    if cfg!(windows) {
        return Ok(());
    }
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| Failure::file(folder, &error))
}
