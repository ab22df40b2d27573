//! Every error of this crate and of those below, printed as a reporter prints it: each cause once.

use std::error::Error;

use rotortree_lean_imt::{DecodeError, NodeFailure};
use rotortree_wal::{RecordError, SegmentError};

use super::*;
use crate::{checkpoint::CheckpointFailure, cold::storage_error, fs::named_for_tests};

/// A list with a sample for each variant. A variant without one does not compile.
macro_rules! samples {
    ($($variant:pat => $sample:expr,)*) => {{
        let _ = |error| match error { $($variant => (),)* };
        vec![$($sample),*]
    }};
}

/// The system's message in every sample that has a cause.
const CAUSE: &str = "the device is gone";

fn system() -> io::Error {
    named_for_tests(io::Error::other(CAUSE))
}

fn tree_error() -> TreeError {
    TreeError::NodeUnavailable {
        level: 2,
        index: 7,
        source: NodeFailure::new(StorageError::Io(system())),
    }
}

fn storage_errors() -> Vec<StorageError> {
    let file = || "/tree/MANIFEST".to_owned();
    let reason = || "it is short".to_owned();
    samples! {
        StorageError::Io(_) => system().into(),
        StorageError::Closed => StorageError::Closed,
        StorageError::Reentered => StorageError::Reentered,
        StorageError::FileLocked => StorageError::FileLocked,
        StorageError::FlushFailed(_) => StorageError::FlushFailed(Arc::new(system())),
        StorageError::Unavailable(_) => StorageError::Unavailable(Arc::new(system())),
        StorageError::CheckpointFailed(_) => StorageError::CheckpointFailed(system().to_string()),
        StorageError::MathError => StorageError::MathError,
        StorageError::CrcMismatch { .. } => StorageError::CrcMismatch {
            file: file(), offset: 1, expected: 2, actual: 3,
        },
        StorageError::WalCorrupted { .. } => StorageError::WalCorrupted {
            file: file(), offset: 1, reason: reason(), valid_sequence: 2, valid_size: 2, durable_sequence: 3,
            lost: None,
        },
        StorageError::NothingLeft { .. } => StorageError::NothingLeft {
            file: file(), offset: 1, reason: reason(), known_size: 9, lost: None,
        },
        StorageError::ConfigMismatch { .. } => StorageError::ConfigMismatch {
            expected_n: 2, actual_n: 3, expected_max_depth: 4, actual_max_depth: 5,
        },
        StorageError::HasherMismatch { .. } => StorageError::HasherMismatch {
            expected: [1; 32], actual: [2; 32],
        },
        StorageError::ForeignDirectory { .. } => StorageError::ForeignDirectory {
            place: "/tree".into(), found: "a file `x`".into(), remedy: "give another place".into(),
        },
        StorageError::UnsupportedFormat { .. } => StorageError::UnsupportedFormat {
            file: file(), found: 9, supported: 1,
        },
        StorageError::DataCorruption { .. } => StorageError::DataCorruption {
            file: file(), offset: 1, reason: reason(),
        },
        StorageError::WouldBlock => StorageError::WouldBlock,
        StorageError::UnexpectedHead { .. } => StorageError::UnexpectedHead { size: 3, reason: reason() },
        StorageError::MetadataTooLong { .. } => StorageError::MetadataTooLong { len: 9, max: 8 },
        StorageError::InvalidConfig(_) => StorageError::InvalidConfig("give a path".into()),
    }
}

fn failures() -> Vec<CheckpointFailure> {
    samples! {
        CheckpointFailure::Io(_) => system().into(),
        CheckpointFailure::Tree(_) => tree_error().into(),
        CheckpointFailure::Storage(_) => CheckpointFailure::Storage(system().into()),
        CheckpointFailure::Stopped => CheckpointFailure::Stopped,
        CheckpointFailure::NotASuccessor { .. } => CheckpointFailure::NotASuccessor {
            manifest_n: 2, manifest_size: 9, n: 2, size: 8,
        },
    }
}

