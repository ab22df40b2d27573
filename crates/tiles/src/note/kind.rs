//! [`KeyKind`]: the signature types of keys.

/// The scheme of a key and what it signs; the ID of the key depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyKind {
    /// Ed25519 over the text of a note: signature type 1 of `signed-note`.
    Note,
    /// Ed25519 over the text of a checkpoint and a time: signature type 4, of `tlog-cosignature`.
    Cosignature,
    /// ML-DSA-44 over the names of cosigner and log, a time, size and root: signature type 6, of
    /// `tlog-cosignature`. Signs checkpoints alone, and none of their extension lines. Only with
    /// the feature `ml-dsa`; without it such keys are refused.
    MlDsaCosignature,
}

impl KeyKind {
    /// The signature type.
    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::Note => 1,
            Self::Cosignature => 4,
            Self::MlDsaCosignature => 6,
        }
    }

    pub(super) const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Note),
            4 => Some(Self::Cosignature),
            6 => Some(Self::MlDsaCosignature),
            _ => None,
        }
    }
}
