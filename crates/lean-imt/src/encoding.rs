//! The bytes of heads, frontiers and proofs: compact, canonical, versioned.
//!
//! Every encoding starts with the same header and ends with its last hash:
//!
//! ```text
//! kind: 1 byte   version: 1 byte (1)   N: varint   then by kind
//!
//!  1 head         size, root (left out for size 0)
//!  2 frontier     size, hashes from the left
//!  3 inclusion    tree size, leaf index, leaf, siblings
//!  4 consistency  old size, new size, hashes
//!  5 multiproof   tree size, count, first index, gaps between indices less one, hashes from the
//!                 left, leaves
//!  6 range        tree size, first index, count, hashes from the left, leaves
//!  7 catch-up     old size, count, old frontier from the left, leaves
//! ```
//!
//! Siblings and the hashes of a consistency proof stand from the lowest level up, and from the left
//! within a level.
//!
//! Kinds and versions are among 1 to 8 and 14 to 31, control characters that no text has. Bytes
//! that start otherwise are not an encoding of any version.
//!
//! Numbers are varints: 7 bits a byte, low bits first, the high bit set on all but the last byte,
//! in their shortest form. A hash is its 32 bytes. An encoding stores nothing that can be derived:
//! no root that the hashes lead to, no count that sizes and indices fix, and no `MAX_DEPTH`. A
//! decoded proof is therefore *unrooted*: it proves nothing until it is verified against a head.
//! One value has one encoding; bytes that differ from it are refused or encode another value.
//!
//! Decoding borrows the bytes, allocates nothing and takes time in proportion to them.

pub(crate) mod error;
pub(crate) mod kind;
pub(crate) mod reader;
mod writer;

pub(crate) use error::DecodeError;
pub(crate) use kind::Kind;
pub(crate) use reader::Reader;
pub(crate) use writer::Writer;
