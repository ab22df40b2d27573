//! [`Counters`]: what the requests of a handle came to.

use std::sync::atomic::{AtomicU64, Ordering};

/// A counter of a handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counter {
    Puts,
    Gets,
    Lists,
    Deletes,
    Retries,
    Unclear,
    BytesSent,
    BytesReceived,
    CacheHits,
    Prefetched,
    Claims,
    Fences,
    Merges,
    Collected,
}

const NAMES: [&str; 14] = [
    "puts",
    "gets",
    "lists",
    "deletes",
    "retries",
    "settled_by_reading",
    "bytes_sent",
    "bytes_received",
    "cache_hits",
    "units_prefetched",
    "claims",
    "fenced",
    "packs_merged",
    "objects_collected",
];

/// The counters of a handle and of all that it started.
#[derive(Debug, Default)]
pub(crate) struct Counters([AtomicU64; NAMES.len()]);

impl Counters {
    pub(crate) fn add(&self, counter: Counter, count: u64) {
        self.0[counter as usize].fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn tell(&self, each: &mut dyn FnMut(&'static str, u64)) {
        for (name, count) in NAMES.iter().zip(&self.0) {
            each(name, count.load(Ordering::Relaxed));
        }
    }
}
