//! Unix: names are looked up relative to an open directory, one component at a time, and no link is
//! followed on the way; positioned I/O as the system has it.

mod status;

use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::{ffi::OsStrExt, fs::FileExt},
    },
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{self, AtFlags, FileType, Mode, OFlags},
    io::{Errno, retry_on_intr},
};

use crate::file_layer::FileStatus;

/// An open directory.
#[derive(Debug)]
pub struct OsDir(File);

impl AsFd for OsDir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The flags of a directory in which only other names are looked up: without the right to read it,
/// if the system allows that.
#[cfg(any(target_os = "linux", target_os = "android"))]
const LOOK_UP: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const LOOK_UP: OFlags = READ_DIRECTORY;
const READ_DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

pub(super) fn open_dir(path: &Path) -> io::Result<OsDir> {
    let opened = retry_on_intr(|| fs::open(path, READ_DIRECTORY, Mode::empty()));
    Ok(OsDir(opened?.into()))
}

pub(super) fn open_dir_at(dir: &OsDir, path: &Path) -> io::Result<OsDir> {
    read_dir(dir, path).map(OsDir)
}

pub(super) fn parent(dir: &OsDir) -> io::Result<Option<OsDir>> {
    let above: File = retry_on_intr(|| fs::openat(dir, "..", LOOK_UP, Mode::empty()))?.into();
    // Above the topmost directory it stands itself.
    let topmost = status(&above)?.id == status(&dir.0)?.id;
    Ok((!topmost).then_some(OsDir(above)))
}

pub(super) fn status(file: &File) -> io::Result<FileStatus> {
    status::of_file(file)
}

pub(super) fn status_at(dir: &OsDir, path: &Path) -> io::Result<FileStatus> {
    if path.as_os_str().is_empty() {
        return status(&dir.0);
    }
    beneath(dir, path, status::of_name)
}

pub(super) fn create_new(dir: &OsDir, path: &Path) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
    open_file(dir, path, flags)
}

pub(super) fn open(dir: &OsDir, path: &Path) -> io::Result<File> {
    open_file(dir, path, OFlags::RDONLY)
}

pub(super) fn open_write(dir: &OsDir, path: &Path) -> io::Result<File> {
    open_file(dir, path, OFlags::RDWR)
}

/// Opens a file for reading and writing, made if it is missing.
pub(super) fn open_or_create(dir: &OsDir, path: &Path) -> io::Result<File> {
    open_file(dir, path, OFlags::RDWR | OFlags::CREATE)
}

fn open_file(dir: &OsDir, path: &Path, flags: OFlags) -> io::Result<File> {
    // Without waiting: opening a pipe waits for its other end, and some devices for theirs.
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let opened = at_once::open(dir.as_fd(), path, flags).unwrap_or_else(|| {
        // The mode that std asks for; the process's mask reduces it.
        let mode = Mode::from_raw_mode(0o666);
        let open = |at: BorrowedFd<'_>, name: &OsStr, flags| {
            retry_on_intr(|| fs::openat(at, name, flags, mode))
        };
        let opened = beneath(dir, path, |at, name| match open(at, name, flags) {
            // Another process holds a lease on the file, as a file server does: opening takes it
            // back, and waits for that.
            Err(Errno::AGAIN) if is_file(at, name) => {
                open(at, name, flags.difference(OFlags::NONBLOCK))
            }
            opened => opened,
        });
        opened.map(File::from)
    });
    let file = opened.map_err(|error| match Errno::from_io_error(&error) {
        // The errors of opening a socket, or a device without a driver.
        Some(Errno::NXIO | Errno::NODEV) => no_file(path),
        _ => error,
    })?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(no_file(path))
    }
}

fn is_file(at: BorrowedFd<'_>, name: &OsStr) -> bool {
    let found = fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW);
    found.is_ok_and(|found| FileType::from_raw_mode(found.st_mode) == FileType::RegularFile)
}

/// The error where something else than a file has a file's name: a pipe, a device, a directory.
fn no_file(path: &Path) -> io::Error {
    let told = format!("`{}` is not a regular file", path.display());
    io::Error::new(io::ErrorKind::InvalidInput, told)
}

