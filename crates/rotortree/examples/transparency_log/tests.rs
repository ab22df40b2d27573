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

/// The whole list that the sample is the beginning of, where it lies beside the workspace.
#[test]
fn the_whole_list_has_the_same_story() {
    let list = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/debian-bookworm-amd64.sha256");
    if !list.exists() {
        return;
    }
    let told = told(&[list.to_str().unwrap()]).unwrap();
    for line in [
        "published 63663 entries: 251 new tiles\n",
        "the client believes 63663:0x5bf05bb05b0991323c8de3b911e70e503d6b4ba9c1bb79f68457ae5f1dd484aa\n",
        "a tampered tile: ",
        "an old checkpoint: ",
        "a fork: ",
        "the publisher refuses",
    ] {
        assert!(told.contains(line), "{told}");
    }
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
