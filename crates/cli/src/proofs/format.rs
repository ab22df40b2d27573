//! [`Format`]: the forms in which a proof is printed.

use clap::ValueEnum;

use super::{ProofDocument, Subject, circuit, rfc6962, zk_kit};
use crate::{failure::Failure, hex, output::json};

/// The form of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A document with the claim in words and the canonical bytes in hex
    Json,
    /// The canonical bytes
    Bytes,
    /// Input of zk-kit's circuit `BinaryMerkleRoot` (N = 2)
    Circom,
    /// The proof object of Semaphore and @zk-kit/lean-imt (N = 2)
    Semaphore,
    /// The JSON of RFC 6962: `audit_path`, or `consistency` (N = 2)
    Rfc6962,
    /// `abi.encode` of one struct for Solidity, in hex
    Abi,
}

impl Format {
    /// A proof in this form, with a line end behind text.
    pub(crate) fn make(self, subject: &Subject, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        let text = match self {
            Self::Bytes => return Ok(bytes.to_vec()),
            Self::Json => json(&ProofDocument::new(subject, bytes)?)?,
            Self::Abi => hex::encode(&subject.decode(bytes)?.to_abi()?),
            Self::Circom => json(&circuit::write(subject, &subject.decode(bytes)?)?)?,
            Self::Semaphore => json(&zk_kit::write(subject, &subject.decode(bytes)?)?)?,
            Self::Rfc6962 => json(&rfc6962::write(subject, bytes)?)?,
        };
        Ok((text + "\n").into())
    }
}
