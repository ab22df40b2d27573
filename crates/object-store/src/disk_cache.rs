//! [`DiskCache`]: packs and parts of packs in a folder of a local disk.

mod pack_file;

use std::{
    collections::HashMap,
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rotortree_store::file_layer::{DirLock, FileLayer, OsDir, OsFiles};

use self::pack_file::{PackFile, record_bytes};
use crate::cache::{MappedPack, PackCache};

/// The ending of the name of a file here.
const ENDING: &str = "pack";

/// A cache of packs in a folder, bounded in bytes.
///
/// What was fetched from the store is read from the disk afterwards, also by a later process: whole
/// packs and long runs through memory maps, short parts by positioned reads. Each part is compared
/// with its checksum when it is first used, and forgotten if it differs. The packs used last stay.
/// Views hold whole packs mapped, in up to half of the room, and read them without copying.
///
/// Nothing depends on the folder: it may be removed while no process uses it. One process uses it
/// at a time.
///
/// ```
/// use rotortree_object_store::{DiskCache, PackCache};
///
/// let folder = tempfile::tempdir()?;
/// let cache = DiskCache::open(folder.path(), 1 << 30)?;
/// cache.keep("17", 4096, b"a part of a pack");
/// let mut bytes = [0; 4];
/// assert!(cache.read("17", 4098, &mut bytes));
/// assert_eq!(&bytes, b"part");
/// assert!(!cache.read("17", 0, &mut bytes), "never fetched");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct DiskCache {
    dir: Arc<OsDir>,
    _lock: DirLock,
    max_bytes: u64,
    packs: Mutex<Packs>,
}

#[derive(Default)]
struct Packs {
    files: HashMap<String, Kept>,
    /// Of all files.
    bytes: u64,
    clock: u64,
}

/// A file with the time of its last use.
struct Kept {
    file: Arc<PackFile>,
    used: u64,
}

impl Kept {
    /// Whether a reader holds the file, mapped, or reads it right now.
    fn is_held(&self) -> bool {
        Arc::strong_count(&self.file) > 1
    }
}

