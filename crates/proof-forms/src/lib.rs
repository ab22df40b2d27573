//! Proofs in the forms of other programs, made from the canonical bytes and read back to them.
//!
//! [`Format::make`] writes a proof about a [`Subject`]; [`read()`] recognizes a form by itself and
//! gives the canonical bytes back, which `AnyProof` verifies. The command and the server share this
//! crate. It knows no hash function: a [`TreeHash`] brings one. [`leaf_line`] reads leaves from
//! lines of text.
#![forbid(unsafe_code)]

mod abi;
mod circuit;
mod document;
mod error;
mod format;
pub mod hex;
pub mod leaf_line;
mod one_proof;
mod read;
mod rfc6962;
mod subject;
#[cfg(test)]
mod tests;
mod zk_kit;

pub use self::{
    document::{LeafAt, ProofDocument},
    error::{FormError, Missing},
    format::{Format, UnknownFormat},
    one_proof::one_proof,
    read::{Claim, read},
    subject::{Subject, TreeHash},
};

/// Runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
