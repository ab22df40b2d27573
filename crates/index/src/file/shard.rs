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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::write::encode_shard;

    #[test]
    fn a_shard_comes_back_from_bytes_at_indices_of_every_width() {
        for (entries, first) in [
            (0u64, 0u64),
            (20, 0),
            (20, 1 << 40),
            (4000, 0),
            (4000, (1 << 32) - 2000),
            (4000, 1 << 36),
            (4000, (1 << 42) - 8000),
        ] {
            let mut shard = Shard::new(3, SHARDS);
            let index = |number: u64| first + 2 * number;
            for number in 0..entries {
                let place = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) << 8;
                shard.reserve(number + 1, index(number)).unwrap();
                shard.put(place, index(number));
            }
            // A tree of all of them, and one that is shorter.
            for covered in [entries, entries / 2] {
                let (size, mut bytes) = (index(covered), Vec::new());
                encode_shard(3, &shard, size, &mut bytes);
                let again = decode(3, size, &bytes).unwrap();
                let sorted = |shard: &Shard| {
                    let mut all: Vec<_> = shard.iter().filter(|entry| entry.1 < size).collect();
                    all.sort_unstable();
                    all
                };
                assert_eq!(sorted(&again), sorted(&shard), "{entries} from {first}");
                assert_eq!(again.entries(), covered);
                let shorter = decode(3, index(covered.saturating_sub(1)), &bytes);
                assert_eq!(shorter.is_ok(), covered == 0, "an index beyond the tree");
            }
        }
    }
}
