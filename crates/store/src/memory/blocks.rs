//! [`Blocks`]: the units of one shard in blocks that views share.
//!
//! A block is copied when it is written while a view shares it, so that a view never changes; only
//! the last block of a growing shard ever is.

use std::{fmt, io, sync::Arc};

use crate::storage::Region;

/// Units in a block.
const BLOCK_UNITS: u64 = 256;

/// The units of one shard, from the first without gaps.
pub(super) struct Blocks {
    unit: usize,
    units: u64,
    blocks: Vec<Arc<Vec<u8>>>,
}

impl Blocks {
    pub(super) fn new(unit: usize) -> Self {
        Self {
            unit,
            units: 0,
            blocks: Vec::new(),
        }
    }

    /// Writes one unit. Units skipped over are zeros until they are written, as in a file.
    pub(super) fn put(&mut self, index: u64, bytes: &[u8]) {
        debug_assert_eq!(bytes.len(), self.unit, "one unit");
        // A shard in memory has few enough units for `usize`.
        let block = (index / BLOCK_UNITS) as usize;
        let start = (index % BLOCK_UNITS) as usize * self.unit;
        if self.blocks.len() <= block {
            let full = BLOCK_UNITS as usize * self.unit;
            for skipped in &mut self.blocks {
                if skipped.len() < full {
                    Arc::make_mut(skipped).resize(full, 0);
                }
            }
            self.blocks.resize_with(block, || Arc::new(vec![0; full]));
            self.blocks.push(Arc::default());
        }
        let block = Arc::make_mut(&mut self.blocks[block]);
        if block.len() < start + self.unit {
            block.resize(start + self.unit, 0);
        }
        block[start..start + self.unit].copy_from_slice(bytes);
        self.units = self.units.max(index + 1);
    }

    /// The first `units` units.
    pub(super) fn view(&self, units: u64) -> io::Result<Arc<dyn Region>> {
        if units > self.units {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!(
                    "{units} units were asked for where {} are there",
                    self.units
                ),
            ));
        }
        // At most the number of blocks held.
        let blocks = units.div_ceil(BLOCK_UNITS) as usize;
        Ok(Arc::new(View {
            blocks: self.blocks[..blocks].into(),
            block: BLOCK_UNITS as usize * self.unit,
            len: units as usize * self.unit,
        }))
    }
}

/// The first units of a shard, as they were.
struct View {
    blocks: Box<[Arc<Vec<u8>>]>,
    /// Bytes in a full block.
    block: usize,
    len: usize,
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("len", &self.len).finish()
    }
}

impl Region for View {
    fn bytes(&self) -> Option<&[u8]> {
        match &*self.blocks {
            [] => Some(&[]),
            [only] => Some(&only[..self.len]),
            _ => None,
        }
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buf.len() as u64);
        if end.is_none_or(|end| end > self.len as u64) {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!(
                    "cannot read {} bytes at byte {offset} of a view of {}",
                    buf.len(),
                    self.len
                ),
            ));
        }
        // Below `self.len`.
        let mut at = offset as usize;
        let mut rest = buf;
        while !rest.is_empty() {
            let (start, block) = (at % self.block, &self.blocks[at / self.block]);
            let now = rest.len().min(self.block - start);
            let (head, tail) = rest.split_at_mut(now);
            head.copy_from_slice(&block[start..start + now]);
            at += now;
            rest = tail;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(seed: u64) -> Vec<u8> {
        vec![seed as u8; 4]
    }

    #[test]
    fn a_view_across_blocks_reads_what_was_put_and_never_changes() {
        let mut blocks = Blocks::new(4);
        for index in 0..BLOCK_UNITS + 3 {
            blocks.put(index, &unit(index));
        }
        let view = blocks.view(BLOCK_UNITS + 2).unwrap();
        assert!(view.bytes().is_none());
        blocks.put(BLOCK_UNITS + 1, &unit(77));
        let mut bytes = vec![0; 12];
        view.read_at((BLOCK_UNITS - 1) * 4, &mut bytes).unwrap();
        let expected: Vec<u8> = (0..3).flat_map(|i| unit(BLOCK_UNITS - 1 + i)).collect();
        assert_eq!(bytes, expected);
        let now = blocks.view(BLOCK_UNITS + 2).unwrap();
        now.read_at((BLOCK_UNITS + 1) * 4, &mut bytes[..4]).unwrap();
        assert_eq!(bytes[..4], unit(77));
    }

    #[test]
    fn a_small_view_is_had_without_copying_and_ends_where_it_ends() {
        let mut blocks = Blocks::new(4);
        blocks.put(0, &unit(1));
        blocks.put(1, &unit(2));
        let view = blocks.view(1).unwrap();
        assert_eq!(view.bytes(), Some(&[1; 4][..]));
        let past = view.read_at(1, &mut [0; 4]).unwrap_err();
        assert_eq!(past.kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(
            view.read_at(u64::MAX, &mut [0; 4]).unwrap_err().kind(),
            past.kind()
        );
    }

    #[test]
    fn units_skipped_over_are_zeros_until_they_are_written() {
        let mut blocks = Blocks::new(4);
        blocks.put(1, &unit(1));
        let last = 2 * BLOCK_UNITS + 1;
        blocks.put(last, &unit(2));
        let read = |blocks: &Blocks, index: u64| {
            let mut bytes = [9; 4];
            let view = blocks.view(last + 1).unwrap();
            view.read_at(index * 4, &mut bytes).unwrap();
            bytes
        };
        for index in 0..=last {
            let expected = match index {
                1 => [1; 4],
                _ if index == last => [2; 4],
                _ => [0; 4],
            };
            assert_eq!(read(&blocks, index), expected, "unit {index}");
        }
        blocks.put(0, &unit(3));
        assert_eq!(read(&blocks, 0), [3; 4]);
    }

    #[test]
    fn units_that_are_not_there_are_refused() {
        let mut blocks = Blocks::new(4);
        blocks.put(0, &unit(1));
        let short = blocks.view(2).unwrap_err();
        assert_eq!(short.kind(), io::ErrorKind::UnexpectedEof);
    }
}
