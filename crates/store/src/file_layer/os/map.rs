//! [`FileMap`]: a read-only memory map of the first bytes of a file, with the crate's `unsafe` code
//! for it.

use std::{fs::File, io, ops::Deref};

use memmap2::{Mmap, MmapOptions};

/// The first bytes of a file, mapped for reading. It keeps the bytes reachable after the file is
/// closed or removed.
///
/// A device error or a truncation by another program raises `SIGBUS` at the access; positioned
/// reads do not.
///
/// ```
/// use rotortree_store::file_layer::{FileLayer, OsFiles};
///
/// let folder = tempfile::tempdir()?;
/// let dir = OsFiles.open_dir(folder.path())?;
/// let file = OsFiles.create_new(&dir, "f".as_ref())?;
/// OsFiles.write_at(&file, b"mapped", 0)?;
/// assert_eq!(&*OsFiles.map(&file, 3)?, b"map");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct FileMap(Mmap);

impl FileMap {
    /// Maps the first `len` bytes; `UnexpectedEof` if the file is shorter, since touching them
    /// would raise `SIGBUS`.
    #[expect(unsafe_code, reason = "a memory mapping of immutable chunks")]
    pub(super) fn new(file: &File, len: u64) -> io::Result<Self> {
        if file.metadata()?.len() < len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let len = usize::try_from(len).map_err(|_| io::ErrorKind::OutOfMemory)?;
        let mut options = MmapOptions::new();
        options.len(len);
        // SAFETY: the bytes behind a mapping must not change while it lives. `FileLayer::map` puts
        // that on its caller, and the filesystem backend, the only caller in this crate, maps only
        // whole units of a level that a committed manifest names. This process writes a level file
        // only below the directory that it holds locked, only while the manifest in force there is
        // the one that it committed or loaded last, and only units that this manifest does not
        // name; it never truncates one. Another process that keeps the same rules can reach this
        // inode through another directory alone, by a hard link, and copies a file with more than
        // one link before it writes. A directory that takes this one's place has other inodes. The
        // length was checked above. Changes by programs that keep other rules are outside of what
        // any mapping can promise, and documented as such.
        let map = unsafe { options.map(file) }?;
        Ok(Self(map))
    }
}

impl Deref for FileMap {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
