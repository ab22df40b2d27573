//! Taking a place: the claim is the next manifest, with the same content and the next epoch; then
//! the log is fenced; and only then it is read.

use std::{io, sync::Arc};

use bytes::Bytes;
use rotortree_store::{
    StorageError,
    storage::{Ownership, WriteError},
};
use tokio::task::AbortHandle;

use crate::{
    bucket::Bucket, counters::Counter, events::event, heartbeat, manifests::Entry, probe,
    record::Record,
};

/// Claims that may be lost to others before it is told.
const CLAIMS: usize = 32;

/// The place, owned; given up when dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    bucket: Arc<Bucket>,
    epoch: u64,
    signs: AbortHandle,
}

impl Ownership for Lease {}

impl Drop for Lease {
    fn drop(&mut self) {
        self.signs.abort();
        self.bucket.tenure.end(self.epoch);
        // If this fails, the next opener waits for two intervals.
        drop(heartbeat::give_up(&self.bucket.client, self.epoch));
    }
}

/// Becomes the one owner.
pub(crate) fn acquire(bucket: &Arc<Bucket>) -> Result<Box<dyn Ownership>, StorageError> {
    probe::probe(bucket)?;
    for _ in 0..CLAIMS {
        let newest = bucket.newest()?;
        if let Some(entry) = &newest
            && !bucket.settings.take_over
            && heartbeat::is_alive(&bucket.client, entry.record.epoch, entry.record.heartbeat)?
        {
            return Err(StorageError::FileLocked);
        }
        // Found newer: another claim, or the owner at work. Both are looked at again.
        if let Some(claim) = claim(bucket, newest.as_deref()).map_err(WriteError::into_io)? {
            let lease = settle(bucket, &claim).map_err(WriteError::into_io)?;
            return Ok(Box::new(lease));
        }
    }
    Err(StorageError::FileLocked)
}

/// Creates the manifest behind `newest`. `None` if another handle did.
fn claim(bucket: &Bucket, newest: Option<&Entry>) -> Result<Option<Arc<Entry>>, WriteError> {
    let (number, before) = match newest {
        Some(entry) => (entry.number.saturating_add(1), Some(&entry.record)),
        None => (0, None),
    };
    let record = Record {
        epoch: before.map_or(1, |record| record.epoch.saturating_add(1)),
        session: bucket.tenure.session(),
        settled: before.map_or(0, |record| record.settled),
        heartbeat: bucket.settings.heartbeat,
        grace: bucket.settings.grace,
        generation: before.and_then(|record| record.generation),
        segments: before.map_or_else(Vec::new, |record| record.segments.clone()),
        content: before.map_or_else(Bytes::new, |record| record.content.clone()),
    };
    bucket.client.counters().add(Counter::Claims, 1);
    bucket.manifests.create(number, record)
}

/// Fences what earlier owners may still write to, and begins the tenure.
fn settle(bucket: &Arc<Bucket>, claim: &Entry) -> Result<Lease, WriteError> {
    let record = &claim.record;
    let not_written = |error: io::Error| WriteError::NotWritten(error);
    // If the first sign is lost, the next one tells of this owner.
    drop(heartbeat::begin(
        &bucket.client,
        record.epoch,
        record.session,
    ));
    let signs = heartbeat::beat(
        bucket.client.requests().clone(),
        record.epoch,
        record.session,
        record.heartbeat,
    );
    let signs = bucket.client.spawn(signs).map_err(not_written)?;
    // From here on a failure gives the place up.
    let lease = Lease {
        bucket: Arc::clone(bucket),
        epoch: record.epoch,
        signs,
    };
    if record.generation.is_some() {
        bucket.log.reset(&record.segments);
        // Every earlier segment was left behind by its own writer, or fenced by an earlier claim.
        if let Some((newest, _)) = record.segments.last() {
            bucket.log.fence(*newest, record.epoch)?;
        }
    } else {
        // Nothing names the segments of a creation that did not come to its manifest.
        let mut found = bucket.log.find_beginnings().map_err(not_written)?;
        // A claim that stalled until now finds the segments of a later owner too.
        found.retain(|(_, id)| id.epoch < record.epoch);
        bucket.log.reset(&found);
        for (number, _) in found {
            bucket.log.fence(number, record.epoch)?;
        }
    }
    bucket.tenure.begin(record.epoch);
    let place = bucket.client.full_name("");
    event!(
        INFO,
        "claimed",
        place = place.as_str(),
        epoch = record.epoch
    );
    Ok(lease)
}
