//! Witnesses, as C2SP `tlog-witness` has them: the request for a cosignature, the checks of a
//! witness, and the quorum of a client.

use std::{fmt, str};

use rotortree_hasher::{Hash, Rfc6962Hasher};
use rotortree_lean_imt::{ConsistencyProof, TreeError, TreeHead};

use crate::{
    Log, LogSnapshot, Note, NoteError, PublicKey, Signature, SignedCheckpoint, note, text,
};

/// The most lines of a consistency proof in a request.
const MAX_PROOF: usize = 63;

/// The body of the request `add-checkpoint`: a checkpoint, and the proof that it continues the one
/// that the witness cosigned last. It prints as the body.
///
/// ```
/// use rotortree_hasher::{Rfc6962Hasher, rfc6962_leaf};
/// use rotortree_lean_imt::{LeanIMT, TreeHead};
/// use rotortree_tiles::{AddCheckpoint, Checkpoint, Cosigner, KeyKind, Log, Note, SecretKey};
///
/// let key = SecretKey::generate("example.com/log", KeyKind::Note)?;
/// let mut tree = LeanIMT::<_, 2, 64>::new(Rfc6962Hasher);
/// tree.insert_many(&[rfc6962_leaf(b"a"), rfc6962_leaf(b"b")])?;
/// let old = tree.head().ok_or("two leaves")?;
/// tree.insert(rfc6962_leaf(b"c"))?;
/// let checkpoint = Checkpoint::new("example.com/log", tree.head().ok_or("three leaves")?);
/// let mut note = Note::signed(checkpoint.to_string(), &[&key])?;
/// let body = AddCheckpoint::new(&tree.snapshot(), old.size, note.clone())?.to_string();
///
/// // The witness has cosigned `old`.
/// let witness = SecretKey::generate("witness.example", KeyKind::Cosignature)?;
/// let log = Log::new("example.com/log", key.public().clone());
/// let signed = AddCheckpoint::parse(body.as_bytes())?.check(&log, old)?;
/// let line = witness.cosign(signed.note().text(), 1_700_000_000)?;
///
/// note.add(rotortree_tiles::cosignatures(format!("{line}\n").as_bytes())?);
/// assert_eq!(note.verify(&[witness.public()])?.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    old_size: u64,
    proof: Vec<Hash>,
    note: Note,
}

/// Why a witness does not cosign.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// The body is not a request.
    #[error("the body is not a request for a cosignature: {reason}")]
    Malformed {
        /// The rule that it breaks.
        reason: &'static str,
    },
    /// The checkpoint is of a log that the witness does not know.
    #[error("the checkpoint is of an unknown log")]
    UnknownLog,
    /// No known key of the log has signed the checkpoint.
    #[error("the checkpoint is not signed by a known key of the log")]
    Unsigned,
    /// The old size exceeds the size of the checkpoint.
    #[error("the old size {old_size} exceeds the {size} leaves of the checkpoint")]
    Shrinks {
        /// The old size of the request.
        old_size: u64,
        /// The size of the checkpoint.
        size: u64,
    },
    /// The witness has cosigned another checkpoint last: one of another size, or of the same size
    /// with another root.
    #[error("the checkpoint that was cosigned last is {known}")]
    Conflict {
        /// The head that was cosigned last.
        known: TreeHead,
    },
    /// The proof does not show that the checkpoint continues the old one.
    #[error("the consistency proof does not hold")]
    FalseProof,
}

impl WitnessError {
    /// The status of the HTTP response. The body of 409 is [`known size`](Self::Conflict) and a
    /// newline, of the type `text/x.tlog.size`.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed { .. } | Self::Shrinks { .. } => 400,
            Self::Unsigned => 403,
            Self::UnknownLog => 404,
            Self::Conflict { .. } => 409,
            Self::FalseProof => 422,
        }
    }
}

const fn malformed(reason: &'static str) -> WitnessError {
    WitnessError::Malformed { reason }
}

