//! The source of the scanner's bytes: a trait that the caller implements over its files, and the
//! window for reading them.

use core::ops::Range;

use thiserror::Error;

/// The bytes of one segment, read by position.
///
/// Implement it over a file, an object or memory. Byte slices implement it already:
///
/// ```
/// use rotortree_wal::SegmentBytes;
///
/// let mut bytes: &[u8] = &[1, 2, 3, 4];
/// let mut two = [0; 2];
/// bytes.read_at(1, &mut two)?;
/// assert_eq!((bytes.len(), two), (4, [2, 3]));
/// # Ok::<(), rotortree_wal::OutOfBounds>(())
/// ```
#[expect(
    clippy::len_without_is_empty,
    reason = "a segment's length is a bound for reads; nothing asks whether it is empty"
)]
pub trait SegmentBytes {
    /// The error of a read.
    type Error;

    /// The segment's length in bytes. The scanner asks once and never reads at or past it.
    fn len(&self) -> u64;

    /// Fills `buf` with the bytes from `offset` on. All of it, always: a short read is an error of
    /// the implementation, never the end of the segment.
    ///
    /// # Errors
    ///
    /// The error of the read. The scanner returns it and can be called again.
    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> Result<(), Self::Error>;

    /// The first offset at or behind `offset` that may hold anything but zeros. An implementation
    /// that knows the holes of a sparse file can tell them here, so that they are not read; the
    /// default knows none.
    ///
    /// # Errors
    ///
    /// As [`read_at`](Self::read_at).
    fn next_data(&mut self, offset: u64) -> Result<u64, Self::Error> {
        Ok(offset)
    }
}

/// A read past the end of a byte slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{wanted} bytes at offset {offset} do not lie within the slice's {len} bytes")]
pub struct OutOfBounds {
    /// The start of the read.
    pub offset: u64,
    /// The number of bytes wanted.
    pub wanted: usize,
    /// The number of bytes in the slice.
    pub len: usize,
}

impl SegmentBytes for &[u8] {
    type Error = OutOfBounds;

    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> Result<(), OutOfBounds> {
        let bytes = usize::try_from(offset)
            .ok()
            .and_then(|from| self.get(from..from.checked_add(buf.len())?));
        let bytes = bytes.ok_or(OutOfBounds {
            offset,
            wanted: buf.len(),
            len: <[u8]>::len(self),
        })?;
        buf.copy_from_slice(bytes);
        Ok(())
    }
}

impl<S: SegmentBytes + ?Sized> SegmentBytes for &mut S {
    type Error = S::Error;

    fn len(&self) -> u64 {
        (**self).len()
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> Result<(), S::Error> {
        (**self).read_at(offset, buf)
    }

    fn next_data(&mut self, offset: u64) -> Result<u64, S::Error> {
        (**self).next_data(offset)
    }
}

impl<S: SegmentBytes + ?Sized> SegmentBytes for Box<S> {
    type Error = S::Error;

    fn len(&self) -> u64 {
        (**self).len()
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> Result<(), S::Error> {
        (**self).read_at(offset, buf)
    }

    fn next_data(&mut self, offset: u64) -> Result<u64, S::Error> {
        (**self).next_data(offset)
    }
}

/// Bytes per read. Small enough for the bytes to be still in the second-level cache when their
/// leaves are hashed.
const READ: usize = 256 << 10;

/// The buffer that a scanner reads through, to be handed from one segment's scanner to the next.
///
/// It has at most the bytes of one read (256 KiB), or one record of the largest size (1 MiB
/// and a header).
///
/// ```
/// use rotortree_wal::{Scanner, Window};
///
/// let mut window = Window::new();
/// for segment in [&[0; 4096][..], &[0; 512][..]] {
///     let scanner = Scanner::with_window(segment, 0x5eed, window);
///     window = scanner.into_window();
/// }
/// ```
#[derive(Debug, Default)]
pub struct Window {
    bytes: Vec<u8>,
    /// The offset in the segment of the first byte held.
    start: u64,
    /// The number of bytes held.
    filled: usize,
}

impl Window {
    /// An empty window, without an allocation until it is used.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            start: 0,
            filled: 0,
        }
    }

    /// The allocation in bytes.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Forgets the held bytes and keeps the allocation.
    pub(crate) fn forget(&mut self) {
        self.filled = 0;
    }

    /// Whether `wanted` bytes at `offset` are held.
    #[inline]
    pub(crate) fn holds(&self, offset: u64, wanted: usize) -> bool {
        match offset.checked_sub(self.start) {
            Some(skipped) => {
                skipped <= self.filled as u64 && self.filled - skipped as usize >= wanted
            }
            None => false,
        }
    }

    /// Makes sure that `wanted` bytes at `offset` are held. They lie within the source's `len`
    /// bytes, which the caller has checked.
    #[inline]
    pub(crate) fn fetch<S: SegmentBytes>(
        &mut self,
        source: &mut S,
        len: u64,
        offset: u64,
        wanted: usize,
    ) -> Result<(), S::Error> {
        if self.holds(offset, wanted) {
            return Ok(());
        }
        self.read(source, len, offset, wanted)
    }

    /// Reads what is not held.
    #[cold]
    fn read<S: SegmentBytes>(
        &mut self,
        source: &mut S,
        len: u64,
        offset: u64,
        wanted: usize,
    ) -> Result<(), S::Error> {
        let kept = if self.holds(offset, 0) {
            let skipped = (offset - self.start) as usize;
            self.bytes.copy_within(skipped..self.filled, 0);
            self.filled - skipped
        } else {
            0
        };
        self.start = offset;
        self.filled = kept;
        let target = (len - offset).min(wanted.max(READ) as u64) as usize;
        if self.bytes.len() < target {
            self.bytes.reserve_exact(target - self.bytes.len());
            self.bytes.resize(target, 0);
        }
        source.read_at(offset + kept as u64, &mut self.bytes[kept..target])?;
        self.filled = target;
        Ok(())
    }

    /// The `wanted` bytes at `offset`, fetched before.
    #[inline]
    pub(crate) fn bytes(&self, offset: u64, wanted: usize) -> &[u8] {
        &self.bytes[self.range(offset, wanted)]
    }

    #[inline]
    fn range(&self, offset: u64, wanted: usize) -> Range<usize> {
        let from = (offset - self.start) as usize;
        from..from + wanted
    }
}
