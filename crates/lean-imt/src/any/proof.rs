//! [`AnyProof`]: decodes and verifies the bytes of a proof of any kind, for an N that is known only
//! at run time.

use rotortree_hasher::{Hash, Hasher};

use super::{WithArity, wide::Wide, with_arity};
use crate::{
    DecodeError, Kind, TreeHead, UnrootedCatchUp, UnrootedConsistency, UnrootedInclusion,
    UnrootedMulti, UnrootedRange, VerifyError, peek_kind,
};

/// A proof of any kind, borrowed from its canonical bytes, about trees of an N that the caller
/// gives as a number.
///
/// Like the `Unrooted` type of its kind, it names no root and proves nothing until it is verified
/// against heads. Heads and N come from a source that the verifier trusts, and never from the
/// sender of the proof. A verified proof proves its own claim: [`leaves`](Self::leaves) at their
/// indices, or growth between two sizes. Compare that claim with your question.
///
/// ```
/// use rotortree_lean_imt::{AnyProof, Blake3Hasher, Kind, LeanIMT};
///
/// let mut tree = LeanIMT::<_, 4, 20>::new(Blake3Hasher);
/// tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
/// let old = tree.head().ok_or("three leaves")?;
/// tree.insert_many(&[[4; 32], [5; 32]])?;
/// let new = tree.head().ok_or("five leaves")?;
/// let range = tree.snapshot().generate_range_proof(2..4)?.to_bytes()?;
/// let growth = tree.snapshot().generate_consistency_proof(old.size, old.root)?.to_bytes()?;
///
/// let n = 4; // From the configuration.
/// let proof = AnyProof::from_bytes(&range, n)?;
/// proof.verify_against(&Blake3Hasher, new)?;
/// assert!(proof.leaves().eq([(2, &[3; 32]), (3, &[4; 32])]));
///
/// let proof = AnyProof::from_bytes(&growth, n)?;
/// assert_eq!(proof.kind(), Kind::Consistency);
/// proof.verify_against(&Blake3Hasher, (old, new))?;
/// assert!(proof.verify_against(&Blake3Hasher, new).is_err(), "growth is between two heads");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct AnyProof<'a> {
    arity: usize,
    proof: Erased<'a>,
}

