//! [`Format`]: the forms in which a proof is written.

use std::{fmt, str::FromStr};

use serde::Serialize;

use crate::{FormError, ProofDocument, Subject, circuit, hex, rfc6962, zk_kit};

/// Declares the forms with their names and descriptions.
macro_rules! formats {
    ($($(#[$attribute:meta])* $Name:ident = $text:literal, $about:literal;)*) => {
        /// The form of a proof.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Format {
            $(#[doc = $about] $(#[$attribute])* $Name,)*
        }

        impl Format {
            /// Every form.
            pub const ALL: &'static [Self] = &[$(Self::$Name,)*];

            /// Its name on the command line and in a query.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$Name => $text,)* }
            }

            /// What it is, in a line.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $(Self::$Name => $about,)* }
            }
        }
    };
}

formats! {
    #[default]
    Json = "json", "A document with the claim in words and the canonical bytes in hex";
    Bytes = "bytes", "The canonical bytes";
    Circom = "circom", "Input of zk-kit's circuit `BinaryMerkleRoot` (N = 2)";
    Semaphore = "semaphore", "The proof object of Semaphore and @zk-kit/lean-imt (N = 2)";
    Rfc6962 = "rfc6962", "The JSON of RFC 6962: `audit_path`, or `consistency` (N = 2)";
    Abi = "abi", "`abi.encode` of one struct for Solidity, in hex";
}

/// A word that names no form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFormat(String);

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        write!(
            f,
            "`{}` is no form of a proof; use {}",
            self.0,
            names.join(", ")
        )
    }
}

impl std::error::Error for UnknownFormat {}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let mut all = Self::ALL.iter().copied();
        all.find(|format| format.name() == text)
            .ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

impl Format {
    /// A proof in this form, with a line end behind text.
    ///
    /// # Errors
    /// [`FormError::NoSuchForm`], [`FormError::Levels`]; [`FormError::NotCanonical`] if `bytes` are
    /// not those of a proof of the subject's N; [`FormError::NotOfHeads`] if they are not of its
    /// heads, where the form needs them.
    pub fn make(self, subject: &Subject, bytes: &[u8]) -> Result<Vec<u8>, FormError> {
        let mut text = match self {
            Self::Bytes => return Ok(bytes.to_vec()),
            Self::Json => json(&ProofDocument::new(subject, bytes)?)?,
            Self::Abi => hex::encode(&subject.decode(bytes)?.to_abi()?).into_bytes(),
            Self::Circom => json(&circuit::write(subject, &subject.decode(bytes)?)?)?,
            Self::Semaphore => json(&zk_kit::write(subject, &subject.decode(bytes)?)?)?,
            Self::Rfc6962 => json(&rfc6962::write(subject, bytes)?)?,
        };
        text.push(b'\n');
        Ok(text)
    }
}

fn json<D: Serialize>(document: &D) -> Result<Vec<u8>, FormError> {
    serde_json::to_vec(document).map_err(FormError::unreadable)
}
