//! Proofs in the forms of other programs: circuits, the JavaScript LeanIMT, Solidity, transparency
//! logs.
//!
//! Every form is made from an inclusion or consistency proof whose shape has been checked. A proof
//! that comes from outside ([`NaryProof::from_lean_imt`](crate::NaryProof::from_lean_imt)) is
//! compared with its shape again.

mod abi;
mod binary;
mod lean_imt;
mod lean_imt_nodes;
mod padded;
mod rfc6962;

#[cfg(test)]
mod tests;

pub use binary::BinaryPath;
pub use lean_imt::LeanImtProof;
pub use lean_imt_nodes::{LeanImtNodes, LeanImtNodesError};
pub use padded::PaddedProof;
