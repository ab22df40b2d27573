//! Texts of errors along their chains of sources.

use alloc::{string::ToString, vec, vec::Vec};

use super::*;
use crate::{DecodeError, VerifyError};

/// A list with a sample for each variant. A variant without one does not compile.
macro_rules! samples {
    ($($variant:pat => $sample:expr,)*) => {{
        let _ = |error| match error { $($variant => (),)* };
        vec![$($sample),*]
    }};
}

fn tree_errors() -> Vec<TreeError> {
    let source = NodeFailure::new(TreeError::EmptyBatch);
    samples! {
        TreeError::MaxDepthExceeded { .. } => TreeError::MaxDepthExceeded { max_depth: 1 },
        TreeError::IndexOutOfRange { .. } => TreeError::IndexOutOfRange { index: 1, size: 1 },
        TreeError::EmptyBatch => TreeError::EmptyBatch,
        TreeError::CapacityExceeded => TreeError::CapacityExceeded,
        TreeError::InvalidProofDepth { .. } => TreeError::InvalidProofDepth { expected: 1, actual: 2 },
        TreeError::InvalidProofLevel { .. } => TreeError::InvalidProofLevel {
            level: 0, expected_position: 1, position: 0, expected_siblings: 1, siblings: 0,
        },
        TreeError::UnusedSlotNotZero { .. } => TreeError::UnusedSlotNotZero { level: 0 },
        TreeError::InvalidPackedPath { .. } => TreeError::InvalidPackedPath { expected: 1, actual: 0 },
        TreeError::InvalidProofLength { .. } => TreeError::InvalidProofLength { expected: 1, actual: 0 },
        TreeError::NoLeaves => TreeError::NoLeaves,
        TreeError::IndicesNotIncreasing { .. } => TreeError::IndicesNotIncreasing { position: 1 },
        TreeError::SizeDecreased { .. } => TreeError::SizeDecreased { old_size: 2, new_size: 1 },
        TreeError::SizeMismatch { .. } => TreeError::SizeMismatch { expected: 1, actual: 2 },
        TreeError::SizeOutOfRange { .. } => TreeError::SizeOutOfRange { requested: 2, size: 1 },
        TreeError::RootMismatch { .. } => TreeError::RootMismatch { size: 1 },
        TreeError::RefusedHash { .. } => TreeError::RefusedHash { role: HashRole::Leaf, index: 0 },
        TreeError::NoSuchForm { .. } => TreeError::NoSuchForm { kind: Kind::Multi, arity: 4 },
        TreeError::UnsupportedArity { .. } => TreeError::UnsupportedArity { arity: 5 },
        TreeError::ArityExceedsHasher { .. } => TreeError::ArityExceedsHasher { arity: 8, max_arity: 2 },
        TreeError::NodeUnavailable { .. } => TreeError::NodeUnavailable { level: 1, index: 2, source },
    }
}

fn check(error: &dyn Error) {
    let mut links = Vec::new();
    let mut next = Some(error);
    while let Some(link) = next {
        links.push(link.to_string());
        next = link.source();
    }
    for pair in links.windows(2) {
        assert!(!pair[0].contains(&pair[1]), "{links:?}");
    }
}

#[test]
fn a_reporter_that_prints_the_chain_prints_each_cause_once() {
    for error in tree_errors() {
        check(&error);
        check(&VerifyError::Malformed(error.clone()));
        check(&VerifyError::Encoding(error.clone().into()));
        check(&DecodeError::from(error));
    }
}

#[test]
fn one_line_holds_the_whole_cause() {
    for error in tree_errors() {
        let told = error.to_string();
        let outer = DecodeError::from(error).to_string();
        assert_eq!(outer, told);
    }
    let source = NodeFailure::new(TreeError::NoLeaves);
    let unavailable = TreeError::NodeUnavailable {
        level: 1,
        index: 2,
        source,
    };
    assert!(
        unavailable
            .to_string()
            .contains(&TreeError::NoLeaves.to_string())
    );
}
