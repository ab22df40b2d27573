//! The transcript is what the example tells, and a place goes on where it was left.

use std::{env, path::PathBuf};

use super::*;

/// The output for the sample, as it is committed.
const TRANSCRIPT: &str = include_str!("transcript.out");
/// The place in it.
const PLACE: &str = "s3://rotortree/tree";

fn told(args: &[&str]) -> Result<String, String> {
    let mut out = Vec::new();
    let args = args.iter().map(|arg| (*arg).to_owned());
    run(args, &mut out).map_err(|error| error.to_string())?;
    Ok(String::from_utf8(out).unwrap())
}

/// The whole list that the sample is the beginning of: a file that the variable names, or one
/// beside the workspace.
fn whole() -> Option<String> {
    let beside = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/debian-bookworm-amd64.sha256"
    );
    let named = env::var_os("ROTORTREE_DEBIAN_DIGESTS").map(PathBuf::from);
    let list = named.or_else(|| Some(beside.into()).filter(|path: &PathBuf| path.exists()))?;
    Some(list.to_str().unwrap().to_owned())
}

/// Tells of the whole list, where it is present, at a place and in memory: the same, of all leaves.
fn tell_of_the_whole_list(url: &str) {
    let Some(list) = whole() else { return };
    let told = [url, "memory://"].map(|place| told(&[place, &list]).unwrap().replace(place, "it"));
    assert_eq!(told[0], told[1]);
    let last = told[0].lines().last().unwrap();
    assert!(last.starts_with("opened again: 63663:0x"), "{last}");
}

#[test]
fn the_transcript_is_what_it_tells() {
    let told = told(&["memory://"]).unwrap();
    let expected = TRANSCRIPT.replace("\r\n", "\n").replace(PLACE, "memory://");
    assert_eq!(told, expected, "\n{told}");
}

#[cfg(feature = "aws")]
#[test]
#[ignore = "`cargo xtask bucket` runs it, with a store"]
fn a_running_store_gives_the_same_transcript() {
    let bucket = env::var("ROTORTREE_BUCKET").unwrap();
    let run = getrandom::u64().unwrap();
    let url = format!("{bucket}/tree-{run:x}");
    let told = told(&[&url]).unwrap();
    let expected = TRANSCRIPT.replace("\r\n", "\n").replace(PLACE, &url);
    assert_eq!(told, expected, "\n{told}");
    tell_of_the_whole_list(&format!("{url}-whole"));
}

#[cfg(feature = "fs")]
#[test]
fn a_directory_goes_on_where_it_was_left() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("file://{}/trees/one", dir.path().display());
    let first = told(&[&url]).unwrap();
    assert!(
        first.contains(": 0 leaves, and this writer owns"),
        "{first}"
    );
    let second = told(&[&url]).unwrap();
    assert!(
        second.contains(": 1000 leaves, and this writer owns"),
        "{second}"
    );
    assert!(second.contains("opened again: 2000:"), "{second}");
    tell_of_the_whole_list(&format!("{url}-whole"));
}

#[test]
fn what_cannot_be_told_is_an_error() {
    assert!(told(&["--help"]).unwrap().starts_with("usage"));
    assert!(told(&[]).unwrap_err().starts_with("usage"));
    assert!(
        told(&["memory://", "a", "b"])
            .unwrap_err()
            .starts_with("usage")
    );
    assert!(
        told(&["memory://", "/no/such/file"])
            .unwrap_err()
            .contains("/no/such/file")
    );
    assert!(told(&["nowhere"]).unwrap_err().contains("not a URL"));
}
