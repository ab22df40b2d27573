//! Measures the rows of `docs/performance.md`: our trees, a peer, and the limit of the machine, in
//! one process and in turns, so that the ratios hold on any machine.
//!
//! | module | what |
//! | --- | --- |
//! | [`rows`] | one file per row of the table |
//! | [`contender`] | the trees that are compared, behind one trait each for memory and for disk |
//! | [`limits`] | the limits of the machine: bare hashes, bare copies, bare writes |
//! | [`measure`] | taking turns, medians, spreads, ratios |
//! | [`memory`] | allocations, and recycled or fresh memory |
//! | [`child`] | a process for each contender, where memory is measured from outside |
//! | [`served`] | a server on loopback, and `wrk` to ask it |
//! | [`worker`] | contenders in the program of `benches/contenders` |
//! | [`disk`] | the size of folders |
//! | [`report`] | the table |
//! | [`plot`], [`bars`] | plots and bars, as SVG |
//! | [`context`] | the options of a run |
//! | [`inputs`] | leaves and indices, the same for all contenders |
//!
//! Nothing here asserts a time. `cargo xtask bench` runs it; `cargo bench -p rotortree-benches` has
//! the hot paths under criterion.

pub mod bare_append;
pub mod bare_group;
pub mod bare_proof;
pub mod bare_table;
pub mod bars;
pub mod child;
pub mod contender;
pub mod context;
pub mod disk;
pub mod inputs;
pub mod limits;
pub mod measure;
#[expect(
    unsafe_code,
    reason = "a counting allocator, settings of malloc, stores past the cache; see the modules"
)]
pub mod memory;
pub mod plot;
pub mod report;
pub mod rows;
pub mod served;
pub mod worker;

/// An error while measuring.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The result of an operation that can fail while measuring.
pub type Outcome<T> = Result<T, Failure>;
