//! Entry bundles: entries with their lengths, one after the other.

use rotortree_hasher::{Hash, rfc6962_leaf};

/// The largest entry, in bytes: the length in a bundle has two.
pub const MAX_ENTRY_LEN: usize = u16::MAX as usize;

/// Appends an entry to a bundle. `false` if the entry is too long.
pub(crate) fn push(bundle: &mut Vec<u8>, entry: &[u8]) -> bool {
    let Ok(len) = u16::try_from(entry.len()) else {
        return false;
    };
    bundle.extend(len.to_be_bytes());
    bundle.extend_from_slice(entry);
    true
}

/// The entries of a bundle; `None` if the bytes are cut or have a rest.
///
/// ```
/// use rotortree_tiles::entries;
///
/// let bundle = [0, 2, b'a', b'b', 0, 0];
/// assert_eq!(entries(&bundle), Some(vec![&b"ab"[..], b""]));
/// assert_eq!(entries(&bundle[..5]), None);
/// ```
#[must_use]
pub fn entries(bundle: &[u8]) -> Option<Vec<&[u8]>> {
    let mut rest = bundle;
    let mut entries = Vec::new();
    while let Some((len, behind)) = rest.split_first_chunk::<2>() {
        let (entry, behind) = behind.split_at_checked(u16::from_be_bytes(*len).into())?;
        entries.push(entry);
        rest = behind;
    }
    rest.is_empty().then_some(entries)
}

/// The first entry whose hash is not the leaf at its place.
pub(crate) fn first_mismatch(entries: &[&[u8]], leaves: &[Hash]) -> Option<usize> {
    let is_wrong = |(entry, leaf): (&&[u8], &Hash)| rfc6962_leaf(entry) != *leaf;
    entries.iter().zip(leaves).position(is_wrong)
}
