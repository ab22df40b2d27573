//! [`Signer`] and [`SecretKey`]: what makes signature lines.

use std::{error::Error, fmt, fs, path::Path};

use super::{
    error::{NoteError, malformed},
    key::{KeyError, PublicKey, parse_key},
    kind::KeyKind,
    message::message,
    scheme::Secret,
    signature::Signature,
};
use crate::text;

/// Why a text was not signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The text cannot be that of a note.
    #[error(transparent)]
    Text(NoteError),
    /// The signer failed, for example because its device is gone.
    #[error("the signer failed: {0}")]
    Signer(#[source] Box<dyn Error + Send + Sync>),
    /// The signer made a line that its own public key does not verify.
    #[error("the signer's line does not hold for its own public key")]
    False,
}

/// Makes the signature lines of one key: a [`SecretKey`] in memory, or a device that keeps the key
/// to itself.
pub trait Signer: Send + Sync {
    /// The public key.
    fn public(&self) -> &PublicKey;

    /// Signs the text of a note.
    ///
    /// # Errors
    /// [`SignError::Signer`].
    fn sign(&self, text: &str) -> Result<Signature, SignError>;
}

/// Makes cosignatures: signatures over a checkpoint at a time.
pub trait Cosigner: Send + Sync {
    /// The public key, of the kind [`KeyKind::Cosignature`] or [`KeyKind::MlDsaCosignature`].
    fn public(&self) -> &PublicKey;

    /// Signs the text of a checkpoint at a POSIX time.
    ///
    /// # Errors
    /// [`SignError::Signer`].
    fn cosign(&self, text: &str, time: u64) -> Result<Signature, SignError>;
}

/// A key in memory. It is never printed: `Debug` shows its public key.
///
/// The file of a key has one line, in the form of Go's `note` package:
/// `PRIVATE+KEY+name+id+base64`.
///
/// ```
/// use rotortree_tiles::{KeyKind, SecretKey};
///
/// let key = SecretKey::generate("example.com/log", KeyKind::Note)?;
/// let public = key.public().to_string();
/// assert!(public.starts_with("example.com/log+"));
/// assert_eq!(SecretKey::parse(&key.expose())?.public(), key.public());
/// # Ok::<(), rotortree_tiles::KeyError>(())
/// ```
pub struct SecretKey {
    public: PublicKey,
    secret: Secret,
}

/// Stands before the text of a secret key.
const PREFIX: &str = "PRIVATE+KEY+";

impl SecretKey {
    /// The key that follows from 32 secret bytes.
    ///
    /// # Errors
    /// [`KeyError::Name`]; [`KeyError::Kind`] for ML-DSA without the feature `ml-dsa`.
    pub fn from_seed(
        name: impl Into<String>,
        kind: KeyKind,
        seed: &[u8; 32],
    ) -> Result<Self, KeyError> {
        let secret = Secret::new(kind, seed).ok_or(KeyError::Kind)?;
        Ok(Self {
            public: PublicKey::new(name, kind, &secret.public())?,
            secret,
        })
    }

    /// A new key from the system's randomness.
    ///
    /// # Errors
    /// Those of [`from_seed`](Self::from_seed), [`KeyError::Unavailable`].
    pub fn generate(name: impl Into<String>, kind: KeyKind) -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| KeyError::Unavailable(error.to_string()))?;
        Self::from_seed(name, kind, &seed)
    }

    /// Reads the line of a key.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn parse(line: &str) -> Result<Self, KeyError> {
        let (name, kind, id, seed) =
            parse_key(line.strip_prefix(PREFIX).ok_or(KeyError::Spelling)?)?;
        let seed: [u8; 32] = seed.try_into().map_err(|_| KeyError::Kind)?;
        let key = Self::from_seed(name, kind, &seed)?;
        match key.public.id().1 == id {
            true => Ok(key),
            false => Err(KeyError::Id),
        }
    }

    /// Reads the file of a key.
    ///
    /// # Errors
    /// [`KeyError`]. The text of the error has nothing of the file.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        let line = fs::read_to_string(path)
            .map_err(|error| KeyError::Unavailable(error.kind().to_string()))?;
        Self::parse(line.trim_end())
    }

    /// The line of the key, to be written to a file that only its owner reads.
    #[must_use]
    pub fn expose(&self) -> String {
        let (name, id) = self.public.id();
        let bytes = [&[self.public.kind().byte()][..], &self.secret.seed()].concat();
        format!("{PREFIX}{name}+{id:08x}+{}", text::encode(&bytes))
    }

    /// The public key.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The line of the key; a cosignature has the time before its signature.
    fn line(&self, text: &str, time: Option<u64>) -> Result<Signature, SignError> {
        let (name, id) = self.public.id();
        let message = message(self.public.kind(), name, text, time.unwrap_or_default());
        let message = message.ok_or(SignError::Text(malformed(
            "ML-DSA signs checkpoints, with names of at most 255 bytes",
        )))?;
        let signature = self.secret.sign(&message).ok_or(SignError::False)?;
        let time = time.map(u64::to_be_bytes);
        let bytes = [time.as_slice().as_flattened(), &signature].concat();
        Signature::new(name, id, bytes).ok_or(SignError::False)
    }
}

impl Signer for SecretKey {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    /// A key for cosignatures signs at the present time.
    fn sign(&self, text: &str) -> Result<Signature, SignError> {
        match self.public.kind() {
            KeyKind::Note => self.line(text, None),
            KeyKind::Cosignature | KeyKind::MlDsaCosignature => self.cosign(text, now()?),
        }
    }
}

impl Cosigner for SecretKey {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn cosign(&self, text: &str, time: u64) -> Result<Signature, SignError> {
        match self.public.kind() {
            KeyKind::Note => Err(SignError::False),
            KeyKind::Cosignature | KeyKind::MlDsaCosignature => self.line(text, Some(time)),
        }
    }
}

/// The POSIX time.
fn now() -> Result<u64, SignError> {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map(|since| since.as_secs())
        .map_err(|error| SignError::Signer(error.into()))
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}
