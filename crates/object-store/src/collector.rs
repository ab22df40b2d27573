//! The collector: removes what no manifest within the grace names, and nothing that a live reader,
//! the owner, or a request still under way may need.
//!
//! The ages of objects are compared with each other, by the store's clock alone.

mod report;
pub(crate) mod schedule;
mod survey;

use std::{
    collections::HashSet,
    io,
    sync::{Arc, Weak},
    thread,
};

pub use self::report::Collected;
use self::survey::Survey;
use crate::{
    bucket::Bucket,
    counters::Counter,
    events::event,
    id::Id,
    manifests::Entry,
    names,
    packs::{Index, Retired},
    requests::Listed,
};

/// Starts a collection beside the owner's work, if the last one was long ago.
pub(crate) fn run_if_due(bucket: &Arc<Bucket>) {
    if !bucket.collections.is_due(bucket.settings.grace) {
        return;
    }
    let weak: Weak<Bucket> = Arc::downgrade(bucket);
    // A collection that does not start, or fails, leaves objects for the next one.
    let started = thread::Builder::new()
        .name("rotortree-collect".into())
        .spawn(move || {
            if let Some(bucket) = weak.upgrade() {
                drop(collect(&bucket));
            }
        });
    drop(started);
}

/// Removes what nothing needs.
pub(crate) fn collect(bucket: &Bucket) -> io::Result<Collected> {
    let mut done = Collected::default();
    let Some(survey) = Survey::make(bucket)? else {
        return Ok(done);
    };
    collect_manifests(bucket, &survey, &mut done)?;
    collect_log(bucket, &survey, &mut done)?;
    collect_packs(bucket, &survey, &mut done)?;
    collect_signs(bucket, &survey, &mut done)?;
    let objects = done.manifests + done.log_objects + done.packs + done.signs;
    event!(
        DEBUG,
        "collected",
        objects = objects,
        floor = survey.oldest.number
    );
    Ok(done)
}

fn delete(bucket: &Bucket, name: &str, count: &mut u64) -> io::Result<()> {
    bucket.client.delete(name)?;
    bucket.client.counters().add(Counter::Collected, 1);
    *count += 1;
    Ok(())
}

/// Manifests below the oldest one that is kept, from the lowest on, once the floor says so.
fn collect_manifests(bucket: &Bucket, survey: &Survey, done: &mut Collected) -> io::Result<()> {
    let floor = survey.oldest.number;
    bucket.manifests.raise_floor(floor)?;
    for number in survey.numbers.iter().filter(|number| **number < floor) {
        delete(bucket, &names::manifest(*number), &mut done.manifests)?;
    }
    Ok(())
}

/// Segments below the first one that a kept manifest names. Their fences stay for ever: a stalled
/// owner's next group must not find its name free.
fn collect_log(bucket: &Bucket, survey: &Survey, done: &mut Collected) -> io::Result<()> {
    let Some((first, _)) = survey.oldest.record.segments.first() else {
        return Ok(());
    };
    let listed = bucket.client.list(names::LOG, usize::MAX)?;
    let pieces = listed.iter().filter_map(|object| {
        let (number, id, offset) = names::piece_place(&object.name)?;
        (number < *first).then_some(((number, id), offset, object))
    });
    let mut pieces: Vec<((u64, Id), u64, &Listed)> = pieces.collect();
    pieces.sort_unstable_by_key(|(segment, offset, _)| (*segment, *offset));
    for segment in pieces.chunk_by(|one, next| one.0 == next.0) {
        for (_, _, object) in segment {
            if object.bytes != crate::log::FENCE_BYTES && survey.is_old(object) {
                delete(bucket, &object.name, &mut done.log_objects)?;
            }
        }
    }
    Ok(())
}

/// Packs and indexes that were merged away before the oldest manifest that is kept, those of
/// earlier owners that nothing ever named, and those that this handle's own writers gave up.
///
/// What another handle's present owner made may be named by its next request.
fn collect_packs(bucket: &Bucket, survey: &Survey, done: &mut Collected) -> io::Result<()> {
    let oldest = index_of(bucket, &survey.oldest)?;
    let newest = index_of(bucket, &survey.newest)?;
    let gone: HashSet<Retired> = oldest.index.retired.iter().copied().collect();
    let mut needed: HashSet<Retired> = newest.index.retired.iter().copied().collect();
    needed.extend(oldest.names());
    needed.extend(newest.names());
    let mut there = HashSet::new();
    let mut orphans = Vec::new();
    let mut unneeded = Vec::new();
    for (folder, of) in [
        (names::PACKS, Retired::Pack as fn(Id) -> Retired),
        (names::INDEXES, Retired::Index),
    ] {
        for object in bucket.client.list(folder, usize::MAX)? {
            let Some(id) = names::id(&object.name, folder) else {
                continue;
            };
            let object_id = of(id);
            there.insert(object_id);
            if gone.contains(&object_id) || bucket.packs.is_given_up(&object_id) {
                unneeded.push(object.name);
            } else if !needed.contains(&object_id)
                && id.epoch < survey.newest.record.settled
                && survey.is_old(&object)
            {
                orphans.push((object_id, object.name));
            }
        }
    }
    for name in unneeded {
        delete(bucket, &name, &mut done.packs)?;
    }
    if !orphans.is_empty() {
        // Records that no checkpoint covers yet name indexes of their own.
        for locator in survey::locators(bucket, &survey.newest)? {
            let index = bucket.packs.index(&locator)?;
            needed.extend(bucket.packs.id(&locator)?.map(Retired::Index));
            needed.extend(index.packs.iter().map(|pack| Retired::Pack(pack.id)));
        }
        for (id, name) in orphans {
            if !needed.contains(&id) {
                delete(bucket, &name, &mut done.packs)?;
            }
        }
    }
    bucket.packs.note_collected(gone);
    Ok(())
}

/// The index that a manifest names.
struct NamedIndex {
    id: Option<Id>,
    index: Arc<Index>,
}

impl NamedIndex {
    /// Itself and its packs.
    fn names(&self) -> impl Iterator<Item = Retired> {
        let packs = self.index.packs.iter().map(|pack| Retired::Pack(pack.id));
        packs.chain(self.id.map(Retired::Index))
    }
}

fn index_of(bucket: &Bucket, entry: &Entry) -> io::Result<NamedIndex> {
    let manifest = bucket.decode(entry).map_err(io::Error::other)?;
    Ok(NamedIndex {
        id: bucket.packs.id(&manifest.locator)?,
        index: bucket.packs.index(&manifest.locator)?,
    })
}

/// The signs of life of earlier owners, and probes that were left.
fn collect_signs(bucket: &Bucket, survey: &Survey, done: &mut Collected) -> io::Result<()> {
    let current = names::owner(survey.newest.record.epoch);
    for folder in [names::OWNERS, names::PROBES] {
        for object in bucket.client.list(folder, usize::MAX)? {
            // Names of owners sort as their epochs do.
            let is_earlier = folder == names::PROBES || object.name < current;
            if is_earlier && survey.is_old(&object) {
                delete(bucket, &object.name, &mut done.signs)?;
            }
        }
    }
    Ok(())
}
