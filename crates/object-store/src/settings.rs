//! [`Settings`]: how patient a handle is, and what it keeps.

use std::{sync::Arc, time::Duration};

use rotortree_store::chunk::SHARD_CHUNKS;

use crate::cache::PackCache;

/// The time that a request of no length takes at most, each try of it.
const ATTEMPT: Duration = Duration::from_secs(10);
/// The time after which what is still unclear stays unclear.
const TOTAL: Duration = Duration::from_secs(60);
/// The wait before the second try of a request; it doubles from try to try.
const FIRST_WAIT: Duration = Duration::from_millis(20);
/// The slowest transfer that is waited for, in bytes in a second.
const SLOWEST: u64 = 1 << 20;

/// The settings of a handle.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) patience: Patience,
    /// The interval of an owner's signs of life.
    pub(crate) heartbeat: Duration,
    /// The time for which readers may rely on what a manifest named.
    pub(crate) grace: Duration,
    pub(crate) take_over: bool,
    pub(crate) shard_chunks: u64,
    pub(crate) memory_bytes: usize,
    pub(crate) cache: Option<Arc<dyn PackCache>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            patience: Patience {
                attempt: ATTEMPT,
                total: TOTAL,
                first_wait: FIRST_WAIT,
            },
            heartbeat: Duration::from_secs(10),
            grace: Duration::from_secs(3600),
            take_over: false,
            shard_chunks: SHARD_CHUNKS,
            memory_bytes: 64 << 20,
            cache: None,
        }
    }
}

/// How long requests are waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For one try.
    pub(crate) attempt: Duration,
    /// For all tries of one request, and for settling what they did.
    pub(crate) total: Duration,
    /// Before the second try.
    pub(crate) first_wait: Duration,
}

impl Patience {
    /// That of a request which carries so many bytes.
    pub(crate) fn with_bytes(self, bytes: u64) -> Self {
        let transfer = Duration::from_millis(bytes.saturating_mul(1000) / SLOWEST);
        Self {
            attempt: self.attempt + transfer,
            total: self.total + 2 * transfer,
            ..self
        }
    }
}
