//! [`Note`]: a text signed by keys, as C2SP `signed-note` has it.

mod error;
mod key;
mod kind;
mod message;
mod scheme;
mod secret;
mod signature;

use std::{fmt, str};

pub use self::{
    error::NoteError,
    key::{KeyError, PublicKey},
    kind::KeyKind,
    secret::{Cosigner, SecretKey, SignError, Signer},
    signature::Signature,
};

use self::error::malformed;

/// The most signatures of a note that is read.
const MAX_SIGNATURES: usize = 100;

/// The most bytes of a note that is read.
const MAX_LEN: usize = 1 << 20;

/// A text and signature lines over it. Reading a note verifies nothing: the text is to be ignored
/// until [`verify`](Self::verify) has found the signature of a known key.
///
/// ```
/// use rotortree_tiles::{KeyKind, Note, SecretKey};
///
/// let key = SecretKey::from_seed("example.com/log", KeyKind::Note, &[7; 32])?;
/// let note = Note::signed("first line\n", &[&key])?;
///
/// let note = Note::parse(note.to_string().as_bytes())?;
/// assert_eq!(note.verify(&[key.public()])?.len(), 1);
/// assert_eq!(note.text(), "first line\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl Note {
    /// Signs a text with every signer.
    ///
    /// # Errors
    /// [`SignError::Text`] if the text cannot be that of a note; those of the signers.
    pub fn signed(text: impl Into<String>, signers: &[&dyn Signer]) -> Result<Self, SignError> {
        let text = text.into();
        check_text(&text).map_err(SignError::Text)?;
        let signatures = signers
            .iter()
            .map(|signer| signer.sign(&text))
            .collect::<Result<_, _>>()?;
        Ok(Self { text, signatures })
    }

    /// Reads a note. At most 1 MiB and 100 signature lines.
    ///
    /// # Errors
    /// [`NoteError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_LEN {
            return Err(malformed("it is longer than 1 MiB"));
        }
        let note = str::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8"))?;
        let split = note
            .rfind("\n\n")
            .ok_or(malformed("no empty line is before the signatures"))?;
        let (text, lines) = (&note[..=split], &note[split + 2..]);
        check_text(text)?;
        Ok(Self {
            text: text.to_owned(),
            signatures: parse_signatures(lines)?,
        })
    }

    /// The text, with its last newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, those of unknown keys included.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds signature lines. A line of a key that has signed already replaces the earlier one.
    pub fn add(&mut self, signatures: impl IntoIterator<Item = Signature>) {
        for signature in signatures {
            self.signatures
                .retain(|known| known.key() != signature.key());
            self.signatures.push(signature);
        }
    }

    /// The signature lines of these keys; all have been verified. Lines of other keys are ignored,
    /// also those that share the name or the ID of a known key, and so is a second line of a key.
    ///
    /// # Errors
    /// [`NoteError::FalseSignature`], [`NoteError::NoKnownSignature`].
    pub fn verify(&self, keys: &[&PublicKey]) -> Result<Vec<&Signature>, NoteError> {
        let mut verified: Vec<&Signature> = Vec::new();
        for signature in &self.signatures {
            let Some(key) = keys.iter().find(|key| key.id() == signature.key()) else {
                continue;
            };
            if verified.iter().any(|known| known.key() == signature.key()) {
                continue;
            }
            if !key.verify(&self.text, signature) {
                return Err(NoteError::FalseSignature {
                    name: signature.name().to_owned(),
                    id: signature.id(),
                });
            }
            verified.push(signature);
        }
        match verified.is_empty() {
            true => Err(NoteError::NoKnownSignature),
            false => Ok(verified),
        }
    }
}

/// Refuses what cannot be the text of a note.
fn check_text(text: &str) -> Result<(), NoteError> {
    if !text.ends_with('\n') {
        return Err(malformed("the text does not end with a newline"));
    }
    match text.bytes().any(|byte| byte < b' ' && byte != b'\n') {
        true => Err(malformed("the text has a control character")),
        false => Ok(()),
    }
}

/// Reads signature lines, at least one.
pub(crate) fn parse_signatures(lines: &str) -> Result<Vec<Signature>, NoteError> {
    let Some(lines) = lines.strip_suffix('\n') else {
        return Err(malformed(
            "the last signature line does not end with a newline",
        ));
    };
    let mut signatures = Vec::new();
    for line in lines.split('\n') {
        if signatures.len() == MAX_SIGNATURES {
            return Err(malformed("it has more than 100 signatures"));
        }
        signatures.push(Signature::parse(line).ok_or(malformed("a line is not a signature line"))?);
    }
    Ok(signatures)
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures
            .iter()
            .try_for_each(|signature| writeln!(f, "{signature}"))
    }
}
