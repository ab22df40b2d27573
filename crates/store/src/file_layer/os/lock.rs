//! [`DirLock`]: the exclusive lock of a directory, one owner across threads, processes and forks.
//!
//! The lock is an advisory lock on the file `LOCK`, and on Unix also on the directory itself, so that somebody who
//! removes `LOCK` does not let a second owner in. It ends when its owner drops it or dies; a forked child that drops its copy
//! does not end it. A child shares the lock, though: if its parent is killed, the lock ends with the child's last copy of it.

use std::{
    fs::{File, OpenOptions},
    io, mem,
    path::Path,
};

use fd_lock::RwLock;

use crate::file_layer::LOCK_NAME;

/// A held lock of a directory; it ends when this is dropped by the process that took it.
///
/// ```
/// use rotortree_store::file_layer::{FileLayer, OsFiles};
///
/// let dir = tempfile::tempdir()?;
/// let lock = OsFiles.lock_dir(dir.path())?;
/// let second = OsFiles.lock_dir(dir.path()).unwrap_err();
/// assert_eq!(second.kind(), std::io::ErrorKind::WouldBlock);
/// drop(lock);
/// OsFiles.lock_dir(dir.path())?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct DirLock {
    file: RwLock<File>,
    directory: Option<RwLock<File>>,
    process: u32,
}

impl Drop for DirLock {
    /// Unlocks by name. Closing the files alone would not be enough: a child process that another thread is starting right now
    /// holds copies of them until it executes its program. A forked child's copy must not unlock what is its parent's.
    fn drop(&mut self) {
        if std::process::id() == self.process {
            // Taking a lock that this file holds already succeeds, and giving that guard up unlocks.
            drop(self.file.try_write());
            if let Some(directory) = &mut self.directory {
                drop(directory.try_write());
            }
        }
    }
}

impl DirLock {
    pub(super) fn take(path: &Path) -> io::Result<Self> {
        let directory = lock_directory(path)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        keep_from_deletion(&mut options);
        let file = hold(options.open(path.join(LOCK_NAME))?)?;
        Ok(Self {
            file,
            directory,
            process: std::process::id(),
        })
    }
}

/// Locks a file until it is closed.
fn hold(file: File) -> io::Result<RwLock<File>> {
    let mut lock = RwLock::new(file);
    // The guard's drop would unlock the shared file description, also when it is a forked child that drops it.
    mem::forget(lock.try_write()?);
    Ok(lock)
}

#[cfg(unix)]
fn lock_directory(path: &Path) -> io::Result<Option<RwLock<File>>> {
    match hold(File::open(path)?) {
        Ok(lock) => Ok(Some(lock)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(error),
        // Some network file systems lock regular files only (NFS answers EBADF for a directory); `LOCK` remains.
        Err(error) if cannot_lock_directories(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn cannot_lock_directories(error: &io::Error) -> bool {
    use rustix::io::Errno;

    let unsupported = [Errno::BADF, Errno::INVAL, Errno::OPNOTSUPP, Errno::ISDIR];
    error
        .raw_os_error()
        .is_some_and(|raw| unsupported.iter().any(|errno| errno.raw_os_error() == raw))
}

#[cfg(not(unix))]
fn lock_directory(_path: &Path) -> io::Result<Option<RwLock<File>>> {
    // The open handle on `LOCK` already keeps it, and so the directory, from being removed.
    Ok(None)
}

#[cfg(windows)]
fn keep_from_deletion(options: &mut OpenOptions) {
    use std::os::windows::fs::OpenOptionsExt;

    const FILE_SHARE_READ: u32 = 1;
    const FILE_SHARE_WRITE: u32 = 2;
    options.share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE);
}

#[cfg(not(windows))]
fn keep_from_deletion(_options: &mut OpenOptions) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropping_a_copy_of_the_descriptor_as_a_forked_child_does_lets_nobody_in() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(LOCK_NAME);
        let file = File::create(&path).unwrap();
        // A duplicate shares the open file description, as a forked child's descriptors do.
        drop(hold(file.try_clone().unwrap()).unwrap());
        let other = hold(File::open(&path).unwrap()).unwrap_err();
        assert_eq!(other.kind(), io::ErrorKind::WouldBlock);
        drop(file);
        hold(File::open(&path).unwrap()).unwrap();
    }

    #[test]
    fn a_forked_child_that_drops_its_copy_of_the_lock_lets_nobody_in() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(LOCK_NAME);
        let file = File::create(&path).unwrap();
        // A child's copy shares the open file description, and knows that another process took the lock.
        drop(DirLock {
            file: hold(file.try_clone().unwrap()).unwrap(),
            directory: None,
            process: std::process::id().wrapping_add(1),
        });
        let other = hold(File::open(&path).unwrap()).unwrap_err();
        assert_eq!(other.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn a_lock_that_is_given_up_is_free_whatever_copies_of_it_are_open() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(LOCK_NAME);
        // The first is a copy as a process that is just being started holds one, until it runs its own program.
        let file = File::create(&path).unwrap();
        drop(DirLock {
            file: hold(file.try_clone().unwrap()).unwrap(),
            directory: None,
            process: std::process::id(),
        });
        hold(File::open(&path).unwrap()).unwrap();
    }

    #[test]
    fn only_contention_would_block() {
        let dir = tempfile::tempdir().unwrap();
        let missing = DirLock::take(&dir.path().join("missing")).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        std::fs::create_dir(dir.path().join(LOCK_NAME)).unwrap();
        let taken = DirLock::take(dir.path()).unwrap_err();
        assert_ne!(taken.kind(), io::ErrorKind::WouldBlock);
    }

    #[cfg(unix)]
    #[test]
    fn removing_the_lock_file_does_not_let_a_second_owner_in() {
        let dir = tempfile::tempdir().unwrap();
        let lock = DirLock::take(dir.path()).unwrap();
        std::fs::remove_file(dir.path().join(LOCK_NAME)).unwrap();
        let second = DirLock::take(dir.path()).unwrap_err();
        assert_eq!(second.kind(), io::ErrorKind::WouldBlock);
        drop(lock);
        DirLock::take(dir.path()).unwrap();
    }
}
