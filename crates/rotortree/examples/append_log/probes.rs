//! [`Probes`]: a sample of the leaves, evenly spread, for proving later.

use rotortree::Hash;

/// At most so many are kept.
const MOST: usize = 1024;

pub(crate) struct Probes {
    every: u64,
    kept: Vec<(u64, Hash)>,
}

impl Probes {
    pub(crate) fn new() -> Self {
        Self {
            every: 1,
            kept: Vec::with_capacity(MOST),
        }
    }

    /// Receives every leaf, in order.
    pub(crate) fn offer(&mut self, index: u64, leaf: Hash) {
        if self.kept.len() == MOST {
            self.every *= 2;
            let every = self.every;
            self.kept.retain(|(index, _)| index % every == 0);
        }
        if index.is_multiple_of(self.every) {
            self.kept.push((index, leaf));
        }
    }

    pub(crate) fn kept(&self) -> &[(u64, Hash)] {
        &self.kept
    }
}
