//! Replaces a file as a whole: after a crash at any moment the old file is there or the new one.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::IndexError;

/// What the names of unfinished files end with.
const UNFINISHED: &str = ".unfinished";

/// Writes a new file and puts it in the place of `path`.
///
/// The new file has a name of its own and is locked while it is written, so that several processes
/// may save at once: the last one is in force. Unfinished files that no process has locked are left
/// over from a crash, and are removed.
pub(super) fn replace(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
) -> Result<(), IndexError> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    remove_unfinished(directory, path);
    let (file, unfinished) = create(path)?;
    let written = || {
        let mut writer = BufWriter::with_capacity(1 << 16, &file);
        write(&mut writer)?;
        writer.flush()?;
        drop(writer);
        file.sync_all()?;
        fs::rename(&unfinished, path)
    };
    if let Err(source) = written() {
        // If it cannot be removed now, the next call does.
        drop(fs::remove_file(&unfinished));
        return Err(failed("save the index", path, source));
    }
    sync_directory(directory).map_err(|source| failed("sync", directory, source))
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> IndexError {
    IndexError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

/// A new file that this process has locked.
fn create(path: &Path) -> Result<(File, PathBuf), IndexError> {
    loop {
        let number = getrandom::u64().map_err(IndexError::Random)?;
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number:016x}{UNFINISHED}"));
        let unfinished = PathBuf::from(name);
        let file = new_file(&unfinished).map_err(|error| failed("create", &unfinished, error))?;
        let is_locked = !matches!(file.try_lock(), Err(TryLockError::WouldBlock));
        // Another process may have taken it for one that was left over.
        if is_locked && unfinished.exists() {
            return Ok((file, unfinished));
        }
    }
}

/// A new file that other users cannot read: it holds the key.
fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Removes what a crash has left. A file that is locked, or of which nothing is known, stays, and
/// so does what is no file: a pipe would be waited for.
fn remove_unfinished(directory: &Path, path: &Path) {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return;
    };
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(|other| {
            let number = other
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('.')?.strip_suffix(UNFINISHED));
            number.is_some_and(|number| {
                number.len() == 16 && number.bytes().all(|byte| byte.is_ascii_hexdigit())
            })
        });
        if is_ours
            && entry.file_type().is_ok_and(|kind| kind.is_file())
            && let Ok(file) = OpenOptions::new().write(true).open(entry.path())
            && file.try_lock().is_ok()
        {
            drop(fs::remove_file(entry.path()));
        }
    }
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Windows has no such call; its journal keeps names.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Refuses a file inside of the directory of a tree, which takes no file of others.
pub(crate) fn check_outside(path: &Path) -> Result<(), IndexError> {
    let absolute = std::path::absolute(path).map_err(|error| failed("find", path, error))?;
    let parent = absolute.parent().unwrap_or(&absolute);
    let parent = parent.canonicalize().unwrap_or_else(|_| parent.to_owned());
    let is_tree = |directory: &&Path| matches!(rotortree_store::inspect(*directory), Ok(Some(_)));
    match parent.ancestors().find(is_tree) {
        Some(_) => Err(IndexError::Inside(path.to_owned())),
        None => Ok(()),
    }
}
