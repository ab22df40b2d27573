//! `chain_indexer`: a closed pipe, and words that mean nothing.

use crate::program::{ends_quietly, example, refused, told};

#[test]
fn it_follows_so_many_blocks() {
    assert!(told(example("chain_indexer").arg("40")).contains("are final and durable"));
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    ends_quietly(example("chain_indexer").arg("400"));
    ends_quietly(example("chain_indexer").arg("--help"));
}

#[test]
fn words_that_mean_nothing_are_refused() {
    let error = refused(example("chain_indexer").arg("many"));
    assert_eq!(error, "chain_indexer: `many` is not a number of blocks\n");
}

#[cfg(unix)]
#[test]
fn a_word_that_is_not_unicode_is_refused_like_any_other() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    let error = refused(example("chain_indexer").arg(OsStr::from_bytes(b"\xff")));
    assert_eq!(
        error,
        "chain_indexer: `\u{fffd}` is not a number of blocks\n"
    );
}
