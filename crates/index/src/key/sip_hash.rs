//! SipHash-1-3 of leaves, one or several side by side.

use std::array::from_fn;

use rotortree_hasher::Hash;

/// The hashes of leaves side by side. Inlined, so that it is compiled for the vectors of its
/// caller.
#[inline(always)]
pub(super) fn sip_hash<const LANES: usize>(key: &[u8; 16], leaves: &[Hash; LANES]) -> [u64; LANES] {
    let [k0, k1] = words(key);
    let mut state = State([
        [k0 ^ 0x736f_6d65_7073_6575; LANES],
        [k1 ^ 0x646f_7261_6e64_6f6d; LANES],
        [k0 ^ 0x6c79_6765_6e65_7261; LANES],
        [k1 ^ 0x7465_6462_7974_6573; LANES],
    ]);
    for word in 0..4 {
        // Each word alone: a leaf taken apart before would go through memory.
        let at = |lane: usize| leaves[lane].as_chunks::<8>().0[word];
        state.absorb(from_fn(|lane| u64::from_le_bytes(at(lane))));
    }
    state.absorb([(size_of::<Hash>() as u64) << 56; LANES]);
    state.0[2] = state.0[2].map(|word| word ^ 0xff);
    for _ in 0..3 {
        state.round();
    }
    let [v0, v1, v2, v3] = state.0;
    from_fn(|lane| v0[lane] ^ v1[lane] ^ v2[lane] ^ v3[lane])
}

/// Bytes as words, the least significant byte first.
#[inline(always)]
fn words<const WORDS: usize>(bytes: &[u8]) -> [u64; WORDS] {
    let mut words = [0; WORDS];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    words
}

/// The four words of SipHash (Aumasson and Bernstein, 2012), for several leaves side by side.
struct State<const LANES: usize>([[u64; LANES]; 4]);

impl<const LANES: usize> State<LANES> {
    #[inline(always)]
    fn absorb(&mut self, word: [u64; LANES]) {
        self.0[3] = from_fn(|lane| self.0[3][lane] ^ word[lane]);
        self.round();
        self.0[0] = from_fn(|lane| self.0[0][lane] ^ word[lane]);
    }

    #[inline(always)]
    fn round(&mut self) {
        let [v0, v1, v2, v3] = &mut self.0;
        for lane in 0..LANES {
            let [v0, v1, v2, v3] = [&mut v0[lane], &mut v1[lane], &mut v2[lane], &mut v3[lane]];
            *v0 = v0.wrapping_add(*v1);
            *v1 = v1.rotate_left(13) ^ *v0;
            *v0 = v0.rotate_left(32);
            *v2 = v2.wrapping_add(*v3);
            *v3 = v3.rotate_left(16) ^ *v2;
            *v0 = v0.wrapping_add(*v3);
            *v3 = v3.rotate_left(21) ^ *v0;
            *v2 = v2.wrapping_add(*v1);
            *v1 = v1.rotate_left(17) ^ *v2;
            *v2 = v2.rotate_left(32);
        }
    }
}
