//! [`NoteError`]: why a note is not believed.

/// Why bytes are not a note, or a note is not to be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// The bytes are not a note.
    #[error("the bytes are not a signed note: {reason}")]
    Malformed {
        /// The rule that they break.
        reason: &'static str,
    },
    /// A signature line of a known key does not hold.
    #[error("the signature of the key {name}+{id:08x} does not hold for this text")]
    FalseSignature {
        /// Name of the key.
        name: String,
        /// Its ID.
        id: u32,
    },
    /// No signature line is of a known key.
    #[error("the note has no signature of a known key")]
    NoKnownSignature,
}

/// The error for bytes that break a rule.
pub(super) const fn malformed(reason: &'static str) -> NoteError {
    NoteError::Malformed { reason }
}
