//! [`Verifier`] and [`Secret`]: a key of one of the two signature schemes.

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
#[cfg(feature = "ml-dsa")]
use ml_dsa::{Keypair as _, MlDsa44, Signature as MlDsaSignature};

use super::kind::KeyKind;

/// A public key.
#[derive(Clone, PartialEq)]
pub(super) enum Verifier {
    Ed25519(VerifyingKey),
    #[cfg(feature = "ml-dsa")]
    MlDsa(Box<ml_dsa::VerifyingKey<MlDsa44>>),
}

impl Eq for Verifier {}

impl Verifier {
    /// The key of these bytes, or `None` if the scheme has no such key, or this build no such
    /// scheme.
    pub(super) fn new(kind: KeyKind, bytes: &[u8]) -> Option<Self> {
        match kind {
            KeyKind::Note | KeyKind::Cosignature => {
                let key = VerifyingKey::from_bytes(bytes.try_into().ok()?).ok()?;
                Some(Self::Ed25519(key))
            }
            #[cfg(feature = "ml-dsa")]
            KeyKind::MlDsaCosignature => {
                let bytes = bytes.try_into().ok()?;
                Some(Self::MlDsa(ml_dsa::VerifyingKey::decode(&bytes).into()))
            }
            #[cfg(not(feature = "ml-dsa"))]
            KeyKind::MlDsaCosignature => None,
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.as_bytes().to_vec(),
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa(key) => key.encode().to_vec(),
        }
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => signature
                .try_into()
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa(key) => MlDsaSignature::try_from(signature)
                .is_ok_and(|signature| key.verify_with_context(message, &[], &signature)),
        }
    }
}

/// A secret key, which is forgotten when it is dropped.
pub(super) enum Secret {
    Ed25519(Box<SigningKey>),
    #[cfg(feature = "ml-dsa")]
    MlDsa(Box<ml_dsa::SigningKey<MlDsa44>>),
}

impl Secret {
    /// The key that follows from a seed, or `None` if this build has no such scheme.
    pub(super) fn new(kind: KeyKind, seed: &[u8; 32]) -> Option<Self> {
        match kind {
            KeyKind::Note | KeyKind::Cosignature => {
                Some(Self::Ed25519(SigningKey::from_bytes(seed).into()))
            }
            #[cfg(feature = "ml-dsa")]
            KeyKind::MlDsaCosignature => {
                let key = ml_dsa::SigningKey::from_seed(&(*seed).into());
                Some(Self::MlDsa(key.into()))
            }
            #[cfg(not(feature = "ml-dsa"))]
            KeyKind::MlDsaCosignature => None,
        }
    }

    pub(super) fn seed(&self) -> [u8; 32] {
        match self {
            Self::Ed25519(key) => key.to_bytes(),
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa(key) => key.to_seed().into(),
        }
    }

    /// The bytes of the public key.
    pub(super) fn public(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.verifying_key().as_bytes().to_vec(),
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa(key) => key.verifying_key().encode().to_vec(),
        }
    }

    /// The signature; `None` if the scheme finds none. The same each time.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Ed25519(key) => Some(key.sign(message).to_bytes().to_vec()),
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa(key) => {
                let signature = key.expanded_key().sign_deterministic(message, &[]);
                Some(signature.ok()?.encode().to_vec())
            }
        }
    }
}
