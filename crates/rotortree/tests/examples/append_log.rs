//! `append_log`: hostile names, pipes on both sides, and a second run.

use std::fs;

use crate::program::{ends_quietly, example, fed, refused, told};

const ROOT_OF_SAMPLE: &str = "37b754b4ae9506bef7a80b55601ab110e1cecb7ef25f190103e4744c2d5de572";
const SAMPLE: &[u8] = include_bytes!("../../examples/append_log/sample.sha256");

fn size_told(told: &str) -> &str {
    let size = told.lines().find_map(|line| line.strip_prefix("size"));
    size.unwrap().trim()
}

#[test]
fn without_a_word_it_appends_the_sample() {
    assert!(told(&mut example("append_log")).contains(ROOT_OF_SAMPLE));
}

#[test]
fn leaves_come_from_the_standard_input() {
    let output = fed(example("append_log").arg("-"), SAMPLE);
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains(ROOT_OF_SAMPLE));
    // A line without a leaf names the input it came from.
    let output = fed(example("append_log").arg("-"), b"# a comment\noops");
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    let expected = "append_log: the standard input, line 2: `o` behind 0 hex digits, where 64 are wanted, in `oops`";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn a_run_that_stopped_at_a_bad_line_goes_on_when_the_line_is_mended() {
    let dir = tempfile::tempdir().unwrap();
    let (file, tree) = (dir.path().join("leaves"), dir.path().join("tree"));
    let run = || {
        let mut command = example("append_log");
        command.arg(&file).arg(format!("--dir={}", tree.display()));
        command
    };
    let mut lines: Vec<&str> = str::from_utf8(SAMPLE).unwrap().lines().collect();
    let good = std::mem::replace(&mut lines[500], "0x12");
    fs::write(&file, lines.join("\r\n")).unwrap();
    for _ in 0..2 {
        let error = refused(&mut run());
        assert!(
            error.contains("line 501: 2 hex digits, not 64, in `0x12`"),
            "{error}"
        );
        assert!(
            error.contains("has 500 leaves, all of them on disk"),
            "{error}"
        );
    }
    lines[500] = good;
    fs::write(&file, lines.join("\r\n")).unwrap();
    for appended in [500, 0] {
        let told = told(&mut run());
        assert!(
            told.contains(&format!("appended    {appended} leaves")),
            "{told}"
        );
        assert_eq!(size_told(&told), "1000");
        assert!(told.contains(ROOT_OF_SAMPLE));
    }
    lines[3] = lines[4];
    fs::write(&file, lines.join("\n")).unwrap();
    let error = refused(&mut run());
    assert!(
        error.contains("line 4: leaf 3 is ") && error.contains("Nothing was appended"),
        "{error}"
    );
}

#[test]
fn a_closed_pipe_ends_the_output_and_not_the_job() {
    let dir = tempfile::tempdir().unwrap();
    ends_quietly(
        example("append_log")
            .arg("--dir")
            .arg(dir.path().join("tree")),
    );
    ends_quietly(example("append_log").arg("--help"));
    let again = told(
        example("append_log")
            .arg("--dir")
            .arg(dir.path().join("tree")),
    );
    assert!(again.contains("appended    0 leaves"), "{again}");
}

/// Standard output that cannot be written is an error, and no silence.
#[cfg(target_os = "linux")]
#[test]
fn a_full_output_is_an_error() {
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    for name in ["append_log", "chain_indexer"] {
        let output = example(name)
            .stdout(full())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let output = output.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("No space left"),
            "{output:?}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_unicode_are_taken_as_they_are() {
    use crate::program::not_unicode;

    let dir = tempfile::tempdir().unwrap();
    let file = not_unicode(dir.path(), b"leaves\xff");
    let tree = not_unicode(dir.path(), b"tree\xfe");
    fs::write(&file, SAMPLE).unwrap();
    let told = told(example("append_log").arg(&file).arg("--dir").arg(&tree));
    assert!(told.contains(ROOT_OF_SAMPLE));
    assert!(tree.join("MANIFEST").is_file());
    // `--dir=` and a name that is not Unicode in one word.
    let mut word = std::ffi::OsString::from("--dir=");
    word.push(&tree);
    let again = crate::program::told(example("append_log").arg(&file).arg(word));
    assert!(again.contains("appended    0 leaves"), "{again}");
    // A line that is not Unicode either.
    fs::write(&file, b"\xff\xfd\n").unwrap();
    let error = refused(example("append_log").arg(&file));
    assert!(
        error.contains("line 1: `\u{fffd}` behind 0 hex digits"),
        "{error}"
    );
}

#[test]
fn what_is_not_there_or_no_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let error = refused(example("append_log").arg(dir.path().join("nothing")));
    assert!(error.contains("nothing"), "{error}");
    let error = refused(example("append_log").arg(dir.path()));
    assert!(
        error.contains("a directory, not a file of leaves"),
        "{error}"
    );
    let error = refused(example("append_log").arg("--dri"));
    assert!(
        error.contains("`--dri` is not understood") && error.contains("usage:"),
        "{error}"
    );
}
