//! The status of a file, without a look at its times.
//!
//! Linux 6.13 and later keep the times of a file coarse until a program asks for them. The next
//! write then changes them, and marks the inode as changed; the sync behind that write waits for
//! the file system's journal, also where the write only overwrote bytes. The log looks at its file
//! before every group, so it asks for everything but the times.

use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::fs::MetadataExt,
    },
    time::{SystemTime, UNIX_EPOCH},
};

use rustix::fs::{self, AtFlags};

use crate::file_layer::{FileId, FileStatus};

/// The status of an open file or directory.
pub(super) fn of_file(file: &File) -> io::Result<FileStatus> {
    match timeless::status(file.as_fd(), OsStr::new("")) {
        Some(status) => Ok(status?),
        None => of_file_with_times(file),
    }
}

/// The status of a name in a directory; a link is not followed.
pub(super) fn of_name(at: BorrowedFd<'_>, name: &OsStr) -> rustix::io::Result<FileStatus> {
    timeless::status(at, name).unwrap_or_else(|| of_name_with_times(at, name))
}

fn of_file_with_times(file: &File) -> io::Result<FileStatus> {
    let metadata = file.metadata()?;
    let since = |born: SystemTime| born.duration_since(UNIX_EPOCH).ok();
    Ok(FileStatus {
        len: metadata.len(),
        links: metadata.nlink(),
        id: Some(FileId {
            device: metadata.dev(),
            inode: metadata.ino(),
            born: metadata.created().ok().and_then(since),
        }),
    })
}

fn of_name_with_times(at: BorrowedFd<'_>, name: &OsStr) -> rustix::io::Result<FileStatus> {
    let found = fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(FileStatus {
        len: plain(found.st_size),
        links: plain(found.st_nlink),
        id: Some(FileId {
            device: plain(found.st_dev),
            inode: plain(found.st_ino),
            born: None,
        }),
    })
}

/// A field of the system's status, whose type differs between systems. Lengths and numbers are not
/// negative.
fn plain(field: impl Into<i128>) -> u64 {
    field.into() as u64
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod timeless {
    //! A call that says what it asks for.

    use std::{ffi::OsStr, os::fd::BorrowedFd, time::Duration};

    use rustix::{
        fs::{AtFlags, StatxFlags, makedev, statx},
        io::Errno,
    };

    use crate::file_layer::{FileId, FileStatus};

    /// The status of a name in a directory, of the open file itself if the name is empty. `None`
    /// where there is no such call.
    pub(super) fn status(
        at: BorrowedFd<'_>,
        name: &OsStr,
    ) -> Option<rustix::io::Result<FileStatus>> {
        let asked = StatxFlags::NLINK | StatxFlags::INO | StatxFlags::SIZE | StatxFlags::BTIME;
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH;
        let found = match told(statx(at, name, flags, asked))? {
            Err(error) => return Some(Err(error)),
            Ok(found) => found,
        };
        let is_told = |field: StatxFlags| found.stx_mask & field.bits() != 0;
        let born = &found.stx_btime;
        let born = u64::try_from(born.tv_sec)
            .ok()
            .filter(|_| is_told(StatxFlags::BTIME))
            .map(|seconds| Duration::new(seconds, born.tv_nsec));
        Some(Ok(FileStatus {
            len: found.stx_size,
            links: u64::from(found.stx_nlink),
            id: Some(FileId {
                device: makedev(found.stx_dev_major, found.stx_dev_minor),
                inode: found.stx_ino,
                born,
            }),
        }))
    }

    /// What a call said. `None` if the system has no such call, or a sandbox that is older than the
    /// call forbids it.
    fn told<T>(said: rustix::io::Result<T>) -> Option<rustix::io::Result<T>> {
        match said {
            Err(Errno::NOSYS | Errno::PERM) => None,
            said => Some(said),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_call_that_is_missing_or_forbidden_says_nothing_and_any_other_error_counts() {
            for refused in [Errno::NOSYS, Errno::PERM] {
                assert_eq!(told::<()>(Err(refused)), None);
            }
            for error in [Errno::NOENT, Errno::ACCESS, Errno::IO] {
                assert_eq!(told::<()>(Err(error)), Some(Err(error)));
            }
            assert_eq!(told(Ok(7)), Some(Ok(7)));
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod timeless {
    //! There is no such call here.

    use std::{ffi::OsStr, os::fd::BorrowedFd};

    use crate::file_layer::FileStatus;

    pub(super) fn status(_: BorrowedFd<'_>, _: &OsStr) -> Option<rustix::io::Result<FileStatus>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::fd::AsFd};

    use super::*;

    /// What a sandbox that forbids the newer call leaves.
    #[test]
    fn the_status_with_times_says_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, b"abc").unwrap();
        fs::hard_link(&path, dir.path().join("b")).unwrap();
        let (file, at) = (File::open(&path).unwrap(), File::open(dir.path()).unwrap());
        let same = |one: FileStatus, other: FileStatus| {
            assert_eq!((one.len, one.links), (other.len, other.links));
            assert!(one.id.unwrap().is_same(&other.id.unwrap()));
        };
        let now = of_file(&file).unwrap();
        assert_eq!((now.len, now.links), (3, 2));
        same(now, of_file_with_times(&file).unwrap());
        let named = of_name_with_times(at.as_fd(), OsStr::new("b")).unwrap();
        same(now, named);
        same(named, of_name(at.as_fd(), OsStr::new("b")).unwrap());
        let missing = of_name_with_times(at.as_fd(), OsStr::new("c"));
        assert_eq!(missing.unwrap_err(), rustix::io::Errno::NOENT);
    }
}
