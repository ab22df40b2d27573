//! Which packs a writer merges into its own: as packs gather, those of like size become one, so
//! that beside full packs there are O(log n) smaller ones.

use super::index::Pack;

/// Packs of like size that are left apart.
const APART: usize = 3;
/// A pack of at least this many bytes is full.
const FULL_BYTES: u64 = 32 << 20;
/// Packs of at most this many bytes are of one size.
const LEAST_BYTES: u64 = 4 << 10;

/// The size of a pack, in fours.
fn tier(bytes: u64) -> u32 {
    (bytes / LEAST_BYTES).max(1).ilog2() / 2
}

/// The packs that are merged with `own` bytes of a new one, at most `most` bytes in all. Each pack
/// comes with the bytes of it that are still named.
pub(super) fn choose(live: &[(u32, Pack, u64)], own: u64, most: u64) -> Vec<u32> {
    let is_small = |bytes: u64| bytes > 0 && bytes < FULL_BYTES;
    let mut small: Vec<_> = live
        .iter()
        .filter(|(_, _, bytes)| is_small(*bytes))
        .collect();
    small.sort_by_key(|(_, pack, bytes)| (tier(*bytes), pack.id));
    let (mut chosen, mut bytes) = (Vec::new(), own);
    for alike in small.chunk_by(|one, next| tier(one.2) == tier(next.2)) {
        let here = tier(alike[0].2);
        if tier(bytes) < here {
            // The new pack is smaller than these, and stays so.
            break;
        }
        let joins = usize::from(tier(bytes) == here && bytes > 0);
        if alike.len() + joins <= APART {
            continue;
        }
        for (number, _, more) in alike {
            if bytes + more <= most {
                chosen.push(*number);
                bytes += more;
            }
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;

    fn pack(sequence: u64, bytes: u64) -> (u32, Pack, u64) {
        let id = Id {
            epoch: 1,
            sequence,
            session: 1,
        };
        (sequence as u32, Pack { id, bytes }, bytes)
    }

    /// Checkpoints of every size: the packs beside the full ones stay few, and each byte is written
    /// a few times.
    #[test]
    fn smaller_packs_stay_few_and_bytes_are_written_again_a_few_times() {
        for each in [4096, 100_000, 1 << 20, 5 << 20, 31 << 20] {
            let mut packs: Vec<(u32, Pack, u64)> = Vec::new();
            let (mut put, mut written) = (0, 0);
            for sequence in 0..4000 {
                let chosen = choose(&packs, each, 64 << 20);
                let merged = packs.iter().filter(|(number, ..)| chosen.contains(number));
                let bytes = each + merged.map(|(_, _, bytes)| bytes).sum::<u64>();
                assert!(bytes <= 64 << 20);
                packs.retain(|(number, ..)| !chosen.contains(number));
                packs.push(pack(sequence, bytes));
                put += each;
                written += bytes;
                let small = packs.iter().filter(|(_, _, bytes)| *bytes < FULL_BYTES);
                assert!(small.count() <= APART * 7, "{each} bytes each: {packs:?}");
            }
            assert!(written <= 8 * put, "{each} bytes each: {written} for {put}");
        }
    }

    #[test]
    fn nothing_is_merged_beyond_the_room() {
        let packs: Vec<_> = (0..9).map(|n| pack(n, 20 << 20)).collect();
        assert_eq!(choose(&packs, 20 << 20, 64 << 20), [0, 1]);
        assert_eq!(choose(&packs, 60 << 20, 64 << 20), Vec::<u32>::new());
        assert_eq!(
            choose(&packs, 1 << 20, 64 << 20),
            Vec::<u32>::new(),
            "not alike"
        );
    }
}
