//! The rules of the log, one situation each.

use rotortree_wal::{
    Assessment, BreakCause, Event, GroupBuffer, InvalidReason, LogOffset, LogRules, Position,
    Scanner, SegmentError, SegmentHeader, Verdict, caps,
};

use crate::support::{Segment, assess, position};

/// The place and cause of the log's break, and whether it is damage.
fn broken(assessment: &Assessment) -> (u64, u64, &BreakCause, bool) {
    let found = assessment.verdict.broken_at().expect("the log breaks off");
    (
        found.place.segment,
        found.place.offset,
        &found.cause,
        assessment.is_damaged(),
    )
}

#[test]
fn an_empty_log_is_whole() {
    let assessment = assess(&[], 0, 0);
    assert_eq!(
        (assessment.end, assessment.attested, assessment.size),
        (0, 0, 0)
    );
    assert_eq!((assessment.verdict, assessment.cut), (Verdict::Whole, None));
    let fresh = Segment::new(1, 0);
    assert_eq!(assess(&[&fresh], 0, 0).verdict, Verdict::Whole);
    assert_eq!(
        assess(&[&fresh.filled(0, 4096)], 0, 0).verdict,
        Verdict::Whole,
        "allocated ahead"
    );
}

#[test]
fn a_missing_log_is_damage_if_it_is_known_to_have_held_something() {
    let assessment = assess(&[], 5, 9);
    assert_eq!(
        (assessment.end, assessment.attested, assessment.lost()),
        (5, 9, 4)
    );
    assert_eq!(broken(&assessment), (0, 0, &BreakCause::EndsEarly, true));
}

#[test]
fn an_invalid_tail_is_a_tear_above_what_is_attested_and_damage_below() {
    let log = Segment::new(1, 0)
        .group(1..=3, 0)
        .group(4..=4, 3)
        .filled(0xee, 700);
    let cause = BreakCause::Invalid(InvalidReason::NoGroup);
    let assessment = assess(&[&log], 0, 0);
    assert_eq!(
        (assessment.end, assessment.attested, assessment.size),
        (4, 3, 4)
    );
    assert_eq!(broken(&assessment), (1, 1536, &cause, false));
    assert_eq!(
        assessment.cut,
        Some(LogOffset {
            segment: 1,
            offset: 1536
        })
    );
    assert_eq!(
        assess(&[&log], 0, 4).verdict,
        assessment.verdict,
        "the caller knows of 4"
    );
    let assessment = assess(&[&log], 0, 5);
    assert_eq!(broken(&assessment), (1, 1536, &cause, true));
    assert_eq!((assessment.end, assessment.lost()), (4, 1));
}

#[test]
fn a_log_that_is_cut_off_between_groups_ends_early() {
    let assessment = assess(&[&Segment::new(1, 0).group(1..=3, 0)], 0, 7);
    assert_eq!(broken(&assessment), (1, 1024, &BreakCause::EndsEarly, true));
}

#[test]
fn what_a_group_behind_the_first_invalid_one_attests_makes_it_damage() {
    let log = Segment::new(1, 0)
        .group(1..=1, 0)
        .filled(0, 512)
        .group(3..=3, 1);
    let assessment = assess(&[&log], 0, 0);
    let blank = BreakCause::Invalid(InvalidReason::Blank);
    assert_eq!(
        (assessment.end, broken(&assessment)),
        (1, (1, 1024, &blank, false))
    );
    assert_eq!((assessment.cut_records, assessment.cut_leaves), (1, 1));

    let log = Segment::new(1, 0)
        .group(1..=1, 0)
        .filled(0, 512)
        .group(3..=3, 2);
    let assessment = assess(&[&log], 0, 0);
    assert_eq!((assessment.end, assessment.attested), (1, 2));
    assert_eq!(broken(&assessment), (1, 1024, &blank, true));
}

