//! Recovery of a modelled disk, as the store does it: two passes, then a new segment with the
//! records that were not attested.

use rotortree_wal::{
    Event, GroupBuffer, HeaderCopy, LogRules, Position, SECTOR, Scanner, SegmentHeader,
    SegmentStart, caps,
};

use super::disk::{Disk, Name};
use super::{Batch, Rules, root};
use crate::support::header;

/// The result of recovery.
pub(crate) struct Found {
    pub(crate) batches: Vec<Batch>,
    pub(crate) end: u64,
    /// A, which the new segment continues from.
    base: u64,
    /// The records above it.
    copy: GroupBuffer,
    /// The header of the newest segment.
    newest: Option<HeaderCopy>,
}

/// A manifest that says no more than the newest segment's header.
pub(crate) fn manifest(newest: &HeaderCopy) -> [u8; SECTOR] {
    let mut sector = [0; SECTOR];
    sector[..HeaderCopy::BYTES].copy_from_slice(&newest.encode());
    sector
}

fn newest(manifest: &[u8; SECTOR]) -> Option<HeaderCopy> {
    let (copy, _) = manifest.split_first_chunk()?;
    HeaderCopy::decode(copy)
}

/// Puts a manifest in force that names this header's segment; the disk after each step.
pub(crate) fn commit_manifest(disk: &mut Disk, rules: Rules, newest: &HeaderCopy) -> Vec<Disk> {
    let name = Name::Manifest(disk.manifest().0 + 1);
    let mut steps = Vec::new();
    disk.append(name, &manifest(newest));
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
    let named = disk.manifest().1.and_then(|sector| newest(&sector));
    let mut heads: Vec<SegmentHeader> = Vec::new();
    // From the newest to the oldest: each header is kept in the one behind it, that of the newest
    // in the manifest.
    let mut copy = named;
    for number in disk.segments().into_iter().rev() {
        let start = SegmentStart::read(&mut disk.read(Name::Segment(number)));
        match start.map_err(|error| error.to_string())? {
            SegmentStart::Header(header) => {
                copy = header.previous;
                heads.push(header);
            }
            SegmentStart::Blank => {}
            // Nothing is acknowledged in a segment that no manifest names.
            SegmentStart::Unreadable(_) if named.is_none_or(|named| number > named.number) => {}
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

    let mut log = LogRules::new(&Position::START, 0);
    for (head, cap) in heads.iter().zip(&caps) {
        log.segment(head, *cap);
        each(disk, head, |event| log.event(event))?;
    }
    let assessment = log.finish();
    if assessment.is_damaged() {
        return Err(format!("a crash called damage: {assessment:?}"));
    }

    let base = assessment.attested;
    let mut next = 1;
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
                open.value =
                    u64::from_le_bytes(record.leaves[0][..8].try_into().expect("eight bytes"));
                open.leaves += record.leaves.len() as u64;
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
    let found = Found {
        batches,
        end: assessment.end,
        base,
        copy,
        newest: heads.last().map(SegmentHeader::copy),
    };
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
        let size = before.map(|batch| batch.leaves).sum();
        Position {
            sequence,
            size,
            root: root(sequence),
        }
    }

    /// Starts the new segment that the next run writes to. Returns its header and the disk after
    /// each step.
    pub(crate) fn start_segment(
        &mut self,
        disk: &Disk,
        rules: Rules,
        salt: u64,
    ) -> (HeaderCopy, Vec<Disk>) {
        let number = disk.segments().last().map_or(1, |last| last + 1);
        let mut head = header(number, self.position(self.base));
        head.salt = salt;
        head.previous = self.newest.filter(|_| rules.headers_hold_the_one_before);
        if rules.copies_are_attested {
            head.attested = self.end;
        }
        let (temporary, mut disk, mut steps) = (Name::Temporary(number), disk.clone(), Vec::new());
        disk.remove(temporary);
        disk.append(temporary, &head.encode());
        steps.push(disk.clone());
        if !self.copy.is_empty() {
            let after = self.position(self.end);
            disk.append(temporary, self.copy.seal(salt, self.base, &after));
            steps.push(disk.clone());
        }
        disk.sync(temporary);
        steps.push(disk.clone());
        disk.rename(temporary, Name::Segment(number));
        steps.push(disk.clone());
        disk.sync_directory();
        steps.push(disk.clone());
        steps.extend(commit_manifest(&mut disk, rules, &head.copy()));
        (head.copy(), steps)
    }
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
