//! Transparency logs as static files.
//!
//! A log is a binary tree with the hashes of RFC 6962. This crate publishes it as C2SP
//! [`tlog-tiles`]: hash tiles, entry bundles and a signed checkpoint, which any web server can
//! serve. It also has the other side, a client that believes nothing but the log's key, and what is
//! between logs and their witnesses.
//!
//! ```
//! use rotortree_hasher::{Rfc6962Hasher, rfc6962_leaf};
//! use rotortree_lean_imt::LeanIMT;
//! use rotortree_tiles::{Client, KeyKind, Log, MemoryTarget, Publisher, SecretKey};
//!
//! let key = SecretKey::generate("example.com/log", KeyKind::Note)?;
//! let log = Log::new("example.com/log", key.public().clone());
//!
//! // The operator: a tree over the hashes of entries, and a place to publish it.
//! let entries: Vec<String> = (0..1000).map(|i| format!("entry {i}")).collect();
//! let leaves: Vec<_> = entries.iter().map(|entry| rfc6962_leaf(entry.as_bytes())).collect();
//! let mut tree = LeanIMT::<_, 2, 64>::new(Rfc6962Hasher);
//! tree.insert_many(&leaves)?;
//! let place = MemoryTarget::new();
//! let publisher = Publisher::new(place.clone(), "example.com/log", key);
//! publisher.publish(&tree.snapshot(), |i| Ok(entries[i as usize].clone().into_bytes()))?;
//!
//! // A client: it has the log's name and key, and reads files.
//! let mut client = Client::new(place, log);
//! let head = client.follow()?;
//! assert_eq!((head.size, client.entry(700)?), (1000, b"entry 700".to_vec()));
//! client.prove(700)?.verify_against(&Rfc6962Hasher, head)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Parts
//!
//! | part | is |
//! | --- | --- |
//! | [`Publisher`] | publishes a growing tree at a [`Target`]: tiles first, then a checkpoint |
//! | [`Directory`], [`MemoryTarget`], `ObjectTarget` (feature `object-store`) | targets |
//! | [`Client`] | follows a log over a [`Source`], proves leaves, refuses forks |
//! | [`Note`], [`Checkpoint`], [`Log`] | signed notes, and the tree heads in them |
//! | [`SecretKey`], [`Signer`], [`Cosigner`], [`PublicKey`] | keys, in memory or in a device |
//! | [`AddCheckpoint`], [`Quorum`] | requests to witnesses, their checks, and how many a client wants |
//! | [`Tile`] | the paths |
//!
//! # Never two roots for one size
//!
//! A log that signs two roots for one size is finished. Before a head is signed, the publisher
//! records it durably in a *guard* at the target and, if one is given, at a second place. A tree
//! that does not continue from every guard is refused: also a tree that was restored from an old
//! copy and has grown in another way since. If tree, target and second place are all restored to
//! an old state together, nothing is left to compare with; keep the second guard where no common
//! backup reaches it.
//!
//! # Limits
//!
//! The tree must have the hasher `Rfc6962Hasher`, and must be durable before it is published.
//! Entries have at most 65,535 bytes. A publisher is the one writer of its target. Pruning is not
//! supported, and `static-ct-api`, the form of Certificate Transparency, is out of scope: its
//! leaves and its signatures are other ones.
//!
//! [`tlog-tiles`]: https://c2sp.org/tlog-tiles
#![forbid(unsafe_code)]

mod bundle;
mod checkpoint;
mod client;
mod guard;
mod note;
mod publisher;
mod source;
mod target;
mod text;
mod tile;
mod witness;

pub use bundle::{MAX_ENTRY_LEN, entries};
pub use checkpoint::{CHECKPOINT_PATH, Checkpoint, CheckpointError, Log, SignedCheckpoint};
pub use client::{Client, FollowError, ReadError};
pub use guard::GUARD_PATH;
pub use note::{
    Cosigner, KeyError, KeyKind, Note, NoteError, PublicKey, SecretKey, SignError, Signature,
    Signer,
};
pub use publisher::{EntryError, GuardPlace, LogSnapshot, PublishError, Published, Publisher};
pub use source::Source;
#[cfg(feature = "object-store")]
pub use target::ObjectTarget;
pub use target::{Directory, HttpHeaders, MemoryTarget, Operation, Target, TargetError};
pub use tile::{TILE_WIDTH, Tile, TileKind};
pub use witness::{AddCheckpoint, Quorum, QuorumError, WitnessError, cosignatures};

/// The README's example is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
