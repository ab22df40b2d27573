//! Recovery of a modelled disk, as the store does it: two passes, then a new segment with the
//! records that were not attested.

use rotortree_wal::{
    ChunkRun, Event, GroupBuffer, HeaderCopy, InvalidReason, LogRules, Position, SECTOR, Scanner,
    SegmentHeader, SegmentStart, Verdict, caps,
};

use super::disk::{Disk, Name};
use super::{Batch, Rules, root};
use crate::support::header;

/// The result of recovery.
pub(crate) struct Found {
    /// What the checkpoint covers.
    pub(crate) covered: Position,
    /// The batches behind it.
    pub(crate) batches: Vec<Batch>,
    pub(crate) end: u64,
    /// Whether the log ends in something that was not written whole.
    pub(crate) is_torn: bool,
    /// A, which the new segment continues from.
    base: Position,
    /// The records above it.
    copy: GroupBuffer,
    manifest: Manifest,
}

/// What the manifest holds: what the checkpoint covers, the first segment behind it, and the
/// header of the newest one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manifest {
    pub(crate) covered: Position,
    pub(crate) first: u64,
    pub(crate) newest: HeaderCopy,
}

impl Manifest {
    /// Before the first checkpoint.
    pub(crate) fn new(newest: HeaderCopy) -> Self {
        Self {
            covered: Position::START,
            first: newest.number,
            newest,
        }
    }

    fn encode(&self) -> [u8; SECTOR] {
        let covered = &self.covered;
        let fields = [
            &self.newest.encode()[..],
            &covered.sequence.to_le_bytes(),
            &covered.size.to_le_bytes(),
            &self.first.to_le_bytes(),
        ]
        .concat();
        let mut sector = [0; SECTOR];
        sector[..fields.len()].copy_from_slice(&fields);
        sector
    }

    fn decode(sector: &[u8; SECTOR]) -> Option<Self> {
        let (copy, rest) = sector.split_first_chunk()?;
        let (words, _) = rest.as_chunks::<8>();
        let word = |at: usize| u64::from_le_bytes(words[at]);
        Some(Self {
            covered: Position {
                sequence: word(0),
                size: word(1),
                root: root(word(0)),
            },
            first: word(2),
            newest: HeaderCopy::decode(copy)?,
        })
    }
}

/// Puts a manifest in force; the disk after each step.
pub(crate) fn commit_manifest(disk: &mut Disk, rules: Rules, manifest: &Manifest) -> Vec<Disk> {
    let name = Name::Manifest(disk.manifest().0 + 1);
    let mut steps = Vec::new();
    disk.write(name, 0, &manifest.encode());
    steps.push(disk.clone());
    if rules.manifest_is_synced_first {
        disk.sync(name);
        steps.push(disk.clone());
    }
    disk.sync_directory();
    steps.push(disk.clone());
    steps
}