impl AddCheckpoint {
    /// The request for a checkpoint of this tree to a witness that cosigned the checkpoint of
    /// `old_size` last, or none if it is 0.
    ///
    /// # Errors
    /// [`TreeError::SizeOutOfRange`] if the tree is smaller, [`TreeError::NodeUnavailable`].
    pub fn new<const MAX_DEPTH: usize>(
        tree: &LogSnapshot<MAX_DEPTH>,
        old_size: u64,
        note: Note,
    ) -> Result<Self, TreeError> {
        let old = tree
            .snapshot_at(old_size)?
            .head()
            .unwrap_or(TreeHead::EMPTY);
        let proof = tree
            .generate_consistency_proof(old_size, old.root)?
            .to_rfc6962()?;
        Ok(Self {
            old_size,
            proof,
            note,
        })
    }

    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`WitnessError::Malformed`].
    pub fn parse(body: &[u8]) -> Result<Self, WitnessError> {
        let body = str::from_utf8(body).map_err(|_| malformed("it is not UTF-8"))?;
        let (head, note) = body
            .split_once("\n\n")
            .ok_or(malformed("no empty line is before the checkpoint"))?;
        let mut lines = head.split('\n');
        let old_size = lines
            .next()
            .and_then(|line| text::number(line.strip_prefix("old ")?));
        let proof: Option<Vec<Hash>> = lines.map(text::hash).collect();
        let proof = proof.ok_or(malformed("a line of the proof is not a hash"))?;
        if proof.len() > MAX_PROOF {
            return Err(malformed("the proof has more than 63 lines"));
        }
        Ok(Self {
            old_size: old_size.ok_or(malformed("the first line is not an old size"))?,
            proof,
            note: Note::parse(note.as_bytes()).map_err(|_| malformed("the rest is not a note"))?,
        })
    }

    /// The origin of the checkpoint, for a witness to look up the log. It is not verified.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.note.text().lines().next().unwrap_or_default()
    }

    /// The checks of a witness that cosigned `known` of this log last; [`TreeHead::EMPTY`] if it
    /// has cosigned none. The witness keeps the head of the result durably, in the same step in
    /// which it compares `known`, before it answers with its cosignature.
    ///
    /// # Errors
    /// [`WitnessError`].
    pub fn check(&self, log: &Log, known: TreeHead) -> Result<SignedCheckpoint, WitnessError> {
        if self.origin() != log.origin() {
            return Err(WitnessError::UnknownLog);
        }
        // A witness makes no statement about extension lines.
        let log = log.clone().accept_extensions();
        let signed = log.verify(self.note.clone()).map_err(|error| match error {
            crate::CheckpointError::Note(_) => WitnessError::Unsigned,
            _ => malformed("the text of the note is not a checkpoint"),
        })?;
        let new = signed.head();
        if self.old_size > new.size {
            let (old_size, size) = (self.old_size, new.size);
            return Err(WitnessError::Shrinks { old_size, size });
        }
        if self.old_size != known.size || (new.size == known.size && new != known) {
            return Err(WitnessError::Conflict { known });
        }
        let proof = ConsistencyProof::<2, 64>::from_rfc6962(known, new, &self.proof);
        match proof.map(|proof| proof.verify_against(&Rfc6962Hasher, known, new)) {
            Ok(Ok(())) => Ok(signed),
            _ => Err(WitnessError::FalseProof),
        }
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        self.proof
            .iter()
            .try_for_each(|hash| writeln!(f, "{}", text::encode(hash)))?;
        write!(f, "\n{}", self.note)
    }
}

/// The signature lines of a witness's answer. They are not verified; [`Note::add`] takes them.
///
/// # Errors
/// [`NoteError::Malformed`].
pub fn cosignatures(body: &[u8]) -> Result<Vec<Signature>, NoteError> {
    let malformed = NoteError::Malformed {
        reason: "it is not UTF-8",
    };
    note::parse_signatures(str::from_utf8(body).map_err(|_| malformed)?)
}

/// How many of which witnesses must have cosigned a checkpoint.
///
/// ```
/// use rotortree_tiles::{Cosigner, KeyKind, Note, Quorum, SecretKey};
///
/// let key = SecretKey::from_seed("example.com/log", KeyKind::Note, &[1; 32])?;
/// let witnesses = [2, 3, 4].map(|seed| {
///     SecretKey::from_seed(format!("w{seed}.example"), KeyKind::Cosignature, &[seed; 32])
/// });
/// let [a, b, c] = witnesses;
/// let (a, b, c) = (a?, b?, c?);
/// let quorum = Quorum::new(2, [&a, &b, &c].map(|witness| witness.public().clone()))?;
///
/// let mut note = Note::signed("example.com/log\n", &[&key])?;
/// note.add([a.cosign(note.text(), 1_700_000_000)?]);
/// assert!(quorum.verify(&note).is_err(), "one of three");
/// note.add([c.cosign(note.text(), 1_700_000_001)?]);
/// assert_eq!(quorum.verify(&note)?.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Quorum {
    needed: usize,
    witnesses: Vec<PublicKey>,
}

/// Why a quorum is none, or has not cosigned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuorumError {
    /// More witnesses are needed than there are.
    #[error("{needed} of {witnesses} witnesses can never cosign")]
    Impossible {
        /// The number needed.
        needed: usize,
        /// The number of different keys.
        witnesses: usize,
    },
    /// Too few witnesses have cosigned the checkpoint.
    #[error("{found} witnesses have cosigned the checkpoint; {needed} are needed")]
    TooFew {
        /// The number needed.
        needed: usize,
        /// The number of cosignatures that hold.
        found: usize,
    },
}

impl Quorum {
    /// `needed` of these witnesses. A key that is given twice counts once.
    ///
    /// # Errors
    /// [`QuorumError::Impossible`].
    pub fn new(
        needed: usize,
        witnesses: impl IntoIterator<Item = PublicKey>,
    ) -> Result<Self, QuorumError> {
        let mut keys: Vec<PublicKey> = Vec::new();
        for witness in witnesses {
            if !keys.iter().any(|key| key.has_point_of(&witness)) {
                keys.push(witness);
            }
        }
        match needed <= keys.len() {
            true => Ok(Self {
                needed,
                witnesses: keys,
            }),
            false => Err(QuorumError::Impossible {
                needed,
                witnesses: keys.len(),
            }),
        }
    }

    /// The cosignatures that hold, one a witness. A line that does not hold counts as none: it is
    /// no fault of the log and of the other witnesses.
    ///
    /// # Errors
    /// [`QuorumError::TooFew`].
    pub fn verify<'a>(&self, note: &'a Note) -> Result<Vec<&'a Signature>, QuorumError> {
        let holds = |key: &PublicKey| note.verify(&[key]).ok()?.first().copied();
        let found: Vec<&Signature> = self.witnesses.iter().filter_map(holds).collect();
        match found.len() >= self.needed {
            true => Ok(found),
            false => Err(QuorumError::TooFew {
                needed: self.needed,
                found: found.len(),
            }),
        }
    }
}
