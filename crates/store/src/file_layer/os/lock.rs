//! [`DirLock`]: the exclusive lock of a directory, one owner across threads, processes and forks.
//!
//! The lock is an advisory lock on the file `LOCK`, and on Unix also on the directory itself, so
//! that removing `LOCK` does not let a second owner in. The lock ends when its owner drops it or
//! dies; a forked child that drops its copy does not end it. A child shares the lock: if its parent
//! is killed, the lock ends with the child's last copy.

#[cfg(unix)]
use std::os::fd::AsFd as AsSystem;
#[cfg(windows)]
use std::os::windows::io::AsHandle as AsSystem;
use std::{fs::File, io, mem, path::Path, sync::Arc};

use fd_lock::RwLock;

use super::{OsDir, system};
use crate::file_layer::LOCK_NAME;

/// A held lock of a directory; it ends when this is dropped by the process that took it.
///
/// ```
/// use rotortree_store::file_layer::{FileLayer, OsFiles};
/// use std::sync::Arc;
///
/// let folder = tempfile::tempdir()?;
/// let dir = || OsFiles.open_dir(folder.path()).map(Arc::new);
/// let lock = OsFiles.lock_dir(&dir()?)?;
/// let second = OsFiles.lock_dir(&dir()?).unwrap_err();
/// assert_eq!(second.kind(), std::io::ErrorKind::WouldBlock);
/// drop(lock);
/// OsFiles.lock_dir(&dir()?)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct DirLock {
    file: RwLock<File>,
    directory: Option<RwLock<Arc<OsDir>>>,
    process: u32,
}

impl Drop for DirLock {
    /// Unlocks by name. Closing the files alone would not be enough on Unix: a child process that
    /// another thread is starting right now holds copies of them until it executes its program. A
    /// forked child's copy must not release its parent's lock. On Windows, where a child has no
    /// copies, taking the lock again fails, and closing the file unlocks.
    fn drop(&mut self) {
        if std::process::id() == self.process {
            // Taking a lock that this file holds already succeeds, and giving that guard up
            // unlocks.
            drop(self.file.try_write());
            if let Some(directory) = &mut self.directory {
                drop(directory.try_write());
            }
        }
    }
}

impl DirLock {
    /// Locks the directory and `LOCK` in it. The lock keeps the directory open.
    pub(super) fn take(dir: &Arc<OsDir>) -> io::Result<Self> {
        let directory = lock_directory(dir)?;
        let file = lock_file(dir, directory.is_some())?;
        Ok(Self {
            file: hold(file)?,
            directory,
            process: std::process::id(),
        })
    }
}

/// `LOCK`, made if it is missing. A `LOCK` that another directory shares, as in a hard-linked
/// copy of a store, is replaced under the directory's own lock: the owner of the copy does not
/// own this directory.
fn lock_file(dir: &OsDir, is_owner: bool) -> io::Result<File> {
    let name = Path::new(LOCK_NAME);
    let file = system::open_or_create(dir, name)?;
    if !is_owner || system::status(&file)?.links <= 1 {
        return Ok(file);
    }
    system::remove(dir, name)?;
    system::open_or_create(dir, name)
}

/// Locks a file until it is closed.
fn hold<F: AsSystem>(file: F) -> io::Result<RwLock<F>> {
    let mut lock = RwLock::new(file);
    // The guard's drop would unlock the shared file description, also when it is a forked child
    // that drops it.
    mem::forget(lock.try_write()?);
    Ok(lock)
}

#[cfg(unix)]
fn lock_directory(dir: &Arc<OsDir>) -> io::Result<Option<RwLock<Arc<OsDir>>>> {
    match hold(Arc::clone(dir)) {
        Ok(lock) => Ok(Some(lock)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(error),
        // Some network file systems lock regular files only (NFS answers EBADF for a directory);
        // `LOCK` remains.
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
fn lock_directory(_dir: &Arc<OsDir>) -> io::Result<Option<RwLock<Arc<OsDir>>>> {
    // The open handles on `LOCK` and on the directory already keep both from being
    // renamed or removed.
    Ok(None)
}

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
        // A child's copy shares the open file description, and knows that another process
        // took the lock.
        drop(DirLock {
            file: hold(file.try_clone().unwrap()).unwrap(),
            directory: None,
            process: std::process::id().wrapping_add(1),
        });
        let other = hold(File::open(&path).unwrap()).unwrap_err();
        assert_eq!(other.kind(), io::ErrorKind::WouldBlock);
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_that_is_given_up_is_free_whatever_copies_of_it_are_open() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(LOCK_NAME);
        // The first is a copy as a process that is just being started holds one, until it runs its
        // own program.
        let file = File::create(&path).unwrap();
        drop(DirLock {
            file: hold(file.try_clone().unwrap()).unwrap(),
            directory: None,
            process: std::process::id(),
        });
        hold(File::open(&path).unwrap()).unwrap();
    }

    fn take(path: &Path) -> io::Result<DirLock> {
        DirLock::take(&Arc::new(system::open_dir(path)?))
    }

    #[test]
    fn only_contention_would_block() {
        let dir = tempfile::tempdir().unwrap();
        let missing = take(&dir.path().join("missing")).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        std::fs::create_dir(dir.path().join(LOCK_NAME)).unwrap();
        let taken = take(dir.path()).unwrap_err();
        assert_ne!(taken.kind(), io::ErrorKind::WouldBlock);
    }

    #[cfg(unix)]
    #[test]
    fn two_directories_that_share_the_lock_file_have_an_owner_each() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        drop(take(one.path()).unwrap());
        let link = |to: &tempfile::TempDir| to.path().join(LOCK_NAME);
        std::fs::hard_link(link(&one), link(&two)).unwrap();
        let owners = (take(one.path()).unwrap(), take(two.path()).unwrap());
        for dir in [&one, &two] {
            let second = take(dir.path()).unwrap_err();
            assert_eq!(second.kind(), io::ErrorKind::WouldBlock);
        }
        drop(owners);
        drop((take(one.path()).unwrap(), take(two.path()).unwrap()));
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_stays_with_its_directory_when_that_is_moved() {
        let folder = tempfile::tempdir().unwrap();
        let (dir, moved) = (folder.path().join("dir"), folder.path().join("moved"));
        std::fs::create_dir(&dir).unwrap();
        let lock = take(&dir).unwrap();
        std::fs::rename(&dir, &moved).unwrap();
        std::fs::create_dir(&dir).unwrap();
        let other = take(&dir).unwrap();
        let second = take(&moved).unwrap_err();
        assert_eq!(second.kind(), io::ErrorKind::WouldBlock);
        drop((lock, other));
    }

    #[cfg(unix)]
    #[test]
    fn removing_the_lock_file_does_not_let_a_second_owner_in() {
        let dir = tempfile::tempdir().unwrap();
        let lock = take(dir.path()).unwrap();
        std::fs::remove_file(dir.path().join(LOCK_NAME)).unwrap();
        let second = take(dir.path()).unwrap_err();
        assert_eq!(second.kind(), io::ErrorKind::WouldBlock);
        drop(lock);
        take(dir.path()).unwrap();
    }
}