#[test]
fn an_attest_mark_that_was_lost_does_not_end_the_log() {
    let log = Segment::new(1, 0)
        .group(1..=1, 0)
        .filled(0, 512)
        .group(2..=2, 1);
    let assessment = assess(&[&log], 0, 0);
    assert_eq!((assessment.end, assessment.verdict), (2, Verdict::Whole));
    let log = Segment::new(1, 0)
        .group(1..=1, 0)
        .filled(0xee, 512)
        .group(2..=2, 1);
    assert_eq!(assess(&[&log], 0, 0).end, 2, "nor one that was damaged");
}

#[test]
fn an_attest_mark_makes_what_stands_before_it_durable() {
    let mut log = Segment::new(1, 0).group(1..=1, 0);
    let mut mark = GroupBuffer::new(2);
    log.bytes
        .extend(mark.seal(log.header.salt, 1, &position(1)));
    let assessment = assess(&[&log], 0, 0);
    assert_eq!((assessment.end, assessment.attested), (1, 1));
    log.bytes[512 + 200] ^= 1;
    assert!(!assess(&[&log], 0, 0).is_damaged(), "that is padding");
    log.bytes[512 + 150] ^= 1;
    assert!(assess(&[&log], 0, 0).is_damaged());
}

/// A segment that was written over another one, whose groups 1 to 6 took a sector each.
fn over_remains(log: Segment) -> Segment {
    let mut earlier = Segment::new(1, 0);
    for sequence in 1..=6 {
        earlier = earlier.group(sequence..=sequence, sequence - 1);
    }
    let (mut header, written) = (log.header, log.bytes.len());
    header.remains = earlier.bytes.len() as u64;
    let mut bytes = header.encode().to_vec();
    bytes.extend(&log.bytes[512..]);
    bytes.extend(&earlier.bytes[written..]);
    Segment { header, bytes }
}

#[test]
fn the_remains_of_an_earlier_segment_are_blank() {
    let log = Segment::new(2, 6).group(7..=17, 6).group(18..=18, 17);
    let log = over_remains(log);
    let assessment = assess(&[&log], 6, 0);
    assert_eq!((assessment.end, assessment.attested), (18, 17));
    assert_eq!(
        (&assessment.verdict, assessment.cut),
        (&Verdict::Whole, None)
    );
    assert_eq!(assessment.used_bytes, 4 * 512, "what was written to it");

    let assessment = assess(&[&log], 6, 19);
    let cause = BreakCause::Invalid(InvalidReason::Remains);
    assert_eq!(
        broken(&assessment),
        (2, 2048, &cause, true),
        "19 is missing"
    );

    let mut told_nothing = log;
    told_nothing.header.remains = 0;
    let assessment = assess(&[&told_nothing], 6, 0);
    let cause = BreakCause::Invalid(InvalidReason::NoGroup);
    assert_eq!(broken(&assessment), (2, 2048, &cause, false));
}

#[test]
fn a_group_that_was_torn_over_remains_is_told() {
    let mut log = over_remains(Segment::new(2, 6).group(7..=17, 6));
    // The second sector of the group still has the bytes of the earlier segment.
    let earlier = Segment::new(1, 0).group(1..=1, 0).group(2..=2, 1);
    log.bytes[1024..1536].copy_from_slice(&earlier.bytes[1024..1536]);
    let assessment = assess(&[&log], 6, 0);
    let (segment, _, cause, is_damage) = broken(&assessment);
    assert_eq!((segment, is_damage), (2, false));
    assert!(matches!(
        cause,
        BreakCause::Invalid(InvalidReason::RecordLength { .. })
    ));
}

#[test]
fn what_was_written_is_counted_without_the_room_behind_it() {
    let log = Segment::new(1, 0).group(1..=1, 0);
    let used = |log: &Segment| assess(&[log], 0, 0).used_bytes;
    assert_eq!(used(&log), 1024);
    let log = log.filled(0, 8192);
    assert_eq!(used(&log), 1024);
    let torn = Segment::new(1, 0).group(1..=1, 0).filled(0xee, 512);
    let torn = torn.filled(0, 8192);
    assert_eq!(used(&torn), 1536);
    let twice = assess(&[&torn, &Segment::new(2, 1)], 0, 0);
    assert_eq!(twice.used_bytes, 2048);
}

