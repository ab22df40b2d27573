//! [`Survey`]: which manifests are kept, and what counts as old.

use std::{collections::BTreeMap, io, sync::Arc, time::Duration};

use rotortree_store::storage::Locator;
use rotortree_wal::{Event, Scanner, SegmentHeader};

use crate::{bucket::Bucket, log::reader::Reader, manifests::Entry, names, requests::Listed};

/// The state of a place at the beginning of a collection.
pub(super) struct Survey {
    /// The oldest manifest that a reader may still go by.
    pub(super) oldest: Arc<Entry>,
    pub(super) newest: Arc<Entry>,
    /// The numbers of the manifest objects that are there, ascending.
    pub(super) numbers: Vec<u64>,
    /// What was written before this time of the store's clock is old.
    before: i64,
}

impl Survey {
    /// `None` for a place without a manifest, or whose last owner has not committed one.
    pub(super) fn make(bucket: &Bucket) -> io::Result<Option<Self>> {
        let now = store_time(bucket)?;
        let Some(newest) = bucket.manifests.newest()? else {
            return Ok(None);
        };
        // A claim's owner may not have fenced the log yet, where names of packs may still land.
        if newest.record.generation.is_none() || newest.record.settled != newest.record.epoch {
            return Ok(None);
        }
        let grace: Duration = newest.record.grace;
        let before = now.saturating_sub(i64::try_from(grace.as_millis()).unwrap_or(i64::MAX));
        let listed = bucket.client.list(names::MANIFESTS, usize::MAX)?;
        let times: BTreeMap<u64, i64> = listed
            .iter()
            .filter_map(|object| Some((names::manifest_number(&object.name)?, object.modified)))
            .collect();
        let floor = bucket.manifests.floor()?;
        // A manifest is out of date once the next one is old.
        let mut oldest = newest.number;
        while oldest > floor
            && times.contains_key(&(oldest - 1))
            && times
                .get(&oldest)
                .is_none_or(|modified| *modified >= before)
        {
            oldest -= 1;
        }
        let oldest = match bucket.manifests.get(oldest)? {
            Some(entry) if entry.record.generation.is_some() => entry,
            // From before the first manifest of the tree: nothing is old.
            _ => return Ok(None),
        };
        Ok(Some(Self {
            oldest,
            newest,
            numbers: times.into_keys().collect(),
            before,
        }))
    }

    /// Whether an object was written before the grace began.
    pub(super) fn is_old(&self, object: &Listed) -> bool {
        object.modified < self.before
    }
}

/// The time by the store's clock.
fn store_time(bucket: &Bucket) -> io::Result<i64> {
    let name = names::probe(bucket.tenure.new_id(0));
    bucket
        .client
        .create_own(&name, bytes::Bytes::from_static(b"time"))?;
    let listed = bucket.client.list(names::PROBES, usize::MAX)?;
    drop(bucket.client.delete(&name));
    let probe = listed.iter().find(|object| object.name == name);
    probe.map(|object| object.modified).ok_or_else(|| {
        let name = bucket.client.full_name(&name);
        io::Error::other(format!(
            "{name} was created and is not listed: the store trails"
        ))
    })
}

/// The locators in the records of a manifest's log.
pub(super) fn locators(bucket: &Bucket, entry: &Entry) -> io::Result<Vec<Locator>> {
    let mut locators = Vec::new();
    for (number, id) in &entry.record.segments {
        let segment = bucket.log.of(*number, *id);
        let mut reader = Reader::open(&bucket.log, segment)?;
        let mut header = [0; rotortree_wal::SECTOR];
        rotortree_wal::SegmentBytes::read_at(&mut reader, 0, &mut header)?;
        let header = SegmentHeader::decode(&header).map_err(io::Error::other)?;
        let mut scanner = Scanner::new(reader, header.salt);
        while let Some(event) = scanner.next()? {
            if let Event::Record(record) = event
                && let Some(run) = record.chunks
                && let Some(locator) = Locator::new(run.locator)
                && locators.last() != Some(&locator)
            {
                locators.push(locator);
            }
        }
    }
    Ok(locators)
}
