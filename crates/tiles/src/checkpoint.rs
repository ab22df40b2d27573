//! [`Checkpoint`]: a tree head as C2SP `tlog-checkpoint` has it, and [`Log`], whose checkpoints a
//! client believes.

use std::fmt;

use rotortree_hasher::Hash;
use rotortree_lean_imt::TreeHead;

use crate::{
    note::{Note, NoteError, PublicKey},
    text,
};

/// Where a log has its checkpoint.
pub const CHECKPOINT_PATH: &str = "checkpoint";

/// The text of a checkpoint: the origin, which names the log, and a tree head. It prints as the
/// text that is signed.
///
/// ```
/// use rotortree_lean_imt::TreeHead;
/// use rotortree_tiles::Checkpoint;
///
/// let checkpoint = Checkpoint::new("example.com/log", TreeHead::EMPTY);
/// let text = "example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
/// assert_eq!(checkpoint.to_string(), text);
/// assert_eq!(Checkpoint::parse(text)?, checkpoint);
/// # Ok::<(), rotortree_tiles::CheckpointError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log.
    pub origin: String,
    /// Size and root. The empty log has the head [`TreeHead::EMPTY`]; the text has the root of
    /// RFC 6962, SHA-256 of nothing.
    pub head: TreeHead,
    /// Further lines, which the log signs and no one can audit.
    pub extensions: Vec<String>,
}

/// Why a checkpoint is not to be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The bytes are not a note, or the log's key has not signed it.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text of the note is not a checkpoint.
    #[error("the text of the note is not a checkpoint: line {line} does not fit")]
    Malformed {
        /// The first line that does not fit, from 1.
        line: usize,
    },
    /// The checkpoint is of another log.
    #[error("the checkpoint is of the log {found:?}, not of {expected:?}")]
    Origin {
        /// The log that was expected.
        expected: String,
        /// The origin of the checkpoint.
        found: String,
    },
    /// The checkpoint has an extension line, which this reader does not accept.
    #[error("the checkpoint has an extension line, which no one can audit: {line:?}")]
    Extension {
        /// The first extension line.
        line: String,
    },
}

impl Checkpoint {
    /// A checkpoint without extension lines.
    #[must_use]
    pub fn new(origin: impl Into<String>, head: TreeHead) -> Self {
        Self {
            origin: origin.into(),
            head,
            extensions: Vec::new(),
        }
    }

    /// Reads the text of a checkpoint.
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let at = |line| CheckpointError::Malformed { line };
        let lines: Vec<&str> = text.lines().collect();
        let &[origin, size, root, ref extensions @ ..] = &lines[..] else {
            return Err(at(lines.len() + 1));
        };
        let size = text::number(size).ok_or(at(2))?;
        let root = text::hash(root).ok_or(at(3))?;
        let checkpoint = Self {
            origin: origin.to_owned(),
            head: TreeHead::from_rfc6962(size, root).map_err(|_| at(3))?,
            extensions: extensions.iter().map(|&line| line.to_owned()).collect(),
        };
        if let Some(line) = lines.iter().position(|line| line.is_empty()) {
            return Err(at(line + 1));
        }
        // A carriage return, or no newline at the end.
        match checkpoint.to_string() == text {
            true => Ok(checkpoint),
            false => Err(at(lines.len())),
        }
    }

    /// The root as the text has it.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.head.rfc6962_root()
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = text::encode(&self.root());
        write!(f, "{}\n{}\n{root}\n", self.origin, self.head.size)?;
        self.extensions
            .iter()
            .try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// A log as its clients know it: the origin and the public key.
///
/// ```
/// use rotortree_lean_imt::TreeHead;
/// use rotortree_tiles::{Checkpoint, KeyKind, Log, Note, SecretKey};
///
/// let key = SecretKey::from_seed("example.com/log", KeyKind::Note, &[7; 32])?;
/// let log = Log::new("example.com/log", key.public().clone());
/// let checkpoint = Checkpoint::new("example.com/log", TreeHead { size: 3, root: [1; 32] });
/// let note = Note::signed(checkpoint.to_string(), &[&key])?.to_string();
///
/// let signed = log.open(note.as_bytes())?;
/// assert_eq!(signed.checkpoint(), &checkpoint);
///
/// let other = SecretKey::from_seed("example.com/log", KeyKind::Note, &[8; 32])?;
/// assert!(Log::new("example.com/log", other.public().clone()).open(note.as_bytes()).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Log {
    origin: String,
    key: PublicKey,
    extensions: bool,
}

impl Log {
    /// The log of this origin, whose checkpoints this key signs.
    #[must_use]
    pub fn new(origin: impl Into<String>, key: PublicKey) -> Self {
        Self {
            origin: origin.into(),
            key,
            extensions: false,
        }
    }

    /// Accepts checkpoints with extension lines, which are refused otherwise.
    #[must_use]
    pub const fn accept_extensions(mut self) -> Self {
        self.extensions = true;
        self
    }

    /// The origin.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The public key.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Reads a checkpoint and verifies the log's signature.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open(&self, note: &[u8]) -> Result<SignedCheckpoint, CheckpointError> {
        self.verify(Note::parse(note)?)
    }

    /// Verifies the log's signature on a checkpoint.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn verify(&self, note: Note) -> Result<SignedCheckpoint, CheckpointError> {
        note.verify(&[&self.key])?;
        let checkpoint = Checkpoint::parse(note.text())?;
        if checkpoint.origin != self.origin {
            return Err(CheckpointError::Origin {
                expected: self.origin.clone(),
                found: checkpoint.origin,
            });
        }
        match checkpoint.extensions.first() {
            Some(line) if !self.extensions => {
                Err(CheckpointError::Extension { line: line.clone() })
            }
            _ => Ok(SignedCheckpoint { checkpoint, note }),
        }
    }
}

/// A checkpoint whose signature by its log was verified. [`Log::open`] alone makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// The text.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Size and root.
    #[must_use]
    pub const fn head(&self) -> TreeHead {
        self.checkpoint.head
    }

    /// The note, with the lines of all keys.
    #[must_use]
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// The note, to which witnesses may add their lines.
    #[must_use]
    pub fn into_note(self) -> Note {
        self.note
    }
}
