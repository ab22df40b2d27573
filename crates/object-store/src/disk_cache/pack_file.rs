//! [`PackFile`]: the parts of one pack, one behind the other in a file that only grows.
//!
//! ```text
//! 0   magic "RTPC"   4
//! 4   CRC-32C        4   of the file's name and the bytes behind it up to the part
//! 8   offset         8   of the part in the pack
//! 16  length         8
//! 24  CRC-32C        4   of the part
//! 28  zero           4
//! 32  the part
//! ```

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use rotortree_store::file_layer::{FileLayer, FileMap, OsDir, OsFiles};

const MAGIC: [u8; 4] = *b"RTPC";
const HEADER_BYTES: u64 = 32;
/// A part of so many bytes is read through a map.
const MAP_BYTES: u64 = 64 << 10;

/// Bytes that a part takes in a file.
pub(super) fn record_bytes(len: u64) -> u64 {
    HEADER_BYTES + len
}

/// A part of a pack.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// Where it begins in the pack.
    offset: u64,
    /// Where it begins in the file.
    at: u64,
    len: u64,
    sum: u32,
    /// Whether its bytes were compared with the checksum, or written by this process.
    is_verified: bool,
}

/// A part in a map of its file, which is not removed meanwhile.
pub(super) struct MappedPart {
    map: Arc<FileMap>,
    part: Part,
    _file: Arc<PackFile>,
}

impl AsRef<[u8]> for MappedPart {
    fn as_ref(&self) -> &[u8] {
        &self.map[self.part.at as usize..][..self.part.len as usize]
    }
}

/// A file with parts of one pack.
pub(super) struct PackFile {
    file: File,
    /// CRC-32C of its name: a file under the name of another pack has no part.
    name: u32,
    end: AtomicU64,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// By their beginning in the pack; none lies within another.
    parts: BTreeMap<u64, Part>,
    map: Option<Arc<FileMap>>,
}

impl PackFile {
    pub(super) fn create(dir: &OsDir, name: &Path) -> io::Result<Self> {
        Ok(Self {
            file: OsFiles.create_new(dir, name)?,
            name: sum_of(name),
            end: AtomicU64::new(0),
            known: Mutex::default(),
        })
    }