pub(super) fn rename(dir: &OsDir, from: &Path, to: &Path) -> io::Result<()> {
    let to = to.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    beneath(dir, from, |at, name| fs::renameat(at, name, at, to))
}

pub(super) fn remove(dir: &OsDir, path: &Path) -> io::Result<()> {
    beneath(dir, path, |at, name| {
        fs::unlinkat(at, name, AtFlags::empty())
    })
}

pub(super) fn create_dir(dir: &OsDir, path: &Path) -> io::Result<()> {
    beneath(dir, path, |at, name| {
        fs::mkdirat(at, name, Mode::from_raw_mode(0o777))
    })
}

pub(super) fn sync_dir(dir: &OsDir, path: &Path) -> io::Result<()> {
    let synced = if path.as_os_str().is_empty() {
        dir.0.sync_all()
    } else {
        read_dir(dir, path)?.sync_all()
    };
    synced.map_err(|error| {
        let raw = error.raw_os_error();
        if CANNOT_SYNC
            .iter()
            .any(|errno| raw == Some(errno.raw_os_error()))
        {
            return io::Error::new(io::ErrorKind::Unsupported, error);
        }
        error
    })
}

/// The errors of file systems that cannot sync directories.
const CANNOT_SYNC: [Errno; 5] = [
    Errno::INVAL,
    Errno::NOTSUP,
    Errno::OPNOTSUPP,
    Errno::NOSYS,
    Errno::BADF,
];

fn read_dir(dir: &OsDir, path: &Path) -> io::Result<File> {
    let flags = READ_DIRECTORY | OFlags::NOFOLLOW;
    let opened = beneath(dir, path, |at, name| {
        retry_on_intr(|| fs::openat(at, name, flags, Mode::empty()))
    });
    opened.map(File::from)
}

