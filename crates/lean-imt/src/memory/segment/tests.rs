//! Writing, publishing and growing.

use super::*;

#[test]
fn staged_slots_are_not_readable_until_published() {
    let mut writer = SegmentWriter::with_capacity(4).unwrap();
    let reader = writer.share();
    assert_eq!(writer.write(&[[1; 32], [2; 32]]), 2);
    assert_eq!(reader.published(0, 2), None);
    writer.publish();
    assert_eq!(reader.published(0, 2), Some(&[[1; 32], [2; 32]][..]));
    assert_eq!(reader.published(1, 2), None, "one of the two is not");
    assert_eq!(reader.published(usize::MAX, 2), None, "no overflow");
}

#[test]
fn an_aborted_write_is_overwritten_by_the_next() {
    let mut writer = SegmentWriter::with_capacity(2).unwrap();
    writer.write(&[[1; 32]]);
    writer.publish();
    writer.write(&[[9; 32]]);
    writer.abort();
    assert_eq!(
        writer.write(&[[2; 32], [3; 32]]),
        1,
        "only one slot is left"
    );
    writer.publish();
    assert_eq!(
        writer.share().published(0, 2),
        Some(&[[1; 32], [2; 32]][..])
    );
}

#[test]
fn a_grown_segment_leaves_the_old_one_to_its_readers() {
    let mut writer = SegmentWriter::with_capacity(1).unwrap();
    writer.write(&[[1; 32]]);
    writer.publish();
    let old = writer.share();
    let mut writer = writer.grown(4).unwrap();
    writer.write(&[[2; 32]]);
    writer.publish();
    assert_eq!(
        writer.share().published(0, 2),
        Some(&[[1; 32], [2; 32]][..])
    );
    assert_eq!(old.published(0, 2), None);
    assert_eq!(old.published(0, 1), Some(&[[1; 32]][..]));
}

#[test]
fn runs_of_every_length_arrive_whether_they_go_around_the_cache_or_not() {
    let nodes: alloc::vec::Vec<Hash> = (0..SEGMENT_NODES as u8).map(|node| [node; 32]).collect();
    for run in 1..=nodes.len() {
        let mut writer = SegmentWriter::with_capacity(nodes.len()).unwrap();
        for nodes in nodes.chunks(run) {
            writer.write(nodes);
        }
        assert_eq!(writer.written, nodes.len());
        let grown = writer.grown(2 * nodes.len()).unwrap();
        writer.publish();
        assert_eq!(writer.share().published(0, nodes.len()), Some(&nodes[..]));
        writer = grown;
        writer.publish();
        assert_eq!(writer.share().published(0, nodes.len()), Some(&nodes[..]));
    }
}

#[test]
fn a_segment_as_large_as_a_huge_page_lies_on_one() {
    let nodes: alloc::vec::Vec<Hash> = (0..1 << 16).map(|node| [node as u8; 32]).collect();
    let mut writer = SegmentWriter::with_capacity(nodes.len()).unwrap();
    assert_eq!(writer.segment.slots.as_ptr().addr() % (2 << 20), 0);
    assert_eq!(writer.write(&nodes), nodes.len());
    writer.publish();
    assert_eq!(writer.share().published(0, nodes.len()), Some(&nodes[..]));
}

#[test]
fn an_impossible_capacity_is_an_error() {
    assert!(matches!(
        SegmentWriter::with_capacity(usize::MAX / 2),
        Err(TreeError::CapacityExceeded)
    ));
    assert!(matches!(
        SegmentWriter::with_capacity(0),
        Err(TreeError::CapacityExceeded)
    ));
}
