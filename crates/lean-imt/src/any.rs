//! Trees and proofs whose N is known only at run time.
//!
//! The rest of the crate is generic over N: shapes are constants, and the compiler keeps proofs of
//! different N apart. A service that reads N from its configuration, a binding to another language
//! or a tool has N as a number. This module is for them:
//!
//! - [`AnySnapshot`](crate::AnySnapshot) and [`AnyLeanIMT`](crate::AnyLeanIMT) are a snapshot and a
//!   tree in memory of any N, as objects.
//! - [`AnyProof`](crate::AnyProof) decodes and verifies the canonical bytes of any proof.
//!
//! N is 2, 3, 4, 8 or 16.
//!
//! ```
//! use rotortree_lean_imt::{AnyLeanIMT, AnyProof, Blake3Hasher};
//!
//! let n = std::env::args().len() + 3; // A number that the compiler does not know: 4.
//! let mut tree = <dyn AnyLeanIMT>::new(Blake3Hasher, n)?;
//! tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
//! let head = tree.head().ok_or("there are leaves")?;
//! let bytes = tree.snapshot().generate_proof(1)?;
//!
//! let proof = AnyProof::from_bytes(&bytes, n)?;
//! assert!(proof.leaves().eq([(1, &[2; 32])]));
//! proof.verify_against(&Blake3Hasher, head)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Code is compiled for each N only where it is called.

mod arity;
mod object;
pub(crate) mod objects;
pub(crate) mod proof;
#[cfg(test)]
mod tests;
mod wide;

#[doc(hidden)]
pub use arity::{ARITIES, WithArity, with_arity};
pub use proof::Heads;