pub(super) fn list(dir: &OsDir, path: &Path) -> io::Result<Vec<(PathBuf, bool)>> {
    let entries = if path.as_os_str().is_empty() {
        fs::Dir::read_from(dir)
    } else {
        fs::Dir::new(OwnedFd::from(read_dir(dir, path)?))
    };
    let mut names = Vec::new();
    for entry in entries? {
        let entry = entry?;
        let name = Path::new(OsStr::from_bytes(entry.file_name().to_bytes()));
        if name == Path::new(".") || name == Path::new("..") {
            continue;
        }
        let kind = match entry.file_type() {
            // Not every file system says it with the name.
            FileType::Unknown => beneath(dir, &path.join(name), |at, name| {
                let found = fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW)?;
                Ok(FileType::from_raw_mode(found.st_mode))
            })?,
            told => told,
        };
        names.push((name.to_owned(), kind == FileType::Directory));
    }
    Ok(names)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod at_once {
    //! Opening beneath a directory in one call, which takes one descriptor: a process that has no
    //! other may have that one.

    use std::{fs::File, io, os::fd::BorrowedFd, path::Path};

    use rustix::{
        fs::{Mode, OFlags, ResolveFlags, openat2},
        io::{Errno, retry_on_intr},
    };

    /// The file, or why there is none. `None` where the system has no such call or does not say
    /// enough: going component by component does.
    pub(super) fn open(
        dir: BorrowedFd<'_>,
        path: &Path,
        flags: OFlags,
    ) -> Option<io::Result<File>> {
        let mode = if flags.contains(OFlags::CREATE) {
            Mode::from_raw_mode(0o666)
        } else {
            Mode::empty()
        };
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        match retry_on_intr(|| openat2(dir, path, flags, mode, resolve)) {
            Ok(file) => Some(Ok(file.into())),
            Err(
                error @ (Errno::NOENT
                | Errno::EXIST
                | Errno::MFILE
                | Errno::NFILE
                | Errno::NOMEM
                | Errno::IO),
            ) => Some(Err(error.into())),
            Err(_) => None,
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod at_once {
    //! There is no such call here.

    use std::{fs::File, io, os::fd::BorrowedFd, path::Path};

    use rustix::fs::OFlags;

    pub(super) fn open(_: BorrowedFd<'_>, _: &Path, _: OFlags) -> Option<io::Result<File>> {
        None
    }
}

/// Calls `deed` with the directory below `dir` that holds the last name of `path`, and with that
/// name. Every directory on the way is opened by its name alone, so that none of them is a link.
fn beneath<T>(
    dir: &OsDir,
    path: &Path,
    deed: impl Fn(BorrowedFd<'_>, &OsStr) -> rustix::io::Result<T>,
) -> io::Result<T> {
    let mut below: Option<OwnedFd> = None;
    let mut names = path.components().peekable();
    while let Some(component) = names.next() {
        let Component::Normal(name) = component else {
            break;
        };
        let at = below.as_ref().map_or(dir.as_fd(), AsFd::as_fd);
        if names.peek().is_none() {
            return deed(at, name).map_err(|error| refusal(at, name, error));
        }
        let flags = LOOK_UP | OFlags::NOFOLLOW;
        let next = retry_on_intr(|| fs::openat(at, name, flags, Mode::empty()));
        below = Some(next.map_err(|error| refusal(at, name, error))?);
    }
    Err(io::ErrorKind::InvalidInput.into())
}

/// The system's error, or its meaning if a link has the name.
fn refusal(at: BorrowedFd<'_>, name: &OsStr, error: Errno) -> io::Error {
    let may_be_link = matches!(error, Errno::LOOP | Errno::NOTDIR | Errno::MLINK);
    let is_link = || {
        let found = fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW);
        found.is_ok_and(|found| FileType::from_raw_mode(found.st_mode) == FileType::Symlink)
    };
    if may_be_link && is_link() {
        let name = Path::new(name).display();
        let told = format!(
            "`{name}` is a symbolic link, and none is followed inside of a store; put what it \
             leads to in its place, or mount it there"
        );
        return io::Error::new(io::ErrorKind::InvalidInput, told);
    }
    error.into()
}

pub(super) fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(buf, offset)
}

pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    file.write_at(bytes, offset)
}

/// Refuses a length beyond the limit of the process, which reserving blocks does not tell.
pub(super) fn ensure_permitted(len: u64) -> io::Result<()> {
    use rustix::process::{Resource, getrlimit};

    match getrlimit(Resource::Fsize).current {
        Some(most) if len > most => Err(io::ErrorKind::FileTooLarge.into()),
        _ => Ok(()),
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn allocate(file: &File, len: u64) -> io::Result<()> {
    use rustix::{
        fs::{FallocateFlags, fallocate},
        io::Errno,
    };
    if len == 0 {
        return Ok(());
    }
    match fallocate(file, FallocateFlags::KEEP_SIZE, 0, len) {
        // Not every file system can; the call is a hint.
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn allocate(_file: &File, _len: u64) -> io::Result<()> {
    // No call here reserves space without also changing the length.
    Ok(())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn begin_writing(file: &File, offset: u64, len: u64) {
    use std::num::NonZeroU64;

    use rustix::fs::{Advice, fadvise};
    // Linux begins to write the dirty pages of the range, without waiting, and then drops the clean
    // ones; pages that are being written stay in the cache. The file's next sync reports an error
    // of that writing.
    if let Some(len) = NonZeroU64::new(len) {
        let (Ok(()) | Err(_)) = fadvise(file, offset, Some(len), Advice::DontNeed);
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn begin_writing(_file: &File, _offset: u64, _len: u64) {}

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn next_data(file: &File, offset: u64) -> io::Result<u64> {
    use rustix::{
        fs::{SeekFrom, seek},
        io::Errno,
    };
    // It moves the file's cursor, which nothing here relies on.
    match seek(file, SeekFrom::Data(offset)) {
        Ok(data) => Ok(data.max(offset)),
        Err(Errno::NXIO) => Ok(file.metadata()?.len().max(offset)),
        // Not every file system can tell.
        Err(Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(offset),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn next_data(_file: &File, offset: u64) -> io::Result<u64> {
    Ok(offset)
}