/// The parts of a proof, whose shape was checked for the proof's `arity`. They have the same type
/// for every N; the parameter 0 stands for none.
#[derive(Clone, Debug)]
enum Erased<'a> {
    Inclusion(UnrootedInclusion<'a, 0>),
    Consistency(UnrootedConsistency<'a, 0>),
    Multi(UnrootedMulti<'a, 0>),
    Range(UnrootedRange<'a, 0>),
    CatchUp(UnrootedCatchUp<'a, 0>),
}

impl<'a> AnyProof<'a> {
    /// Decodes a proof about trees of N = `arity`. It borrows from the bytes, allocates nothing and
    /// hashes nothing. It costs as much as decoding the `Unrooted` type of the kind.
    ///
    /// [`peek_kind`] reads the kind and the N of the bytes. A verifier does not take N from the
    /// bytes, but from the source of its heads.
    ///
    /// # Errors
    /// [`DecodeError::WrongArity`] for a proof about another N; [`DecodeError::NotAProof`] for a
    /// head or a frontier; [`TreeError::UnsupportedArity`](crate::TreeError::UnsupportedArity)
    /// within [`DecodeError::Tree`] if `arity` is none of [`ARITIES`](super::ARITIES); the other
    /// variants if the bytes are not the encoding of a proof.
    pub fn from_bytes(bytes: &'a [u8], arity: usize) -> Result<Self, DecodeError> {
        with_arity(arity, Decode(bytes))?.map(|proof| Self { arity, proof })
    }

    /// The kind of the proof.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.proof {
            Erased::Inclusion(_) => Kind::Inclusion,
            Erased::Consistency(_) => Kind::Consistency,
            Erased::Multi(_) => Kind::Multi,
            Erased::Range(_) => Kind::Range,
            Erased::CatchUp(_) => Kind::CatchUp,
        }
    }

    /// The typed form of an inclusion proof of this N.
    pub(crate) fn inclusion<const N: usize>(&self) -> Option<UnrootedInclusion<'a, N>> {
        match self.proof {
            Erased::Inclusion(proof) if self.arity == N => Some(proof.recast()),
            _ => None,
        }
    }

    /// The parts of a consistency proof, whatever its N.
    pub(crate) fn consistency(&self) -> Option<UnrootedConsistency<'a, 0>> {
        match self.proof {
            Erased::Consistency(proof) => Some(proof),
            _ => None,
        }
    }

    /// The parts of an inclusion proof, whatever its N.
    pub(crate) fn inclusion_parts(&self) -> Option<UnrootedInclusion<'a, 0>> {
        match self.proof {
            Erased::Inclusion(proof) => Some(proof),
            _ => None,
        }
    }

    /// N.
    #[must_use]
    pub fn arity(&self) -> usize {
        self.arity
    }

    /// The claimed number of leaves of the tree, or of the new tree for a proof about two.
    #[must_use]
    pub fn tree_size(&self) -> u64 {
        match &self.proof {
            Erased::Inclusion(proof) => proof.tree_size(),
            Erased::Consistency(proof) => proof.new_size(),
            Erased::Multi(proof) => proof.tree_size(),
            Erased::Range(proof) => proof.tree_size(),
            Erased::CatchUp(proof) => proof.new_size(),
        }
    }

    /// The claimed number of leaves of the old tree, or `None` for a proof about one tree. It says
    /// which [`Heads`] the proof takes.
    #[must_use]
    pub fn old_size(&self) -> Option<u64> {
        match &self.proof {
            Erased::Consistency(proof) => Some(proof.old_size()),
            Erased::CatchUp(proof) => Some(proof.old_size()),
            Erased::Inclusion(_) | Erased::Multi(_) | Erased::Range(_) => None,
        }
    }

    /// The leaves of the proof, each with its claimed index, in increasing order. An inclusion
    /// proof has one; a multi-, range or catch-up proof has several (a catch-up proof the new
    /// ones); a consistency proof has none.
    pub fn leaves(&self) -> impl Iterator<Item = (u64, &'a Hash)> + 'a {
        let (run, leaves) = match &self.proof {
            Erased::Inclusion(proof) => {
                let index = proof.leaf_index();
                (index..index + 1, core::slice::from_ref(proof.leaf()))
            }
            Erased::Range(proof) => (proof.range(), proof.leaves()),
            Erased::CatchUp(proof) => (proof.range(), proof.leaves()),
            Erased::Consistency(_) | Erased::Multi(_) => (0..0, &[][..]),
        };
        let apart = match &self.proof {
            Erased::Multi(proof) => Some(proof.indices().zip(proof.leaves())),
            _ => None,
        };
        run.zip(leaves).chain(apart.into_iter().flatten())
    }

    /// Verifies the proof against heads, which come from the caller's own trusted sources.
    ///
    /// - An inclusion, multi- or range proof proves that its leaves stand at their indices in the
    ///   tree with the one head.
    /// - A catch-up or consistency proof proves that the tree with the old head grew into the tree
    ///   with the new one; a catch-up proof, by exactly its leaves.
    ///
    /// It costs as much as the `Unrooted` type of the kind states, and a clone of the hasher.
    ///
    /// # Errors
    /// [`VerifyError::HeadCount`] for one head with a kind that takes two, or the reverse;
    /// [`VerifyError::ArityExceedsHasher`]; the errors of the `Unrooted` type of the kind.
    pub fn verify_against<H: Hasher>(
        &self,
        hasher: &H,
        heads: impl Into<Heads>,
    ) -> Result<(), VerifyError> {
        let verify = Verify {
            proof: self.proof.clone(),
            hasher: Wide::new(hasher, self.arity)?,
            heads: heads.into(),
        };
        with_arity(self.arity, verify).map_err(VerifyError::Malformed)?
    }
}

