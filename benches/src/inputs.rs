//! Inputs that are the same in every run and for every contender. The program of `contenders` has
//! this file too, and it names no crate.

/// `count` pseudo-random leaves from number `first` on.
#[must_use]
pub fn leaves(first: u64, count: usize) -> Vec<[u8; 32]> {
    (first..).take(count).map(leaf).collect()
}

/// One of those leaves.
#[must_use]
pub fn leaf(number: u64) -> [u8; 32] {
    let mut leaf = [0; 32];
    for (word, bytes) in (0..).zip(leaf.as_chunks_mut::<8>().0) {
        *bytes = mixed(number.wrapping_mul(4).wrapping_add(word)).to_le_bytes();
    }
    leaf
}

/// `count` pseudo-random indices below `bound`.
#[must_use]
pub fn indices(count: usize, bound: u64) -> Vec<u64> {
    (0..count as u64)
        .map(|number| mixed(number ^ 0x5eed) % bound)
        .collect()
}

/// The output function of SplitMix64 (Steele, Lea, Flood, 2014).
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
