//! Trees and proofs whose N is known only at run time.
//!
//! The rest of the crate is generic over N: shapes are constants, and the compiler keeps proofs of
//! different N apart. A service that reads N from its configuration, a binding to another language
//! or a tool has N as a number. This module is for them:
//!
//! - [`AnySnapshot`](crate::AnySnapshot) and [`AnyLeanIMT`](crate::AnyLeanIMT) are a snapshot and a
//!   tree in memory of any N, as objects.
//! - [`AnyProof`](crate::AnyProof) decodes and verifies the canonical bytes of any proof.
//! - [`with_arity`] calls code that is generic over N with an N in [`ARITIES`] that is a number.
//!   The others are made with it.
//!
//! ```
//! use rotortree_lean_imt::{AnyProof, AnySnapshot, Blake3Hasher, Hash, Hasher, LeanIMT, TreeError};
//! use rotortree_lean_imt::any::{WithArity, with_arity};
//! use std::sync::Arc;
//!
//! /// A tree over some leaves, with the N that the caller asks for.
//! struct Over<'a>(&'a [Hash]);
//!
//! impl WithArity for Over<'_> {
//!     type Output = Result<Arc<dyn AnySnapshot>, TreeError>;
//!
//!     fn with<const N: usize>(self) -> Self::Output {
//!         let mut tree = LeanIMT::<_, N, 32>::new(Blake3Hasher);
//!         tree.insert_many(self.0)?;
//!         Ok(Arc::new(tree.snapshot()))
//!     }
//! }
//!
//! let n = std::env::args().len() + 3; // A number that the compiler does not know: 4.
//! let snapshot = with_arity(n, Over(&[[1; 32], [2; 32], [3; 32]]))??;
//! let head = snapshot.head().ok_or("there are leaves")?;
//! let bytes = snapshot.generate_proof(1)?;
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

pub use arity::{ARITIES, WithArity, with_arity};
pub use proof::Heads;
