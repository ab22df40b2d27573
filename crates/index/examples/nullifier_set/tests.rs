//! The transcript is what the example tells, and it tells the same in every run.

mod killed;

use std::env;

use super::*;

/// The output, as it is committed.
const TRANSCRIPT: &str = include_str!("transcript.out");

const DIRECTORY: &str = "NULLIFIER_SET_DIRECTORY";

/// The process that is killed is a test of this very program.
#[test]
fn spends_block_3_if_it_is_told_a_directory() {
    if let Some(directory) = env::var_os(DIRECTORY) {
        let mut out = io::stdout().lock();
        spend_block_3(directory.as_ref(), &mut out).unwrap();
    }
}

fn test(directory: &Path) -> Outcome<Command> {
    let mut command = Command::new(env::current_exe()?);
    command
        .args([
            "tests::spends_block_3_if_it_is_told_a_directory",
            "--exact",
            "--nocapture",
        ])
        .env(DIRECTORY, directory);
    Ok(command)
}

#[test]
fn the_transcript_is_what_it_tells_whenever_the_process_is_killed() {
    for _ in 0..3 {
        let directory = tempfile::tempdir().unwrap();
        let mut out = Vec::new();
        tell(directory.path(), &test, &mut out).unwrap();
        let told = String::from_utf8(out).unwrap();
        assert_eq!(told, TRANSCRIPT.replace("\r\n", "\n"), "\n{told}");
    }
}

#[test]
fn a_set_that_is_there_and_words_too_many_are_refused() {
    let told = |args: &[&str]| {
        let args = args.iter().map(OsString::from);
        run(args, &mut Vec::new()).map_err(|error| error.to_string())
    };
    assert!(told(&["--help"]).is_ok());
    assert!(told(&["a", "b"]).unwrap_err().starts_with("usage"));
    let directory = tempfile::tempdir().unwrap();
    let set = NullifierSet::open(directory.path()).unwrap();
    set.spend(1, &nullifiers(1, 3)).unwrap();
    drop(set);
    let error = told(&[directory.path().to_str().unwrap()]).unwrap_err();
    assert!(error.contains("already"), "{error}");
}
