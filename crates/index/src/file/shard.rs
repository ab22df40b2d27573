//! A shard out of the bytes of a file.

use super::{
    ShardHeader,
    bytes::{checked, take},
};
use crate::{FileFault, bucket::SLOTS, layout::Layout, shard::Shard, table::SHARDS};

/// Shard `number` of a file that covers `size` leaves.
pub(super) fn decode(number: usize, size: u64, bytes: &[u8]) -> Result<Shard, FileFault> {
    let Some(mut rest) = checked(bytes) else {
        return Err(FileFault::Damaged("a shard does not match its checksum"));
    };
    // Bytes that match their checksum are damaged too if this release would not write them.
    let invalid = || FileFault::Damaged("a shard matches its checksum and is none");
    let header = ShardHeader::decode(&mut rest).ok_or_else(invalid)?;
    let ShardHeader {
        layout, overflow, ..
    } = header;
    // A bucket takes a byte at least.
    let is_valid = header.number as usize == number
        && layout.is_valid()
        && layout.buckets as usize <= rest.len();
    if !is_valid {
        return Err(invalid());
    }
    let mut shard = Shard::new(number, SHARDS);
    shard.fill(layout, |slots| {
        let [count] = take(&mut rest).ok_or_else(invalid)?;
        for _ in 0..count {
            let [a, b, c, d, e, f] = take(&mut rest).ok_or_else(invalid)?;
            let slot = u64::from_le_bytes([a, b, c, d, e, f, 0, 0]);
            if slots.len() == SLOTS || slot & layout.index_mask() >= size {
                return Err(invalid());
            }
            slots.push(slot);
        }
        Ok(())
    })?;
    for _ in 0..overflow {
        let mut word = || take(&mut rest).map(u64::from_le_bytes).ok_or_else(invalid);
        let (place, index) = (word()?, word()?);
        let fits = layout.buckets == 0 || layout.fits(index);
        if index >= size || layout.known(place) != place || !fits {
            return Err(invalid());
        }
        shard.put(place, index);
    }
    if rest.is_empty() {
        Ok(shard)
    } else {
        Err(invalid())
    }
}

impl ShardHeader {
    fn decode(rest: &mut &[u8]) -> Option<Self> {
        let number = u32::from_le_bytes(take(rest)?);
        let buckets = u32::from_le_bytes(take(rest)?);
        let [index_bits, prefix_bits] = take(rest)?.map(u32::from);
        Some(Self {
            number,
            layout: Layout {
                buckets,
                index_bits,
                prefix_bits,
            },
            overflow: u64::from_le_bytes(take(rest)?),
        })
    }
}
