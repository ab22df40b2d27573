//! The transcript is what the example tells, and a place goes on where it was left.

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
    let bucket = std::env::var("ROTORTREE_BUCKET").unwrap();
    let run = getrandom::u64().unwrap();
    let url = format!("{bucket}/tree-{run:x}");
    let told = told(&[&url]).unwrap();
    let expected = TRANSCRIPT.replace("\r\n", "\n").replace(PLACE, &url);
    assert_eq!(told, expected, "\n{told}");
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