impl DiskCache {
    /// Opens the cache in `folder`, which is created if it is missing, its parents not. Packs
    /// beyond `max_bytes` are removed at once.
    ///
    /// # Errors
    /// `WouldBlock` if another process or handle uses the folder; otherwise the system's error.
    pub fn open(folder: impl AsRef<Path>, max_bytes: u64) -> io::Result<Self> {
        let folder = folder.as_ref();
        let failed = |error: io::Error| {
            let text = format!("cannot open the cache in {}: {error}", folder.display());
            io::Error::new(error.kind(), text)
        };
        if let Err(error) = std::fs::create_dir(folder)
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(failed(error));
        }
        let dir = Arc::new(OsFiles.open_dir(folder).map_err(failed)?);
        let lock = OsFiles.lock_dir(&dir).map_err(failed)?;
        let cache = Self {
            dir,
            _lock: lock,
            max_bytes,
            packs: Mutex::default(),
        };
        cache.read_folder().map_err(failed)?;
        Ok(cache)
    }

    /// Finds the files of an earlier process.
    fn read_folder(&self) -> io::Result<()> {
        let mut packs = self.lock();
        for (name, is_dir) in OsFiles.list(&self.dir, Path::new(""))? {
            let is_pack = name.extension().is_some_and(|ending| ending == ENDING);
            let pack = name.file_stem().and_then(|pack| pack.to_str());
            if let (true, false, Some(pack)) = (is_pack, is_dir, pack)
                && let Ok(file) = PackFile::open(&self.dir, &name)
            {
                packs.bytes += file.bytes();
                let kept = Kept {
                    file: Arc::new(file),
                    used: 0,
                };
                packs.files.insert(pack.replace('_', "/"), kept);
            }
        }
        // None is held yet.
        let _ = self.make_room(&mut packs, 0);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Packs> {
        self.packs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the packs used longest ago until `bytes` more fit. Those that are mapped stay: they
    /// take room until the last reader has dropped them. Whether there is room.
    fn make_room(&self, packs: &mut Packs, bytes: u64) -> bool {
        while packs.bytes + bytes > self.max_bytes {
            let free = packs.files.iter().filter(|(_, kept)| !kept.is_held());
            let oldest = free.min_by_key(|(_, kept)| kept.used);
            let Some(oldest) = oldest.map(|(pack, _)| pack.clone()) else {
                return false;
            };
            self.forget(packs, &oldest);
        }
        true
    }

    fn forget(&self, packs: &mut Packs, pack: &str) {
        if let Some(kept) = packs.files.remove(pack) {
            packs.bytes -= kept.file.bytes();
            // What cannot be removed is found, and removed, by a later process.
            drop(OsFiles.remove(&self.dir, &file_name(pack)));
        }
    }

    /// The file of a pack, if there is one; it is used now.
    fn used(&self, pack: &str) -> Option<Arc<PackFile>> {
        let packs = &mut *self.lock();
        packs.clock += 1;
        let kept = packs.files.get_mut(pack)?;
        kept.used = packs.clock;
        Some(Arc::clone(&kept.file))
    }

    /// Takes room for a part, in the file of its pack; a new one if there is none.
    fn reserve(&self, pack: &str, bytes: u64) -> io::Result<(Arc<PackFile>, u64)> {
        let packs = &mut *self.lock();
        if !self.make_room(packs, bytes) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        packs.clock += 1;
        let now = packs.clock;
        let file = match packs.files.get_mut(pack) {
            Some(kept) => {
                kept.used = now;
                Arc::clone(&kept.file)
            }
            None => {
                let file = Arc::new(PackFile::create(&self.dir, &file_name(pack))?);
                let kept = Kept {
                    file: Arc::clone(&file),
                    used: now,
                };
                packs.files.insert(pack.to_owned(), kept);
                file
            }
        };
        packs.bytes += bytes;
        let at = file.reserve(bytes);
        Ok((file, at))
    }
}

impl PackCache for DiskCache {
    fn read(&self, pack: &str, offset: u64, buf: &mut [u8]) -> bool {
        let Some(file) = self.used(pack) else {
            return false;
        };
        let Some(part) = file.part(offset, buf.len() as u64) else {
            return false;
        };
        match file.read(part, offset, buf) {
            Ok(is_whole) => {
                if !is_whole {
                    // The disk changed it, or a crash cut it: the rest of the file is no better.
                    self.forget(&mut self.lock(), pack);
                }
                is_whole
            }
            Err(_) => false,
        }
    }

    fn map(&self, pack: &str, bytes: u64) -> Option<MappedPack> {
        let file = self.used(pack)?;
        let part = file.part(0, bytes)?;
        {
            let packs = self.lock();
            let held = packs.files.values().filter(|kept| kept.is_held());
            let held: u64 = held.map(|kept| kept.file.bytes()).sum();
            // Half of the room stays for what is read next.
            if held > self.max_bytes / 2 {
                return None;
            }
        }
        match file.map_part(part) {
            Ok(Some(mapped)) => Some(Arc::new(mapped)),
            Ok(None) => {
                self.forget(&mut self.lock(), pack);
                None
            }
            Err(_) => None,
        }
    }

    fn has(&self, pack: &str, bytes: u64) -> bool {
        let whole = self.used(pack).and_then(|file| file.part(0, bytes));
        whole.is_some()
    }

    fn keep(&self, pack: &str, offset: u64, bytes: &[u8]) {
        let len = bytes.len() as u64;
        if !is_pack(pack) || record_bytes(len) > self.max_bytes {
            return;
        }
        let known = self.used(pack).and_then(|file| file.part(offset, len));
        if known.is_some() {
            return;
        }
        let Ok((file, at)) = self.reserve(pack, record_bytes(len)) else {
            return;
        };
        if file.write(at, offset, bytes).is_err() {
            // The disk is full: what stands behind the gap would not be found again.
            self.forget(&mut self.lock(), pack);
        }
    }
}

/// Whether a name is one of a pack: a name within a folder of the store, or without one.
fn is_pack(pack: &str) -> bool {
    let is_part = |part: &str| {
        let is_sound = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !part.is_empty() && part.bytes().all(is_sound)
    };
    pack.split('/').all(is_part)
}

fn file_name(pack: &str) -> PathBuf {
    PathBuf::from(format!("{}.{ENDING}", pack.replace('/', "_")))
}

impl fmt::Debug for DiskCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let packs = self.lock();
        f.debug_struct("DiskCache")
            .field("packs", &packs.files.len())
            .field("bytes", &packs.bytes)
            .field("max_bytes", &self.max_bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
