//! The transcript is what the example tells, and it tells the same of other logs.

use super::*;

/// The output for the sample, as it is committed.
const TRANSCRIPT: &str = include_str!("transcript.out");

fn told(args: &[&str]) -> Result<String, String> {
    let mut out = Vec::new();
    let args = args.iter().map(OsString::from);
    run(args, &mut out).map_err(|error| error.to_string())?;
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn the_transcript_is_what_it_tells() {
    let told = told(&[]).unwrap();
    assert_eq!(told, TRANSCRIPT.replace("\r\n", "\n"), "\n{told}");
}

#[test]
fn logs_of_every_shape_have_the_same_story() {
    for count in [2, 3, 255, 256, 257, 512, 513] {
        let entries: Vec<Vec<u8>> = (0..count).map(|i| format!("{i}").into()).collect();
        let folder = tempfile::tempdir().unwrap();
        let mut out = Vec::new();
        tell(&entries, folder.path(), &mut out).unwrap();
        let told = String::from_utf8(out).unwrap();
        for line in [
            "a tampered tile: ",
            "an old checkpoint: ",
            "a fork: ",
            "the publisher refuses",
        ] {
            assert!(told.contains(line), "{count} entries: {told}");
        }
    }
}

#[test]
fn too_few_entries_and_words_too_many_are_refused() {
    assert!(told(&["--help"]).unwrap().starts_with("usage"));
    assert!(told(&["a", "b"]).unwrap_err().starts_with("usage"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("one");
    fs::write(&file, "digest\n").unwrap();
    let error = told(&[file.to_str().unwrap()]).unwrap_err();
    assert!(error.contains("fewer than two"), "{error}");
}
