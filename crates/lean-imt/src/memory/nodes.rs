//! [`MemoryNodes`]: the node store of every tree.

use alloc::{sync::Arc, vec::Vec};
use core::fmt;
use rotortree_hasher::Hash;

#[cfg(feature = "parallel")]
use super::Block;
use super::{MemorySource, level::Level};
use crate::{NodeSource, TreeError};

/// Complete nodes in memory, each once, in append-only segments per level. An optional *base*, a
/// shared source, serves the first nodes of each level.
///
/// Appending costs a copy of 32 bytes per node, amortized; [`source`](Self::source) is a reference
/// count. Memory: 32 bytes per node behind the base, at most doubled for levels below 65,536 nodes.
///
/// ```
/// use rotortree_lean_imt::{Blake3Hasher, LeanIMT};
///
/// let mut tree = LeanIMT::<_, 2, 32>::new(Blake3Hasher);
/// tree.insert_many(&[[1; 32]; 1000])?;
/// assert_eq!((tree.nodes().len(0), tree.nodes().len(1)), (1000, 500));
/// assert!(tree.nodes().resident_bytes() < 2 * 1999 * 32);
/// # Ok::<(), rotortree_lean_imt::TreeError>(())
/// ```
pub struct MemoryNodes {
    base: Option<Arc<dyn NodeSource>>,
    levels: Vec<Level>,
    /// One more than the highest level with nodes staged since the last commit.
    touched: usize,
    /// The table that readers get. It is renewed when a level's segments change.
    table: Arc<MemorySource>,
}

