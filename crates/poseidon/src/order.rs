//! [`ByteOrder`]: the order of the bytes of a number.

use rotortree_hasher::Hash;

/// The order of the 32 bytes of a number: [`BigEndian`] or [`LittleEndian`].
pub trait ByteOrder: sealed::Sealed + 'static {
    /// The name of the order, for `Debug`.
    #[doc(hidden)]
    const NAME: &'static str;

    /// The words of a number, from the low one up.
    #[doc(hidden)]
    fn read(hash: &Hash) -> [u64; 4];

    /// The bytes of a number.
    #[doc(hidden)]
    fn write(number: [u64; 4]) -> Hash;
}

/// The high byte first.
pub enum BigEndian {}

/// The low byte first.
pub enum LittleEndian {}

mod sealed {
    pub trait Sealed {}

    impl Sealed for super::BigEndian {}

    impl Sealed for super::LittleEndian {}
}

impl ByteOrder for LittleEndian {
    const NAME: &'static str = "LittleEndian";

    #[inline]
    fn read(hash: &Hash) -> [u64; 4] {
        let (words, _) = hash.as_chunks::<8>();
        core::array::from_fn(|i| u64::from_le_bytes(words[i]))
    }

    #[inline]
    fn write(number: [u64; 4]) -> Hash {
        let mut hash = [0; 32];
        let (words, _) = hash.as_chunks_mut::<8>();
        for (bytes, word) in words.iter_mut().zip(number) {
            *bytes = word.to_le_bytes();
        }
        hash
    }
}

impl ByteOrder for BigEndian {
    const NAME: &'static str = "BigEndian";

    #[inline]
    fn read(hash: &Hash) -> [u64; 4] {
        let mut hash = *hash;
        hash.reverse();
        LittleEndian::read(&hash)
    }

    #[inline]
    fn write(number: [u64; 4]) -> Hash {
        let mut hash = LittleEndian::write(number);
        hash.reverse();
        hash
    }
}