#[test]
fn a_record_that_stands_there_twice_ends_the_log() {
    let log = Segment::new(1, 0)
        .group(1..=2, 0)
        .group(2..=3, 0)
        .group(4..=4, 0);
    let assessment = assess(&[&log], 0, 0);
    let cause = BreakCause::OutOfSequence {
        expected: 3,
        found: 2,
    };
    assert_eq!(
        (assessment.end, broken(&assessment)),
        (2, (1, 1152, &cause, false))
    );
    assert_eq!(assessment.cut_records, 2, "records 3 and 4");
}

#[test]
fn a_record_that_is_missing_ends_the_log() {
    let log = Segment::new(1, 0).group(1..=2, 0).group(4..=4, 0);
    let cause = BreakCause::OutOfSequence {
        expected: 3,
        found: 4,
    };
    assert_eq!(broken(&assess(&[&log], 0, 0)), (1, 1152, &cause, false));
}

#[test]
fn an_unfinished_batch_is_cut_as_a_whole() {
    let log = Segment::new(1, 0)
        .group(1..=1, 0)
        .part(2, true)
        .part(3, true);
    let assessment = assess(&[&log], 0, 0);
    assert_eq!((assessment.end, assessment.size), (1, 1));
    assert_eq!(
        broken(&assessment),
        (1, 1152, &BreakCause::UnfinishedBatch, false)
    );
    assert_eq!((assessment.cut_records, assessment.cut_leaves), (2, 2));

    let blank_behind = Segment::new(1, 0)
        .group(1..=1, 0)
        .part(2, true)
        .filled(0, 512);
    let assessment = assess(&[&blank_behind], 0, 0);
    assert_eq!(
        broken(&assessment),
        (1, 1152, &BreakCause::UnfinishedBatch, false)
    );

    let torn = Segment::new(1, 0)
        .group(1..=1, 0)
        .part(2, true)
        .filled(0xee, 512)
        .part(4, false);
    let assessment = assess(&[&torn], 0, 0);
    let cause = BreakCause::Invalid(InvalidReason::NoGroup);
    assert_eq!(broken(&assessment), (1, 1536, &cause, false));
    assert_eq!(
        assessment.cut,
        Some(LogOffset {
            segment: 1,
            offset: 1152
        }),
        "where the batch starts"
    );
    assert_eq!(assessment.end, 1);

    let whole = log.part(4, false);
    assert_eq!(assess(&[&whole], 0, 0).end, 4);
}

#[test]
fn what_a_later_segment_superseded_is_dead() {
    // A run of the program wrote 1 to 4 and crashed with 3 lost; recovery went on from 2.
    let old = Segment::new(1, 0)
        .group(1..=2, 0)
        .filled(0xee, 512)
        .group(4..=4, 0);
    let new = Segment::new(2, 2).group(3..=3, 2).group(4..=5, 3);
    let assessment = assess(&[&old, &new], 0, 0);
    assert_eq!((assessment.end, assessment.attested), (5, 3));
    assert_eq!(
        (assessment.verdict, assessment.cut_records),
        (Verdict::Whole, 0)
    );
}

#[test]
fn a_group_that_runs_past_a_cap_counts_up_to_it() {
    let old = Segment::new(1, 0).group(1..=5, 0);
    let new = Segment::new(2, 3).group(4..=4, 3);
    let assessment = assess(&[&old, &new], 0, 0);
    assert_eq!((assessment.end, assessment.verdict), (4, Verdict::Whole));
}