pub(crate) fn recover(disk: &Disk, rules: Rules) -> Result<Found, String> {
    let manifest = disk.manifest().1.and_then(|it| Manifest::decode(&it));
    let manifest = manifest.ok_or("no manifest is whole")?;
    let Manifest {
        covered,
        first,
        newest,
    } = manifest;
    if let Some(missing) = (first..=newest.number).find(|it| !disk.exists(Name::Segment(*it))) {
        return Err(format!("lost segment {missing}, which {manifest:?} names"));
    }
    let mut heads: Vec<SegmentHeader> = Vec::new();
    // From the newest to the oldest: each header is kept in the one behind it, that of the newest
    // in the manifest.
    let mut copy = Some(newest);
    let segments = disk.segments().into_iter().filter(|it| *it >= first);
    for number in segments.rev() {
        let start = SegmentStart::read(&mut disk.read(Name::Segment(number)));
        match start.map_err(|error| error.to_string())? {
            SegmentStart::Header(header) => {
                copy = header.previous;
                heads.push(header);
            }
            SegmentStart::Blank => {}
            // Nothing is acknowledged in a segment that no manifest names.
            SegmentStart::Unreadable(_) if number > newest.number => {}
            SegmentStart::Unreadable(error) => {
                let kept = copy.filter(|copy| copy.number == number);
                let kept = kept.ok_or_else(|| format!("segment {number}: {error}"))?;
                let common = header(number, kept.base);
                heads.push(kept.restore(common.tree_id, common.arity, common.fingerprint));
                copy = None;
            }
        }
    }
    heads.reverse();
    let mut caps = caps(
        &heads
            .iter()
            .map(|head| head.base.sequence)
            .collect::<Vec<_>>(),
    );
    if !rules.superseded_groups_are_dead {
        caps.fill(u64::MAX);
    }

    let mut log = LogRules::new(&covered, 0);
    for (head, cap) in heads.iter().zip(&caps) {
        log.segment(head, *cap);
        each(disk, head, |event| match event {
            Event::Record(record) if rules.chunks_are_compared && log.comes_next(record) => {
                match record.chunks.filter(|run| !matches(disk, run)) {
                    None => log.event(event),
                    Some(run) => log.event(&Event::Invalid {
                        offset: record.offset,
                        len: record.encoded_len() as u64,
                        reason: InvalidReason::ChunkMismatch {
                            sequence: record.sequence,
                            chunk: run.first,
                        },
                    }),
                }
            }
            _ => log.event(event),
        })?;
    }
    let assessment = log.finish();
    if assessment.is_damaged() {
        return Err(format!("a crash called damage: {assessment:?}"));
    }

    let base = assessment.attested;
    let mut next = covered.sequence + 1;
    let mut copy = GroupBuffer::new(base + 1);
    let mut batches = Vec::new();
    let mut open = Batch {
        value: 0,
        leaves: 0,
        end: 0,
    };
    for (head, cap) in heads.iter().zip(&caps) {
        each(disk, head, |event| {
            if let Event::Record(record) = event
                && record.sequence == next
                && next <= assessment.end.min(*cap)
            {
                next += 1;
                open.value = match (record.chunks, record.leaves, record.metadata) {
                    (Some(run), ..) => disk.chunk(run.first).map_or(0, |(value, _)| value.into()),
                    (None, [leaf, ..], _) => word(leaf),
                    (None, [], metadata) => word(metadata.expect("a record has leaves or that")),
                };
                open.leaves += record.leaf_count();
                open.end = record.sequence;
                if !record.more {
                    batches.push(open);
                    open.leaves = 0;
                }
                if record.sequence > base && rules.what_is_above_is_copied {
                    copy.push_record(record)
                        .expect("what was read can be written");
                }
            }
        })?;
    }
    if next <= assessment.end || open.leaves != 0 {
        return Err("the second pass took other records than the first".to_owned());
    }
    let mut found = Found {
        covered,
        batches,
        end: assessment.end,
        is_torn: assessment.verdict != Verdict::Whole,
        base: covered,
        copy,
        manifest: Manifest {
            newest: heads.last().map_or(newest, SegmentHeader::copy),
            ..manifest
        },
    };
    found.base = found.position(base);
    for head in heads.iter().filter(|head| head.base.sequence <= found.end) {
        if head.base.size != found.position(head.base.sequence).size {
            return Err(format!("a base has another size than the log: {head:?}"));
        }
    }
    if assessment.size != found.position(found.end).size {
        return Err(format!(
            "another size was counted than replayed: {assessment:?}"
        ));
    }
    Ok(found)
}

impl Found {
    fn position(&self, sequence: u64) -> Position {
        let before = self
            .batches
            .iter()
            .take_while(|batch| batch.end <= sequence);
        let size: u64 = before.map(|batch| batch.leaves).sum();
        Position {
            sequence,
            size: self.covered.size + size,
            root: root(sequence),
        }
    }

    /// Starts the new segment that the next run writes to. Returns the manifest and the disk after
    /// each step.
    pub(crate) fn start_segment(
        &mut self,
        disk: &Disk,
        rules: Rules,
        salt: u64,
    ) -> (Manifest, Vec<Disk>) {
        let number = disk.segments().last().map_or(1, |last| last + 1);
        let mut head = header(number, self.base);
        head.salt = salt;
        head.previous = Some(self.manifest.newest).filter(|_| rules.headers_hold_the_one_before);
        if rules.copies_are_attested {
            head.attested = self.end;
        }
        let (temporary, mut disk, mut steps) = (Name::Temporary(number), disk.clone(), Vec::new());
        disk.remove(temporary);
        disk.remove(Name::Spare);
        disk.sync_directory();
        disk.write(temporary, 0, &head.encode());
        steps.push(disk.clone());
        if !self.copy.is_empty() {
            let after = self.position(self.end);
            let group = self.copy.seal(salt, self.base.sequence, &after);
            disk.write(temporary, 1, group);
            steps.push(disk.clone());
        }
        disk.sync(temporary);
        steps.push(disk.clone());
        disk.rename(temporary, Name::Segment(number));
        steps.push(disk.clone());
        disk.sync_directory();
        steps.push(disk.clone());
        let manifest = Manifest {
            newest: head.copy(),
            ..self.manifest
        };
        steps.extend(commit_manifest(&mut disk, rules, &manifest));
        (manifest, steps)
    }
}

/// Whether the chunk of a run of one is there, and is the record's.
fn matches(disk: &Disk, run: &ChunkRun<'_>) -> bool {
    disk.chunk(run.first) == Some((u32::from_le_bytes(run.sums[0]), true))
}

/// The first eight bytes.
fn word(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"))
}

fn each(
    disk: &Disk,
    head: &SegmentHeader,
    mut event: impl FnMut(&Event<'_>),
) -> Result<(), String> {
    let mut scanner = Scanner::new(disk.read(Name::Segment(head.number)), head.salt);
    while let Some(found) = scanner.next().map_err(|error| error.to_string())? {
        event(&found);
    }
    Ok(())
}
