//! The size of folders on disk.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

/// Bytes of the files below `path`, as their lengths say.
///
/// # Errors
/// Those of the system.
pub fn length(path: &Path) -> io::Result<u64> {
    sum(path, &|metadata| {
        if metadata.is_file() {
            metadata.len()
        } else {
            0
        }
    })
}

/// Bytes of the blocks of files and folders below `path`, or their lengths where the system does
/// not report blocks.
///
/// # Errors
/// Those of the system.
pub fn allocated(path: &Path) -> io::Result<u64> {
    #[cfg(unix)]
    let of = |metadata: &Metadata| std::os::unix::fs::MetadataExt::blocks(metadata) * 512;
    #[cfg(not(unix))]
    let of = Metadata::len;
    sum(path, &of)
}

/// Drops the cached pages of the files below `path` that are synced and not mapped. Does nothing on
/// systems other than Linux.
///
/// # Errors
/// Those of the system.
pub fn evict(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.metadata()?.is_dir() {
            evict(&entry.path())?;
            continue;
        }
        #[cfg(target_os = "linux")]
        {
            let file = fs::File::open(entry.path())?;
            rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
        }
    }
    Ok(())
}

fn sum(path: &Path, of: &dyn Fn(&Metadata) -> u64) -> io::Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        total += of(&metadata);
        if metadata.is_dir() {
            total += sum(&entry.path(), of)?;
        }
    }
    Ok(total)
}
