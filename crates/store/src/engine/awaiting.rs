//! The methods of an [`Engine`] that return futures. None of them blocks.

use std::sync::Arc;

use rotortree_hasher::Hasher;

use super::{close::Engine, durable_heads::DurableHeads, outbox, token::Durable};
use crate::{Completion, runtime::Lane};

impl<H: Hasher, const N: usize, const MAX_DEPTH: usize> Engine<H, N, MAX_DEPTH> {
    /// [`flush`](Self::flush) as a future: the background syncs what is inserted by now. Never
    /// blocks.
    pub fn flush_async(&self) -> Durable {
        let _outbox = outbox::scope();
        let core = self.core();
        let flush = Durable::new(Arc::clone(&core.commit), core.commit.last_inserted());
        match core.status.check() {
            Ok(()) => flush,
            Err(error) => flush.refused(error),
        }
    }

    /// [`checkpoint`](Self::checkpoint) on a thread of the runtime. Never blocks.
    pub fn checkpoint_async(&self) -> Completion<()> {
        if let Err(error) = self.core().status.check() {
            return Completion::ended(Err(error));
        }
        let tree = self.clone();
        Completion::of(&self.core().config.runtime, Lane::Checkpoint, move || {
            tree.checkpoint()
        })
    }

    /// [`close`](Self::close) on a thread of the runtime. Never blocks.
    pub fn close_async(self) -> Completion<()> {
        if !self.core().is_own_process() {
            return Completion::ended(self.close());
        }
        let runtime = self.core().config.runtime.clone();
        Completion::of(&runtime, Lane::Checkpoint, move || self.close())
    }

    /// Follows the durable head; see [`DurableHeads`].
    pub fn durable_heads(&self) -> DurableHeads {
        DurableHeads::new(Arc::clone(&self.core().commit))
    }
}
