//! `abi.encode` of one struct, read back.

use rotortree_lean_imt::{
    Hash, TreeError, UnrootedConsistency, UnrootedInclusion,
    any::{WithArity, with_arity},
};

use crate::FormError;

/// The canonical bytes of a proof about a tree of this N.
pub(crate) fn read(bytes: &[u8], arity: usize) -> Result<Vec<u8>, FormError> {
    let refused = || FormError::unreadable("the words are not those of a proof");
    let (words, []) = bytes.as_chunks::<32>() else {
        let sentence = "an ABI encoding has a multiple of 32 bytes";
        return Err(FormError::unreadable(sentence));
    };
    // The offset of the struct, and within it the offset of the array, its last field.
    let fields = words
        .split_first()
        .filter(|(first, _)| number(first) == Some(32));
    let (_, fields) = fields.ok_or_else(refused)?;
    let read = |statics: usize| -> Option<(&[Hash], &[Hash])> {
        let (statics_words, rest) = fields.split_at_checked(statics)?;
        let [offset, len, hashes @ ..] = rest else {
            return None;
        };
        let fits = number(offset)? == (statics as u64 + 1) * 32;
        (fits && number(len)? == hashes.len() as u64).then_some((statics_words, hashes))
    };
    let encode = match (read(3), read(2)) {
        (Some(([leaf, index, size], siblings)), _) => Encode::Inclusion {
            leaf,
            index: number(index).ok_or_else(refused)?,
            size: number(size).ok_or_else(refused)?,
            siblings,
        },
        (_, Some(([old, new], hashes))) => Encode::Consistency {
            old: number(old).ok_or_else(refused)?,
            new: number(new).ok_or_else(refused)?,
            hashes,
        },
        _ => return Err(refused()),
    };
    Ok(with_arity(arity, encode)??)
}

/// The number in a word, if it has 64 bits.
fn number(word: &Hash) -> Option<u64> {
    let (zeros, number) = word.split_last_chunk::<8>()?;
    zeros
        .iter()
        .all(|byte| *byte == 0)
        .then_some(u64::from_be_bytes(*number))
}

enum Encode<'a> {
    Inclusion {
        leaf: &'a Hash,
        index: u64,
        size: u64,
        siblings: &'a [Hash],
    },
    Consistency {
        old: u64,
        new: u64,
        hashes: &'a [Hash],
    },
}

impl WithArity for Encode<'_> {
    type Output = Result<Vec<u8>, TreeError>;

    fn with<const N: usize>(self) -> Self::Output {
        match self {
            Self::Inclusion {
                leaf,
                index,
                size,
                siblings,
            } => Ok(UnrootedInclusion::<N>::new(size, index, leaf, siblings)?.to_bytes()),
            Self::Consistency { old, new, hashes } => {
                Ok(UnrootedConsistency::<N>::new(old, new, hashes)?.to_bytes())
            }
        }
    }
}
