//! [`Locator`]: where units are, in a backend's own words.

use std::fmt;

/// Names units that a backend keeps, in the backend's own words: nothing where the address of a
/// unit says where it is, as in a directory; the name of an index, say, where units travel in packs
/// under names that are used once.
///
/// [`UnitWriter::finish`](super::UnitWriter::finish) returns one, the layers above record it in the
/// log or the manifest, and hand it back to read.
///
/// ```
/// use rotortree_store::storage::Locator;
///
/// let locator = Locator::new(*b"index/17").expect("it is short");
/// assert_eq!(locator.as_bytes(), b"index/17");
/// assert_eq!(Locator::new([0; 65]), None);
/// assert!(Locator::default().as_bytes().is_empty());
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Locator(Box<[u8]>);

impl Locator {
    /// The most bytes of a locator: one stands in every manifest.
    pub const MAX_BYTES: usize = 64;

    /// A locator of these bytes; `None` for more than [`MAX_BYTES`](Self::MAX_BYTES).
    #[must_use]
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Option<Self> {
        let bytes = bytes.into();
        (bytes.len() <= Self::MAX_BYTES).then_some(Self(bytes))
    }

    /// The backend's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Locator({})", self.0.escape_ascii())
    }
}
