//! The command as people and scripts meet it: through the built binary.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail like one")]

mod append;
mod assets;
mod bad_input;
mod bench;
#[cfg(feature = "object-store")]
mod buckets;
mod care;
#[cfg(unix)]
mod clients;
mod damaged;
mod debian;
mod every_command;
mod exchange;
mod field_numbers;
mod index;
mod init;
#[cfg(unix)]
mod kill;
mod manners;
mod more_proofs;
mod proofs;
#[cfg(feature = "serve")]
mod serve;
mod support;
#[cfg(target_os = "linux")]
mod terminal;
#[cfg(unix)]
mod transcript;
