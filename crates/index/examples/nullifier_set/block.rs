//! Blocks of nullifiers, and a nullifier in other bytes.

use rotortree_hasher::{Hash, Hasher};
use rotortree_poseidon::PoseidonHasher;

/// The order of the field, big-endian.
const ORDER: Hash = [
    0x30, 0x64, 0x4e, 0x72, 0xe1, 0x31, 0xa0, 0x29, 0xb8, 0x50, 0x45, 0xb6, 0x81, 0x81, 0x58, 0x5d,
    0x28, 0x33, 0xe8, 0x48, 0x79, 0xb9, 0x70, 0x91, 0x43, 0xe1, 0xf5, 0x93, 0xf0, 0x00, 0x00, 0x01,
];

/// A number of the field.
fn number(number: u64) -> Hash {
    let mut bytes = [0; 32];
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    bytes
}

/// The nullifiers of a block: `Poseidon(secret, note)`, as a circuit computes them.
pub(crate) fn nullifiers(block: u64, len: u64) -> Vec<Hash> {
    let notes = (0..len).flat_map(|note| [number(1_000_003 * block), number(note)]);
    let notes: Vec<Hash> = notes.collect();
    let mut nullifiers = vec![[0; 32]; len as usize];
    PoseidonHasher::new().hash_groups(2, &notes, &mut nullifiers);
    nullifiers
}

/// The same element of the field plus its order: other bytes that a careless library takes for it.
pub(crate) fn in_other_bytes(element: &Hash) -> Hash {
    let mut sum = [0; 32];
    let mut carry = 0;
    for at in (0..32).rev() {
        let digit = u16::from(element[at]) + u16::from(ORDER[at]) + carry;
        sum[at] = digit as u8;
        carry = digit >> 8;
    }
    sum
}
