//! Proofs in the forms of other programs, made from the canonical bytes and read back to them.

mod abi;
mod circuit;
mod document;
mod format;
mod read;
mod rfc6962;
mod subject;
mod zk_kit;

pub(crate) use self::{
    document::{LeafAt, ProofDocument},
    format::Format,
    read::{Claim, read},
    subject::Subject,
};
