//! Ownership as a numbered claim: the creator of the next epoch's object owns the place.

use std::{
    io,
    sync::atomic::{AtomicU64, Ordering},
};

use super::{
    client::{Client, Created},
    names,
};
use crate::{StorageError, storage::Ownership};

/// Tells claims of the same epoch apart.
static CLAIMS: AtomicU64 = AtomicU64::new(0);

/// A claim, given up when dropped.
#[derive(Debug)]
pub(super) struct Lease {
    client: Client,
    epoch: u64,
}

impl Lease {
    /// Claims the next epoch, if the last one's owner has gone or its lease has run out.
    pub(super) fn claim(client: &Client) -> Result<Self, StorageError> {
        let names = client.list(names::OWNERS)?;
        let epochs = names.iter().filter_map(|name| names::epoch(name));
        // A claim's end sorts after the claim.
        let last = epochs.max();
        let epoch = match last {
            None => 1,
            Some((last, over)) if over || client.bucket().leases_expired() => last + 1,
            Some(_) => return Err(StorageError::FileLocked),
        };
        let claim = CLAIMS.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        match client.create(&names::owner(epoch), &claim)? {
            Created::Ours => {
                client.bucket().restart_leases();
                Ok(Self {
                    client: client.clone(),
                    epoch,
                })
            }
            Created::Taken(_) => Err(StorageError::FileLocked),
        }
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    fn release(&self) -> io::Result<Created> {
        self.client.create(&names::released(self.epoch), &[])
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // If this fails the lease runs out in its time.
        let _ = self.release();
    }
}

impl Ownership for Lease {}