impl MemoryNodes {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::from_levels(None, Vec::new())
    }

    fn from_levels(base: Option<Arc<dyn NodeSource>>, mut levels: Vec<Level>) -> Self {
        let table = Arc::new(MemorySource {
            base: base.clone(),
            levels: levels.iter_mut().map(Level::table).collect(),
        });
        Self {
            base,
            levels,
            touched: 0,
            table,
        }
    }

    /// A store whose level `k` starts with the first `base_lens[k]` nodes of `base`.
    #[must_use]
    pub fn over(base: Arc<dyn NodeSource>, base_lens: &[u64]) -> Self {
        let levels = base_lens.iter().map(|&len| Level::over_base(len));
        Self::from_levels(Some(base), levels.collect())
    }

    /// Committed nodes of a level, the base's included.
    #[must_use]
    pub fn len(&self, level: usize) -> u64 {
        self.levels.get(level).map_or(0, Level::len)
    }

    /// Whether no node is committed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len(0) == 0
    }

    /// Nodes of a level that the base serves.
    #[must_use]
    pub fn base_len(&self, level: usize) -> u64 {
        self.levels.get(level).map_or(0, Level::base)
    }

    /// Bytes of memory that nodes take: allocated segments, the base not counted.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        self.levels.iter().map(Level::bytes).sum()
    }

    /// Stages `nodes` at the end of `level`. They become part of the store at the next
    /// [`commit`](Self::commit).
    ///
    /// # Errors
    /// [`TreeError::CapacityExceeded`] if memory for them cannot be allocated.
    pub fn append(&mut self, level: usize, nodes: &[Hash]) -> Result<(), TreeError> {
        self.level(level).append(nodes)
    }

    /// The write end of a level, for nodes in many portions.
    pub(crate) fn level(&mut self, level: usize) -> &mut Level {
        self.have_levels(level + 1);
        &mut self.levels[level]
    }

    /// Makes all staged nodes part of the store.
    pub fn commit(&mut self) {
        self.end_staging(Level::commit);
    }

    /// Drops all staged nodes. A hasher that panics in the middle of a batch leaves staged nodes,
    /// which the next operation aborts.
    pub(crate) fn abort(&mut self) {
        self.end_staging(Level::abort);
    }

    fn end_staging(&mut self, end: fn(&mut Level)) {
        let mut stale = false;
        for level in &mut self.levels[..self.touched] {
            end(level);
            stale |= level.is_stale();
        }
        self.touched = 0;
        if stale {
            self.renew_table();
        }
    }

    /// A cheap handle on the committed nodes, shareable between threads.
    #[must_use]
    pub fn source(&self) -> Arc<MemorySource> {
        Arc::clone(&self.table)
    }

    /// Makes `base` serve the first `base_lens[k]` nodes of each level `k`, and drops the segments
    /// without later nodes. Older sources keep their segments.
    ///
    /// `base` must serve the same nodes as this store. Lengths are clamped: they never shrink and
    /// never exceed the committed lengths. Staged nodes are aborted.
    pub fn rebase(&mut self, base: Arc<dyn NodeSource>, base_lens: &[u64]) {
        self.abort();
        for (level, &len) in self.levels.iter_mut().zip(base_lens) {
            level.rebase(len.clamp(level.base(), level.len()));
        }
        self.base = Some(base);
        self.renew_table();
    }

    /// Stages `count` blocks of `widths[k]` nodes on each level `k`. `write` writes them, in any
    /// order and on any threads. If it fails or panics, all staged nodes are aborted: a caller that
    /// catches the panic may commit, and unwritten slots must not be published.
    #[cfg(feature = "parallel")]
    pub(crate) fn stage_blocks(
        &mut self,
        widths: &[usize],
        count: usize,
        write: impl FnOnce(Vec<Block<'_>>) -> Result<(), TreeError>,
    ) -> Result<(), TreeError> {
        let mut unwritten = Unwritten(Some(self));
        if let Some(nodes) = &mut unwritten.0 {
            nodes.write_blocks(widths, count, write)?;
        }
        unwritten.0 = None;
        Ok(())
    }

    #[cfg(feature = "parallel")]
    fn write_blocks(
        &mut self,
        widths: &[usize],
        count: usize,
        write: impl FnOnce(Vec<Block<'_>>) -> Result<(), TreeError>,
    ) -> Result<(), TreeError> {
        use core::sync::atomic::AtomicU64;

        self.have_levels(widths.len());
        let written = AtomicU64::new(0);
        let mut blocks = Vec::new();
        blocks
            .try_reserve_exact(count)
            .map_err(|_| TreeError::CapacityExceeded)?;
        blocks.resize_with(count, || Block::new(&written));
        let mut expected = 0;
        for (level, (nodes, &width)) in self.levels.iter_mut().zip(widths).enumerate() {
            let len = (width as u64)
                .checked_mul(count as u64)
                .ok_or(TreeError::CapacityExceeded)?;
            expected += len;
            let mut slots = nodes.stage_unwritten(len)?;
            slots.reverse();
            for block in &mut blocks {
                block.take(level, width, &mut slots);
            }
        }
        write(blocks)?;
        let written = written.into_inner();
        assert_eq!(written, expected, "unwritten slots must not be published");
        Ok(())
    }

    /// Adds levels up to `levels` and marks all of them as touched.
    fn have_levels(&mut self, levels: usize) {
        if self.levels.len() < levels {
            self.levels.resize_with(levels, Level::default);
        }
        self.touched = self.touched.max(levels);
    }

    fn renew_table(&mut self) {
        let levels = self.levels.iter_mut().map(Level::table).collect();
        self.table = Arc::new(MemorySource {
            base: self.base.clone(),
            levels,
        });
    }

    /// A store with the same committed nodes and a write end of its own: full segments and the base
    /// are shared, at most one unfinished segment per level is copied.
    ///
    /// # Errors
    /// [`TreeError::CapacityExceeded`] if memory for the copies cannot be allocated.
    pub fn fork(&self) -> Result<Self, TreeError> {
        let levels = self
            .levels
            .iter()
            .map(Level::fork)
            .collect::<Result<_, _>>()?;
        Ok(Self::from_levels(self.base.clone(), levels))
    }
}

/// A store with unwritten staged slots. Dropping it aborts them, unless the store was taken out.
#[cfg(feature = "parallel")]
struct Unwritten<'a>(Option<&'a mut MemoryNodes>);

#[cfg(feature = "parallel")]
impl Drop for Unwritten<'_> {
    fn drop(&mut self) {
        if let Some(nodes) = &mut self.0 {
            nodes.abort();
        }
    }
}

impl Default for MemoryNodes {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryNodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryNodes")
            .field(
                "levels",
                &self.levels.iter().map(Level::len).collect::<Vec<_>>(),
            )
            .field("resident_bytes", &self.resident_bytes())
            .finish_non_exhaustive()
    }
}
