//! Compares views with reads.

use alloc::{sync::Arc, vec::Vec};

use super::{MemoryNodes, segment::SEGMENT_NODES};
use crate::NodeSource;

const NODES: u64 = 3 * SEGMENT_NODES + 5;

fn node(index: u64) -> [u8; 32] {
    [index as u8 + 1; 32]
}

/// Compares every view of level 0 with a read, and returns the number of views.
fn compare(source: &dyn NodeSource) -> usize {
    let mut views = 0;
    for start in 0..NODES + 2 {
        for len in 0..SEGMENT_NODES as usize + 2 {
            let expected: Vec<_> = (start..start + len as u64).map(node).collect();
            if let Some(nodes) = source.view(0, start, len) {
                assert_eq!(nodes, expected, "{len} from {start} on");
                views += 1;
            }
            let mut read = expected.clone();
            read.fill([0; 32]);
            let is_there = start + len as u64 <= NODES;
            match source.read(0, start, &mut read) {
                Ok(()) => assert_eq!(read, expected),
                Err(_) => assert!(!is_there, "{len} from {start} on"),
            }
        }
    }
    assert!(source.view(1, 0, 1).is_none(), "no such level");
    assert!(source.view(0, u64::MAX, 1).is_none(), "no such node");
    views
}

#[test]
fn a_view_is_what_a_read_gives_or_nothing() {
    let mut nodes = MemoryNodes::new();
    let all: Vec<_> = (0..NODES).map(node).collect();
    nodes.append(0, &all).unwrap();
    nodes.commit();
    assert!(compare(&*nodes.source()) > 0);
    for base in [
        1,
        5,
        SEGMENT_NODES - 1,
        SEGMENT_NODES,
        SEGMENT_NODES + 3,
        NODES,
    ] {
        // Nodes of a base beyond its part belong to another tree.
        let mut below = MemoryNodes::new();
        below.append(0, &all[..base as usize]).unwrap();
        below.append(0, &[[0; 32]; SEGMENT_NODES as usize]).unwrap();
        below.commit();
        let mut over = MemoryNodes::over(below.source(), &[base]);
        over.append(0, &all[base as usize..]).unwrap();
        over.commit();
        assert!(compare(&*over.source()) > 0);
        // The same with nodes of the base that are still in a segment.
        let mut rebased = nodes.fork().unwrap();
        rebased.rebase(nodes.source(), &[base]);
        assert!(compare(&*rebased.source()) > 0);
    }
    let single = |source: Arc<dyn NodeSource>| {
        (0..NODES).all(|index| source.view(0, index, 1) == Some(&[node(index)][..]))
    };
    assert!(single(nodes.source()), "one node always lies together");
    assert!(single(MemoryNodes::over(nodes.source(), &[NODES]).source()));
}

#[test]
fn room_is_made_once_up_to_the_end_of_a_segment_and_may_stay_unused() {
    let mut nodes = MemoryNodes::new();
    let slots = |nodes: &MemoryNodes| nodes.resident_bytes() / 32;
    nodes.level(0).reserve(5).unwrap();
    assert_eq!(slots(&nodes), 8);
    // Nothing was staged: an abort and a commit change nothing, and more room is one segment.
    nodes.abort();
    nodes.level(0).reserve(9).unwrap();
    nodes.commit();
    assert_eq!((slots(&nodes), nodes.len(0)), (16, 0));
    for index in 0..NODES {
        let left = NODES - index;
        nodes.level(0).reserve(left).unwrap();
        let before = slots(&nodes);
        nodes.level(0).append(&[node(index)]).unwrap();
        assert_eq!(slots(&nodes), before, "there was room for node {index}");
        if index % 3 == 0 {
            nodes.commit();
        } else if index % 3 == 1 {
            // The node before stays, and this one is staged again.
            nodes.abort();
            nodes.level(0).reserve(left).unwrap();
            nodes.level(0).append(&[node(index)]).unwrap();
            nodes.commit();
        }
    }
    nodes.commit();
    assert_eq!(nodes.len(0), NODES);
    assert!(compare(&*nodes.source()) > 0);
}
