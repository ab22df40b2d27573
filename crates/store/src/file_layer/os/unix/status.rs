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
    if let Some(status) = timeless::status(file.as_fd(), OsStr::new("")) {
        return Ok(status?);
    }
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

/// The status of a name in a directory; a link is not followed.
pub(super) fn of_name(at: BorrowedFd<'_>, name: &OsStr) -> rustix::io::Result<FileStatus> {
    if let Some(status) = timeless::status(at, name) {
        return status;
    }
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
    /// where the system has no such call, or a sandbox that is older than the call forbids it.
    pub(super) fn status(
        at: BorrowedFd<'_>,
        name: &OsStr,
    ) -> Option<rustix::io::Result<FileStatus>> {
        let asked = StatxFlags::NLINK | StatxFlags::INO | StatxFlags::SIZE | StatxFlags::BTIME;
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH;
        let found = match statx(at, name, flags, asked) {
            Err(Errno::NOSYS | Errno::PERM) => return None,
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
