//! [`SimFiles`]: a file layer in memory that models crashes, fails on request, and finds writes
//! into mappings. The crash tests rely on its model, which is stated here in full.
//!
//! # The model
//!
//! **Files.** A file has the bytes that programs read, and the bytes that are certainly on the
//! disk. Writing changes the first; each piece of [`PIECE_BYTES`] that a write touches then has one
//! more *version* that may be on the disk, and so has the length if the file grew or was cut. A
//! successful sync makes the newest versions certain. A crash leaves of each piece and of the
//! length, independently, the certain version or one written since. So a write of many pieces may
//! be torn at each piece boundary, never within a piece; a length may be there without the bytes,
//! which then are zeros (or garbage, if [`Bound::garbage`] asks), and bytes without the length.
//!
//! **Names.** Creating, removing and renaming change a directory. Each change since the directory's
//! last sync may be on the disk or not, independently; a rename is one change. Syncing a file does
//! not make its name certain, and syncing a directory makes neither the bytes of its files nor
//! its own name in its parent certain.
//!
//! **Failed syncs.** With [`Effect::Error`] a sync fails and changes nothing. With
//! [`Effect::LoseSync`] it fails as on Linux: unsynced bytes stay readable and count as synced, but
//! whether they are on the disk remains open at every later crash, whatever syncs succeed, until
//! they are written anew and synced.
//!
//! **Mappings.** A mapping shows the simulated bytes. Since a mapping promises that its bytes never
//! change, writing into a live mapping, truncating below its end, or renaming over or removing a
//! mapped file panics and is kept among the [`violations`](SimFiles::violations); the last handle's
//! drop panics if any is left there, so that a program which catches panics fails its test too.
//!
//! **Crashes.** Every operation that changes the disk is recorded. [`SimFiles::journal`] replays
//! them, and [`Journal::points`] gives the crash at each; [`SimFiles::crash_images`] is the crash
//! now. An image is a new `SimFiles` with the content of the disk, and without mappings, locks or
//! journal: the page cache is gone. A program that is killed while the machine goes on sees the
//! same `SimFiles` again.
//!
//! **Directories** are nodes as files are: one that is open stays itself when it is moved, removed
//! or replaced, which the methods of the `hands` module do.
//!
//! Paths have no working directory; relative ones begin at the root, which always exists. The model
//! does not rename between directories, and has no symbolic links.

mod calls;
mod crash;
mod dir;
mod disk;
mod fault;
mod file;
mod files;
mod handles;
mod hands;
mod history;
mod journal;
mod layer;
mod rng;
#[cfg(test)]
mod tests;

pub use crash::{Bound, CrashPoint, Image};
pub use fault::{Call, Effect, Fault, Strike};
pub use files::SimFiles;
pub use handles::{SimDir, SimFile, SimLock, SimMap};
pub use journal::Journal;

/// Bytes that reach the disk whole or not at all.
pub const PIECE_BYTES: usize = file::PIECE;