/// The heads for verifying a proof of any kind: one for leaves of a tree, two for its growth.
///
/// ```
/// use rotortree_lean_imt::{TreeHead, any::Heads};
///
/// let (old, new) = (TreeHead::EMPTY, TreeHead { size: 1, root: [1; 32] });
/// assert_eq!(Heads::from(new), Heads::One(new));
/// assert_eq!(Heads::from((old, new)), Heads::Two { old, new });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heads {
    /// The head for an inclusion, multi- or range proof.
    One(TreeHead),
    /// The heads for a consistency or catch-up proof.
    Two {
        /// The head before the growth.
        old: TreeHead,
        /// The head after the growth.
        new: TreeHead,
    },
}

impl From<TreeHead> for Heads {
    fn from(head: TreeHead) -> Self {
        Self::One(head)
    }
}

/// The old head, then the new one.
impl From<(TreeHead, TreeHead)> for Heads {
    fn from((old, new): (TreeHead, TreeHead)) -> Self {
        Self::Two { old, new }
    }
}

/// Decodes for any N.
struct Decode<'a>(&'a [u8]);

impl<'a> WithArity for Decode<'a> {
    type Output = Result<Erased<'a>, DecodeError>;

    fn with<const N: usize>(self) -> Self::Output {
        let bytes = self.0;
        let (found, _) = peek_kind(bytes)?;
        Ok(match found {
            Kind::Inclusion => {
                Erased::Inclusion(UnrootedInclusion::<N>::from_bytes(bytes)?.recast())
            }
            Kind::Consistency => {
                Erased::Consistency(UnrootedConsistency::<N>::from_bytes(bytes)?.recast())
            }
            Kind::Multi => Erased::Multi(UnrootedMulti::<N>::from_bytes(bytes)?.recast()),
            Kind::Range => Erased::Range(UnrootedRange::<N>::from_bytes(bytes)?.recast()),
            Kind::CatchUp => Erased::CatchUp(UnrootedCatchUp::<N>::from_bytes(bytes)?.recast()),
            Kind::Head | Kind::Frontier => return Err(DecodeError::NotAProof { found }),
        })
    }
}

/// Verifies for the N for which the proof was decoded.
struct Verify<'a, H> {
    proof: Erased<'a>,
    hasher: Wide<H>,
    heads: Heads,
}

impl<H: Hasher> WithArity for Verify<'_, H> {
    type Output = Result<(), VerifyError>;

    fn with<const N: usize>(self) -> Self::Output {
        let hasher = &self.hasher;
        let wrong = |kind, needed| Err(VerifyError::HeadCount { kind, needed });
        match (self.proof, self.heads) {
            (Erased::Inclusion(proof), Heads::One(head)) => {
                proof.recast::<N>().verify_against(hasher, head)
            }
            (Erased::Multi(proof), Heads::One(head)) => {
                proof.recast::<N>().verify_against(hasher, head)
            }
            (Erased::Range(proof), Heads::One(head)) => {
                proof.recast::<N>().verify_against(hasher, head)
            }
            (Erased::Consistency(proof), Heads::Two { old, new }) => {
                proof.recast::<N>().verify_against(hasher, old, new)
            }
            (Erased::CatchUp(proof), Heads::Two { old, new }) => {
                proof.recast::<N>().verify_against(hasher, old, new)
            }
            (Erased::Inclusion(_), Heads::Two { .. }) => wrong(Kind::Inclusion, 1),
            (Erased::Multi(_), Heads::Two { .. }) => wrong(Kind::Multi, 1),
            (Erased::Range(_), Heads::Two { .. }) => wrong(Kind::Range, 1),
            (Erased::Consistency(_), Heads::One(_)) => wrong(Kind::Consistency, 2),
            (Erased::CatchUp(_), Heads::One(_)) => wrong(Kind::CatchUp, 2),
        }
    }
}
