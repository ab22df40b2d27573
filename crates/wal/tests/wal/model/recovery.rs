//! Recovery of a modelled disk, as the store does it: two passes, then a new segment with what was not attested.

use rotortree_wal::{
    Event, GroupBuffer, LogRules, Position, Replay, Scanner, SegmentHeader, SegmentStart, caps,
};

use super::disk::{Disk, Name};
use super::{Batch, Rules, root};
use crate::support::header;

/// What recovery found, and the disk after each of its steps.
pub(crate) struct Recovered {
    pub(crate) batches: Vec<Batch>,
    pub(crate) end: u64,
    pub(crate) number: u64,
    pub(crate) salt: u64,
    pub(crate) steps: Vec<Disk>,
}

pub(crate) fn recover(disk: &Disk, rules: Rules, new_salt: u64) -> Result<Recovered, String> {
    let mut heads = Vec::new();
    for number in disk.segments() {
        match SegmentStart::read(&mut disk.read(Name::Segment(number)))
            .map_err(|error| error.to_string())?
        {
            SegmentStart::Header(header) => heads.push(header),
            SegmentStart::Blank => {}
            SegmentStart::Unreadable(error) => return Err(format!("segment {number}: {error}")),
        }
    }
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
    let mut replay = Replay::new(0, &assessment);
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
                && replay.takes(record, *cap)
            {
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
    if !replay.is_done() || open.leaves != 0 {
        return Err("the second pass took other records than the first".to_owned());
    }
    let size_at = |sequence| {
        let before = batches
            .iter()
            .take_while(|batch: &&Batch| batch.end <= sequence);
        before.map(|batch| batch.leaves).sum::<u64>()
    };
    for head in heads
        .iter()
        .filter(|head| head.base.sequence <= assessment.end)
    {
        if head.base.size != size_at(head.base.sequence) {
            return Err(format!("a base has another size than the log: {head:?}"));
        }
    }
    if assessment.size != size_at(assessment.end) {
        return Err(format!(
            "another size was counted than replayed: {assessment:?}"
        ));
    }

    let number = disk.segments().last().map_or(1, |last| last + 1);
    let position = |sequence| Position {
        sequence,
        size: size_at(sequence),
        root: root(sequence),
    };
    let mut head = header(number, position(base));
    head.salt = new_salt;
    if rules.copies_are_attested {
        head.attested = assessment.end;
    }
    let (temporary, mut disk, mut steps) = (Name::Temporary(number), disk.clone(), Vec::new());
    disk.remove(temporary);
    disk.append(temporary, &head.encode());
    steps.push(disk.clone());
    if !copy.is_empty() {
        disk.append(
            temporary,
            copy.seal(new_salt, base, &position(assessment.end)),
        );
        steps.push(disk.clone());
    }
    disk.sync(temporary);
    steps.push(disk.clone());
    disk.rename(temporary, Name::Segment(number));
    steps.push(disk.clone());
    disk.sync_directory();
    steps.push(disk);
    Ok(Recovered {
        batches,
        end: assessment.end,
        number,
        salt: new_salt,
        steps,
    })
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
