//! An HTTP server for the trees of `rotortree`.
//!
//! [`Server`] takes a tree, or a view of one, as an object, and makes a [`Router`](axum::Router) of
//! it, or serves it on a socket with all its bounds. It knows no hash function and no place: the
//! program that opens the tree does. The command `rotortree serve` is such a program.
//!
//! ```
//! use std::sync::Arc;
//!
//! use rotortree::{AnyTreeBuilder, Blake3Hasher, RotorTreeConfig};
//! use rotortree_server::{Server, Tokens};
//!
//! # let directory = tempfile::tempdir()?;
//! # let directory = directory.path().join("tree");
//! let tree = AnyTreeBuilder::new(RotorTreeConfig::new(directory)).arity(4).open(Blake3Hasher)?;
//! let server = Server::of_tree(tree)
//!     .hash_name("blake3")
//!     .tokens(Tokens::single("a-token-of-the-operator")?);
//! let router: axum::Router = server.router()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Routes, limits and errors: [`docs/server.md`](https://github.com/rotortree/rotortree). The
//! document of the routes: [`openapi`].
#![forbid(unsafe_code)]

mod answer;
mod answers;
mod app;
mod appender;
mod body;
mod calls;
mod connection;
mod documents;
mod explorer;
mod extract;
mod find;
mod gate;
mod json_body;
mod limits;
mod listener;
mod metrics;
mod number;
mod openapi;
mod problem;
mod proof_answers;
mod routes;
mod server;
mod source;
mod tiles;
mod tokens;
mod unstalled;

pub use self::{
    limits::Limits, metrics::Metrics, openapi::openapi, server::Server, tokens::Tokens,
};
