//! Measures the rows of `docs/performance.md`: our trees beside a peer and beside what the machine
//! allows, in one process and in turns, so that the ratios hold on any machine.
//!
//! | module | what |
//! | --- | --- |
//! | [`rows`] | one file per row of the table |
//! | [`contender`] | the trees that are compared, behind one trait each for memory and for disk |
//! | [`limits`] | what the machine allows: bare hashes, bare copies, bare writes |
//! | [`measure`] | taking turns, medians, spreads, ratios |
//! | [`memory`] | what was allocated, and whether memory is recycled or fresh |
//! | [`child`] | a process for each contender, where memory is measured from outside |
//! | [`disk`] | what folders take |
//! | [`report`] | the table |
//! | [`context`] | what a run was asked for, and the inputs that rows share |
//!
//! Nothing here asserts a time. `cargo xtask bench` runs it; `cargo bench -p rotortree-benches` has
//! the hot paths under criterion.
#![deny(unsafe_code)]

pub mod child;
pub mod contender;
pub mod context;
pub mod disk;
pub mod limits;
pub mod measure;
#[expect(
    unsafe_code,
    reason = "a counting allocator, and settings of malloc; see the modules"
)]
pub mod memory;
pub mod report;
pub mod rows;

/// What can go wrong while measuring, as a sentence.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The result of everything that can go wrong while measuring.
pub type Outcome<T> = Result<T, Failure>;