#[test]
fn a_segment_that_continues_from_beyond_the_one_before_is_damage() {
    let new = Segment::new(3, 4).group(5..=5, 4);
    let torn = Segment::new(2, 0)
        .group(1..=2, 0)
        .filled(0xee, 512)
        .group(4..=4, 0);
    let assessment = assess(&[&torn, &new], 0, 0);
    let cause = BreakCause::Invalid(InvalidReason::NoGroup);
    assert_eq!(
        (assessment.end, broken(&assessment)),
        (2, (2, 1024, &cause, true))
    );
    assert_eq!(assessment.cut_records, 2, "4 and 5");

    let short = Segment::new(2, 0).group(1..=2, 0);
    let assessment = assess(&[&short, &new], 0, 0);
    let cause = BreakCause::MissingBefore { base: 4 };
    assert_eq!(
        (assessment.end, broken(&assessment)),
        (2, (3, 0, &cause, true))
    );

    let within_a_batch = Segment::new(2, 0)
        .group(1..=2, 0)
        .part(3, true)
        .part(4, true);
    let assessment = assess(&[&within_a_batch, &new], 0, 0);
    assert_eq!(assessment.end, 2);
    assert_eq!(
        broken(&assessment),
        (2, 1152, &BreakCause::UnfinishedBatch, true)
    );

    let assessment = assess(&[&new], 0, 0);
    assert_eq!(
        broken(&assessment),
        (3, 0, &BreakCause::MissingBefore { base: 4 }, true)
    );
}

#[test]
fn a_broken_log_stays_broken_but_goes_on_attesting() {
    let first = Segment::new(1, 0).group(1..=1, 0);
    let second = Segment::new(2, 3).group(4..=4, 3);
    let third = Segment::new(3, 4).group(5..=5, 4);
    let assessment = assess(&[&first, &second, &third], 0, 0);
    assert_eq!(
        (assessment.end, assessment.attested, assessment.lost()),
        (1, 4, 3)
    );
    assert_eq!(
        broken(&assessment).2,
        &BreakCause::MissingBefore { base: 3 }
    );
    assert_eq!(assessment.cut_records, 2);
}

#[test]
fn after_damage_was_cut_the_segments_before_say_nothing_beyond_the_cut() {
    // Records 1 to 9 were durable, 4 was damaged, and recovery was told to go on from 3.
    let first = Segment::new(1, 0)
        .group(1..=3, 0)
        .filled(0xee, 512)
        .group(5..=6, 4);
    let mut second = Segment::new(2, 6).group(7..=9, 6);
    second.header.attested = 9;
    let third = Segment::new(3, 3).group(4..=4, 3);
    let assessment = assess(&[&first, &second, &third], 0, 0);
    assert_eq!((assessment.end, assessment.attested), (4, 3));
    assert_eq!(assessment.verdict, Verdict::Whole);
}

#[test]
fn what_a_segment_attests_of_itself_is_durable() {
    let mut copied = Segment::new(2, 3).group(4..=5, 3);
    copied.header.attested = 5;
    assert_eq!(assess(&[&copied], 3, 0).attested, 5);
    copied.bytes.truncate(512);
    let assessment = assess(&[&copied], 3, 0);
    assert_eq!((assessment.end, broken(&assessment).3), (3, true));
}

#[test]
fn records_that_the_caller_has_are_not_needed() {
    let log = Segment::new(1, 0)
        .filled(0xee, 512)
        .group(2..=6, 1)
        .filled(0xee, 512)
        .group(7..=7, 6);
    let assessment = assess(&[&log], 4, 0);
    assert_eq!((assessment.end, assessment.size), (7, 7));
    assert_eq!(assessment.verdict, Verdict::Whole);
    let assessment = assess(&[&log], 9, 0);
    assert_eq!((assessment.end, assessment.attested), (9, 9));
    assert!(
        assess(&[&log], 0, 0).is_damaged(),
        "from the start on they are"
    );
    let covered = assess(
        &[&Segment::new(1, 0).group(1..=2, 0), &Segment::new(4, 5)],
        8,
        0,
    );
    assert_eq!(
        (covered.end, covered.verdict),
        (8, Verdict::Whole),
        "nor are segments below"
    );
}

fn with_unreadable(segments: [Option<&Segment>; 3], start: u64) -> Assessment {
    let mut rules = LogRules::new(&position(start), 0);
    let bases: Vec<u64> = segments
        .iter()
        .flatten()
        .map(|segment| segment.header.base.sequence)
        .collect();
    let mut caps = caps(&bases).into_iter();
    for (number, segment) in (1..).zip(segments) {
        let Some(segment) = segment else {
            rules.unreadable_segment(number, SegmentError::NotASegment);
            continue;
        };
        rules.segment(
            &segment.header,
            caps.next().expect("every segment has a cap"),
        );
        let mut scanner = Scanner::new(&segment.bytes[..], segment.header.salt);
        while let Some(event) = scanner.next().expect("the scanner stays within the slice") {
            rules.event(&event);
        }
    }
    rules.finish()
}