/// The texts along the chain of sources, as `anyhow` and `std::error::Report` print them.
fn chain(error: &dyn Error) -> Vec<String> {
    let links = std::iter::successors(Some(error), |error: &&dyn Error| (*error).source());
    links.map(ToString::to_string).collect()
}

fn all() -> Vec<Box<dyn Error>> {
    let mut all: Vec<Box<dyn Error>> = Vec::new();
    for error in storage_errors() {
        all.push(Box::new(RotorTreeError::from(error)));
    }
    for error in storage_errors() {
        // On its way through a tree, to a reader of nodes and back.
        let source = NodeFailure::new(error);
        let unavailable = TreeError::NodeUnavailable {
            level: 1,
            index: 2,
            source,
        };
        all.push(Box::new(DecodeError::from(unavailable.clone())));
        all.push(Box::new(RotorTreeError::from(unavailable.clone())));
        all.push(Box::new(storage_error(unavailable)));
    }
    for error in storage_errors() {
        all.push(Box::new(error));
    }
    for failure in failures() {
        all.push(Box::new(StorageError::CheckpointFailed(
            failure.to_string(),
        )));
        all.push(Box::new(failure));
    }
    for error in [
        SegmentError::TooShort { found: 3 },
        SegmentError::NotASegment,
        SegmentError::Malformed,
    ] {
        all.push(Box::new(error));
    }
    for error in [
        RecordError::Empty,
        RecordError::MetadataTooLong { len: 9 },
        RecordError::MetadataBeforeEnd,
    ] {
        all.push(Box::new(error));
    }
    all
}

#[test]
fn a_reporter_that_prints_the_chain_prints_each_cause_once() {
    for error in all() {
        let chain = chain(&*error);
        for pair in chain.windows(2) {
            assert!(!pair[0].contains(&pair[1]), "{chain:?}");
        }
        let report = chain.join(": ");
        assert!(report.matches(CAUSE).count() <= 1, "{report}");
        assert!(
            !report.contains("checkpoint failed: the checkpoint failed"),
            "{report}"
        );
    }
}

#[test]
fn one_line_holds_the_whole_cause() {
    for error in [
        StorageError::from(system()),
        StorageError::FlushFailed(Arc::new(system())),
        StorageError::Unavailable(Arc::new(system())),
        storage_error(tree_error()),
    ] {
        let told = error.to_string();
        assert!(
            told.contains(CAUSE) && told.contains("/tree/LOCK"),
            "{told}"
        );
    }
    for failure in failures() {
        let told = failure.to_string();
        let outer = StorageError::CheckpointFailed(told.clone()).to_string();
        assert_eq!(outer.matches(&told).count(), 1, "{outer}");
    }
}

/// The system explains its own refusals; every other error says what can be done.
#[test]
fn every_refusal_of_ours_says_what_to_do() {
    const REMEDIES: &[&str] = &[
        "the next checkpoint covers",
        "Restore from a backup, or open with",
        "try again later",
        "; end the shortage",
        "; open",
        "; close",
        "; restore",
        "; flush",
        "; give",
        "; use",
        "; keep",
        "give a path",
        "put the newer",
    ];
    let silent: Vec<String> = storage_errors()
        .into_iter()
        // Named and explained by the system, and by the backend where there is a remedy.
        .filter(|error| !matches!(error, StorageError::Io(_)))
        .map(|error| error.to_string())
        .filter(|told| !REMEDIES.iter().any(|remedy| told.contains(remedy)))
        .collect();
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
fn the_system_s_number_is_told_through_the_name_that_the_backend_puts_around_it() {
    let system = || named_for_tests(io::Error::from_raw_os_error(28));
    assert_eq!(StorageError::Io(system()).raw_os_error(), Some(28));
    assert_eq!(
        StorageError::FlushFailed(Arc::new(system())).raw_os_error(),
        Some(28)
    );
    assert_eq!(StorageError::Closed.raw_os_error(), None);
}
