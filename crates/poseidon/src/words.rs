//! Numbers of 256 bits in four words, and the order of the field.

/// The order p of the scalar field of BN254, from the low word up.
pub(crate) const MODULUS: [u64; 4] = [
    0x43e1_f593_f000_0001,
    0x2833_e848_79b9_7091,
    0xb850_45b6_8181_585d,
    0x3064_4e72_e131_a029,
];

/// Whether a number is below p: the one number that an element has in a tree.
pub(crate) fn is_canonical(number: &[u64; 4]) -> bool {
    minus(number, &MODULUS).1
}

/// `a - b`, and whether `a` is below `b`; then the difference is too large by 2^256.
#[inline]
pub(crate) fn minus(a: &[u64; 4], b: &[u64; 4]) -> ([u64; 4], bool) {
    let mut borrow = false;
    let difference = core::array::from_fn(|i| {
        let (word, first) = a[i].overflowing_sub(b[i]);
        let (word, second) = word.overflowing_sub(u64::from(borrow));
        borrow = first | second;
        word
    });
    (difference, borrow)
}

/// `number - limit`, or the number itself where it is below.
#[inline]
pub(crate) fn less_if_not_below(number: [u64; 4], limit: &[u64; 4]) -> [u64; 4] {
    let (difference, below) = minus(&number, limit);
    // Selected without a branch, which would be mispredicted often.
    let mask = u64::from(below).wrapping_neg();
    core::array::from_fn(|i| difference[i] ^ (mask & (difference[i] ^ number[i])))
}