#[test]
fn an_unreadable_segment_is_damage_unless_a_later_one_goes_on_from_before_it() {
    let first = Segment::new(1, 0).group(1..=2, 0);
    let later = Segment::new(3, 2).group(3..=3, 2);
    let beyond = Segment::new(3, 4).group(5..=5, 4);
    let cause = BreakCause::UnreadableSegment(SegmentError::NotASegment);

    let superseded = with_unreadable([Some(&first), None, Some(&later)], 0);
    assert_eq!((superseded.end, superseded.verdict), (3, Verdict::Whole));

    let needed = with_unreadable([Some(&first), None, Some(&beyond)], 0);
    assert_eq!((needed.end, broken(&needed)), (2, (2, 0, &cause, true)));

    let last = with_unreadable([Some(&first), Some(&Segment::new(2, 2)), None], 0);
    assert_eq!((last.end, broken(&last)), (2, (3, 0, &cause, true)));
    assert_eq!(last.lost(), 0, "how much was lost cannot be known");

    let both = with_unreadable([None, None, None], 0);
    assert_eq!(broken(&both), (1, 0, &cause, true), "the first is told");
}

#[test]
fn a_size_that_overflows_ends_the_log() {
    let log = Segment::new(1, 0).group(1..=1, 0);
    let mut rules = LogRules::new(
        &Position {
            sequence: 0,
            size: u64::MAX,
            root: [0; 32],
        },
        0,
    );
    rules.segment(&log.header, u64::MAX);
    let mut scanner = Scanner::new(&log.bytes[..], log.header.salt);
    while let Some(event) = scanner.next().expect("the scanner stays within the slice") {
        rules.event(&event);
    }
    let assessment = rules.finish();
    assert_eq!((assessment.end, assessment.size), (0, u64::MAX));
    assert!(matches!(assessment.verdict, Verdict::Torn(_)));
}

#[test]
fn extreme_sequences_overflow_nothing() {
    let mut header: SegmentHeader = Segment::new(1, 0).header;
    header.base.sequence = u64::MAX;
    header.attested = u64::MAX;
    let mut rules = LogRules::new(
        &Position {
            sequence: u64::MAX,
            ..Position::START
        },
        u64::MAX,
    );
    rules.segment(&header, u64::MAX);
    let log = Segment::new(1, 0).group(1..=1, 0);
    let mut scanner = Scanner::new(&log.bytes[..], log.header.salt);
    while let Some(event) = scanner.next().expect("the scanner stays within the slice") {
        rules.event(&event);
    }
    let assessment = rules.finish();
    assert_eq!(
        (assessment.end, &assessment.verdict),
        (u64::MAX, &Verdict::Whole)
    );
}

#[test]
fn each_needed_record_is_found_once_and_in_order() {
    let old = Segment::new(1, 0)
        .group(1..=2, 0)
        .filled(0xee, 512)
        .group(4..=4, 0);
    let new = Segment::new(2, 2)
        .group(3..=3, 2)
        .group(4..=5, 3)
        .part(6, true);
    let segments = [&old, &new];
    let assessment = assess(&segments, 1, 0);
    let mut next = 2;
    let mut taken = Vec::new();
    for (segment, cap) in segments.iter().zip(caps(&[0, 2])) {
        let mut scanner = Scanner::new(&segment.bytes[..], segment.header.salt);
        while let Some(event) = scanner.next().expect("the scanner stays within the slice") {
            if let Event::Record(record) = event
                && record.sequence == next
                && next <= assessment.end.min(cap)
            {
                next += 1;
                taken.push((segment.header.number, record.sequence));
            }
        }
    }
    assert_eq!(taken, [(1, 2), (2, 3), (2, 4), (2, 5)]);
    assert_eq!(assessment.end, 5);
}