    /// Opens a file and finds its parts, up to the first that is not whole. The rest is cut off.
    pub(super) fn open(dir: &OsDir, name: &Path) -> io::Result<Self> {
        let file = OsFiles.open_write(dir, name)?;
        let len = OsFiles.status(&file)?.len;
        let mut known = Known::default();
        let (name, mut end) = (sum_of(name), 0);
        while let Some(part) = read_header(&file, name, end)?
            && part.at.checked_add(part.len).is_some_and(|end| end <= len)
        {
            end = part.at + part.len;
            known.add(part);
        }
        if end < len {
            OsFiles.truncate(&file, end)?;
        }
        Ok(Self {
            file,
            name,
            end: AtomicU64::new(end),
            known: Mutex::new(known),
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes that the file takes, those that were reserved included.
    pub(super) fn bytes(&self) -> u64 {
        self.end.load(Ordering::Relaxed)
    }

    /// Where the next record of so many bytes goes.
    pub(super) fn reserve(&self, bytes: u64) -> u64 {
        self.end.fetch_add(bytes, Ordering::Relaxed)
    }

    /// The part that has all of these bytes of the pack.
    pub(super) fn part(&self, offset: u64, len: u64) -> Option<Part> {
        let known = self.known();
        let (_, part) = known.parts.range(..=offset).next_back()?;
        let end = offset.checked_add(len)?;
        (end <= part.offset + part.len).then_some(*part)
    }

    /// Fills `buf` from `offset` of the pack on, which lies in `part`. `false` if the part is not
    /// what was written.
    pub(super) fn read(&self, part: Part, offset: u64, buf: &mut [u8]) -> io::Result<bool> {
        let within = (offset - part.offset) as usize;
        if part.len >= MAP_BYTES {
            let map = self.map(part.at + part.len)?;
            let bytes = &map[part.at as usize..][..part.len as usize];
            if !part.is_verified && crc32c::crc32c(bytes) != part.sum {
                return Ok(false);
            }
            buf.copy_from_slice(&bytes[within..][..buf.len()]);
        } else if part.is_verified {
            self.read_at(part.at + within as u64, buf)?;
        } else {
            let mut bytes = vec![0; part.len as usize];
            self.read_at(part.at, &mut bytes)?;
            if crc32c::crc32c(&bytes) != part.sum {
                return Ok(false);
            }
            buf.copy_from_slice(&bytes[within..][..buf.len()]);
        }
        self.note_verified(part);
        Ok(true)
    }

    /// A part without copying it. `None` if it is not what was written.
    pub(super) fn map_part(self: &Arc<Self>, part: Part) -> io::Result<Option<MappedPart>> {
        let mapped = MappedPart {
            map: self.map(part.at + part.len)?,
            part,
            _file: Arc::clone(self),
        };
        let is_whole = part.is_verified || crc32c::crc32c(mapped.as_ref()) == part.sum;
        if is_whole {
            self.note_verified(part);
        }
        Ok(is_whole.then_some(mapped))
    }

    fn note_verified(&self, part: Part) {
        if !part.is_verified
            && let Some(known) = self.known().parts.get_mut(&part.offset)
        {
            known.is_verified |= known.at == part.at;
        }
    }

    /// A map of at least the first `len` bytes.
    fn map(&self, len: u64) -> io::Result<Arc<FileMap>> {
        if let Some(map) = &self.known().map
            && map.len() as u64 >= len
        {
            return Ok(Arc::clone(map));
        }
        // The bytes before the end of a part that was written are never written again.
        let map = Arc::new(OsFiles.map(&self.file, len)?);
        self.known().map = Some(Arc::clone(&map));
        Ok(map)
    }

    /// Writes a part where room was reserved, and lets it be found.
    pub(super) fn write(&self, at: u64, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let part = Part {
            offset,
            at: at + HEADER_BYTES,
            len: bytes.len() as u64,
            sum: crc32c::crc32c(bytes),
            is_verified: true,
        };
        self.write_at(part.at, bytes)?;
        // Last, so that a part with a header is whole unless the system crashes.
        self.write_at(at, &header(&part, self.name))?;
        self.known().add(part);
        Ok(())
    }

    fn read_at(&self, mut at: u64, mut buf: &mut [u8]) -> io::Result<()> {
        while !buf.is_empty() {
            let read = OsFiles.read_at(&self.file, buf, at)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            at += read as u64;
            buf = &mut buf[read..];
        }
        Ok(())
    }

    fn write_at(&self, mut at: u64, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = OsFiles.write_at(&self.file, bytes, at)?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            at += written as u64;
            bytes = &bytes[written..];
        }
        Ok(())
    }
}

impl Known {
    /// Adds a part in place of those that lie within it.
    fn add(&mut self, part: Part) {
        let end = part.offset.saturating_add(part.len);
        let range = self.parts.range(part.offset..end);
        let within = range.filter(|(_, other)| other.offset + other.len <= end);
        let within: Vec<u64> = within.map(|(offset, _)| *offset).collect();
        for offset in within {
            self.parts.remove(&offset);
        }
        self.parts.insert(part.offset, part);
    }
}

fn sum_of(name: &Path) -> u32 {
    crc32c::crc32c(name.as_os_str().as_encoded_bytes())
}

fn header(part: &Part, name: u32) -> [u8; HEADER_BYTES as usize] {
    let mut header = [0; HEADER_BYTES as usize];
    header[..4].copy_from_slice(&MAGIC);
    header[8..16].copy_from_slice(&part.offset.to_le_bytes());
    header[16..24].copy_from_slice(&part.len.to_le_bytes());
    header[24..28].copy_from_slice(&part.sum.to_le_bytes());
    let sum = crc32c::crc32c_append(name, &header[8..]);
    header[4..8].copy_from_slice(&sum.to_le_bytes());
    header
}

/// The part whose header stands at `at`; `None` if none does.
fn read_header(file: &File, name: u32, at: u64) -> io::Result<Option<Part>> {
    let mut bytes = [0; HEADER_BYTES as usize];
    let mut filled = 0;
    while filled < bytes.len() {
        match OsFiles.read_at(file, &mut bytes[filled..], at + filled as u64)? {
            0 => return Ok(None),
            read => filled += read,
        }
    }
    let eight = |at: usize| {
        let mut field = [0; 8];
        field.copy_from_slice(&bytes[at..at + 8]);
        u64::from_le_bytes(field)
    };
    let part = Part {
        offset: eight(8),
        at: at + HEADER_BYTES,
        len: eight(16),
        sum: eight(24) as u32,
        is_verified: false,
    };
    // A whole header is the one that would be written for what it says.
    let is_whole = part.offset.checked_add(part.len).is_some() && header(&part, name) == bytes;
    Ok(is_whole.then_some(part))
}
