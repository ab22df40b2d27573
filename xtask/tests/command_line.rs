//! The program itself: help behind every command, and output that ends early.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail like one")]

use std::process::{Command, Output, Stdio};

fn xtask(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(words).stdin(Stdio::null());
    command
}

fn run(words: &[&str]) -> Output {
    xtask(words).output().unwrap()
}

fn text(output: &Output) -> &str {
    str::from_utf8(&output.stdout).unwrap()
}

/// The commands that the help lists.
fn commands() -> Vec<String> {
    let help = run(&["help"]);
    let listed = text(&help).lines().filter_map(|line| {
        let rest = line.strip_prefix("  ")?;
        let name = rest.split(' ').next()?;
        (!name.is_empty()).then(|| name.to_owned())
    });
    listed.collect()
}

#[test]
fn every_command_has_a_help_of_its_own_and_does_nothing_else() {
    let commands = commands();
    assert!(commands.len() > 10, "{commands:?}");
    for name in &commands {
        let first = format!("Usage: cargo xtask {name}");
        // `--fail-fast` and the like beside it change nothing: help is asked for, not a run.
        for words in [
            &[name, "--help"][..],
            &[name, "-h"],
            &["help", name],
            &[name, "--x", "-h"],
        ] {
            let output = run(words);
            assert!(output.status.success(), "{words:?}");
            assert!(
                text(&output).starts_with(&first),
                "{words:?}: {}",
                text(&output)
            );
        }
    }
}

#[test]
fn an_unknown_command_fails_and_lists_the_others() {
    for words in [&["no-such-command"][..], &["help", "no-such-command"]] {
        let output = run(words);
        assert!(!output.status.success());
        assert!(text(&output).starts_with("`no-such-command` is not a command."));
        assert!(text(&output).contains("mutations"));
    }
}

/// `cargo xtask help | head -1`: the reader is gone before everything is written.
#[test]
fn a_closed_pipe_is_no_panic() {
    for words in [
        &["help"][..],
        &["ci", "--help"],
        &["no-such-command"],
        &["fmt", "--no-such-option"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = xtask(words)
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = output.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!told.contains("panicked"), "{words:?}: {told}");
        assert_eq!(
            output.status.success(),
            words[0] == "help" || words[0] == "ci"
        );
    }
}

/// A word that is not Unicode is refused like any other that means nothing.
#[cfg(unix)]
#[test]
fn words_that_are_not_unicode_are_no_panic() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

    for first in [&[][..], &["fmt"]] {
        let output = xtask(first)
            .arg(OsStr::from_bytes(b"\xff"))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{first:?}");
        assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
    }
}
