//! [`Directory`]: a log in a directory, which a web server can serve as it is.

use std::{
    collections::BTreeSet,
    error::Error,
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use super::{Operation, Target, TargetError};

/// The file whose lock the one writer of a directory holds.
const LOCK: &str = ".lock";

/// The name of a file that is not whole yet. A folder has at most one, and a name that starts with
/// a dot is no path of a log.
const UNFINISHED: &str = ".unfinished";

/// A directory. One `Directory` at a time is open for it, also among processes: it holds a lock
/// until it is dropped.
///
/// A file is written under another name, synced and renamed. [`sync`](Target::sync) syncs the
/// folders that have changed; on Windows, which cannot sync folders, the file system orders them.
#[derive(Debug)]
pub struct Directory {
    root: PathBuf,
    _lock: File,
    /// The folders that changed since the last sync.
    changed: Mutex<BTreeSet<PathBuf>>,
}

impl Directory {
    /// Opens a directory, and creates it if there is none.
    ///
    /// # Errors
    /// [`TargetError`], also if another `Directory` is open for it.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, TargetError> {
        let root = root.into();
        let path = root.join(LOCK);
        let fail = |error: Box<dyn Error + Send + Sync>| {
            TargetError::new(path.display().to_string(), Operation::Write, error)
        };
        fs::create_dir_all(&root).map_err(|error| fail(error.into()))?;
        let mut options = File::options();
        let opened = options.create(true).write(true).truncate(false).open(&path);
        let lock = opened.map_err(|error| fail(error.into()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(fail("another publisher has the directory open".into()));
            }
            Err(TryLockError::Error(error)) => return Err(fail(error.into())),
        }
        // The directory itself may be new.
        let parents = root.ancestors().skip(1).take(1).map(Path::to_owned);
        let changed = parents.chain([root.clone()]).collect();
        Ok(Self {
            root,
            _lock: lock,
            changed: Mutex::new(changed),
        })
    }

    /// Writes a file under another name and renames it. Each folder on its way counts as changed.
    fn replace(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let file = self.root.join(path);
        let folder = file.parent().unwrap_or(&self.root);
        if !folder.is_dir() {
            fs::create_dir_all(folder)?;
            let within = |folder: &&Path| folder.starts_with(&self.root);
            for folder in folder.ancestors().take_while(within) {
                self.note_change(folder);
            }
        }
        let unfinished = folder.join(UNFINISHED);
        let mut writer = File::create(&unfinished)?;
        writer.write_all(bytes)?;
        writer.sync_all()?;
        drop(writer);
        fs::rename(&unfinished, &file)?;
        self.note_change(folder);
        Ok(())
    }

    fn note_change(&self, folder: &Path) {
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        if !changed.contains(folder) {
            changed.insert(folder.to_owned());
        }
    }
}

/// Makes the names in a folder durable.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder) {
        Ok(folder) => folder.sync_all(),
        // It was removed, and its parent has changed too.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

impl Target for Directory {
    fn get(&self, path: &str) -> Result<Option<Vec<u8>>, TargetError> {
        read(&self.root.join(path)).map_err(|error| TargetError::new(path, Operation::Read, error))
    }

    fn put(&self, path: &str, bytes: &[u8]) -> Result<(), TargetError> {
        let written = self.replace(path, bytes);
        written.map_err(|error| TargetError::new(path, Operation::Write, error))
    }

    fn sync(&self) -> Result<(), TargetError> {
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        // A folder stays in the set until its sync has returned.
        while let Some(folder) = changed.last() {
            sync_folder(folder).map_err(|error| {
                TargetError::new(folder.display().to_string(), Operation::Sync, error)
            })?;
            changed.pop_last();
        }
        Ok(())
    }

    fn exchange(
        &self,
        path: &str,
        expected: Option<&[u8]>,
        bytes: &[u8],
    ) -> Result<bool, TargetError> {
        // The lock keeps other writers away.
        if self.get(path)?.as_deref() != expected {
            return Ok(false);
        }
        self.put(path, bytes)?;
        self.sync()?;
        Ok(true)
    }

    fn remove_folder(&self, path: &str) -> Result<(), TargetError> {
        let folder = self.root.join(path);
        match fs::remove_dir_all(&folder) {
            Ok(()) => {
                self.note_change(folder.parent().unwrap_or(&self.root));
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(TargetError::new(path, Operation::Remove, error)),
        }
    }
}

/// The bytes of a file, or `None` if there is none. A pipe in its place would be waited for.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let found = fs::metadata(path).and_then(|found| match found.is_file() {
        true => fs::read(path),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is no regular file",
        )),
    });
    match found {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_writer() {
        let place = tempfile::tempdir().unwrap();
        let first = Directory::open(place.path()).unwrap();
        let error = Directory::open(place.path()).unwrap_err().to_string();
        assert!(error.contains("another publisher"), "{error}");
        drop(first);
        Directory::open(place.path()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_in_the_place_of_a_file_is_not_waited_for() {
        let place = tempfile::tempdir().unwrap();
        let pipe = place.path().join("checkpoint");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let target = Directory::open(place.path()).unwrap();
        let error = target.get("checkpoint").unwrap_err().to_string();
        assert!(error.contains("no regular file"), "{error}");
    }

    #[test]
    fn files_are_put_exchanged_and_removed() {
        let place = tempfile::tempdir().unwrap();
        let target = Directory::open(place.path()).unwrap();
        assert_eq!(target.get("tile/0/000").unwrap(), None);
        target.put("tile/0/000.p/1", b"one").unwrap();
        target.put("tile/0/000.p/1", b"two").unwrap();
        assert_eq!(
            target.get("tile/0/000.p/1").unwrap().as_deref(),
            Some(&b"two"[..])
        );
        assert!(target.exchange("guard", None, b"a").unwrap());
        assert!(!target.exchange("guard", None, b"b").unwrap());
        assert!(target.exchange("guard", Some(b"a"), b"b").unwrap());
        target.remove_folder("tile/0/000.p").unwrap();
        target.remove_folder("tile/0/000.p").unwrap();
        assert_eq!(target.get("tile/0/000.p/1").unwrap(), None);
        target.sync().unwrap();
        let names: Vec<_> = fs::read_dir(place.path().join("tile/0")).unwrap().collect();
        assert!(names.is_empty(), "nothing unfinished is left: {names:?}");
    }
}
