//! [`Proofs`]: those that users made, and what a verifier says of them some blocks later.

use std::{collections::VecDeque, error::Error, fmt};

use rotortree::Blake3Hasher;

use crate::indexer::{Indexer, Proof};

/// After how many blocks a proof is looked at.
const BLOCKS: usize = 3;

#[derive(Default)]
pub(crate) struct Proofs {
    /// On their way, the oldest first.
    made: VecDeque<Proof>,
    accepted: u64,
    refused: u64,
}

impl Proofs {
    /// A user makes a proof of the newest leaf, and a verifier looks at the one of three blocks
    /// before.
    pub(crate) fn look(&mut self, indexer: &Indexer) -> Result<(), Box<dyn Error>> {
        self.made.extend(indexer.prove_newest()?);
        if self.made.len() <= BLOCKS {
            return Ok(());
        }
        let Some(proof) = self.made.pop_front() else {
            return Ok(());
        };
        match indexer.accepts(&proof.root) {
            Some(head) => {
                proof.verify_against(&Blake3Hasher, head)?;
                self.accepted += 1;
            }
            None => self.refused += 1,
        }
        Ok(())
    }
}

impl fmt::Display for Proofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            accepted, refused, ..
        } = self;
        write!(
            f,
            "proofs of three blocks before: {accepted} accepted, {refused} refused, whose blocks \
             were replaced"
        )
    }
}
