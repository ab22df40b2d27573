//! A segment of the log, while it is read and while it is created.

use std::io;

use rotortree_wal::SegmentBytes;

use super::WriteError;

/// The most room that a backend prepares behind the last commit to a segment.
pub const MAX_ROOM_BYTES: u64 = 8 << 20;

/// A segment opened for reading.
///
/// [`len`](SegmentBytes::len) is that of the moment of opening, and never zero; a read beyond it is
/// an error, whatever was committed since. Behind the last commit there may be up to
/// [`MAX_ROOM_BYTES`] of prepared room: zeros, or what the segment
/// [brought along](SegmentWriter::remains). Room that is given back while the reader is open reads
/// as zeros.
pub type SegmentReader = Box<dyn SegmentBytes<Error = io::Error> + Send>;

/// A segment that is being created: there once it is [finished](Self::finish), and never if it is
/// dropped before.
pub trait SegmentWriter {
    /// Adds bytes behind those written so far.
    ///
    /// # Errors
    ///
    /// [`WriteError::NotWritten`]; the segment can only be dropped then, and its number is as free
    /// as before. [`WriteError::InDoubt`] where parts of it may be in the way of another try.
    fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError>;

    /// The bytes that the segment's file brings along: remains of a segment that was
    /// [retired](super::Storage::retire_segment), up to this offset, wherever nothing is written over
    /// them. The header says so.
    fn remains(&self) -> u64 {
        0
    }

    /// Makes the segment visible, as a whole, and durable. The length of what was written.
    ///
    /// # Errors
    ///
    /// [`WriteError::NotWritten`] for whatever goes wrong before the segment can become visible,
    /// [`WriteError::InDoubt`] from then on.
    fn finish(self: Box<Self>) -> Result<u64, WriteError>;
}
