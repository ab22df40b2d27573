//! The verifiers to copy, in Python, JavaScript and shell, come to the verdicts of the library over
//! proofs and forgeries.
//!
//! Where Python or Node is missing these tests say so; they pass then, unless the variable `CI` is
//! set.

mod cases;
#[cfg(feature = "serve")]
mod live;
#[cfg(feature = "serve")]
mod lossy;

use std::{
    env,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use self::cases::{ALL, Case, Kind};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients")
}

/// Whether a program is not there, which is told.
#[expect(clippy::print_stderr, reason = "a test that cannot run says so")]
fn is_missing(program: &str) -> bool {
    let probe = Command::new(program).args(["-c", ""]).output();
    let is_missing = probe.is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    assert!(
        !is_missing || env::var_os("CI").is_none(),
        "{program} is missing"
    );
    if is_missing {
        eprintln!("{program} is missing: its client is not tested");
    }
    is_missing
}

/// The standard output of a script that is given the lines.
fn answers(program: &str, script: &str, lines: String) -> String {
    let mut child = Command::new(program)
        .arg(folder().join(script))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = thread::spawn(move || stdin.write_all(lines.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{script}: {}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

fn agrees(program: &str, script: &str) {
    if is_missing(program) {
        return;
    }
    let answers = answers(program, script, ALL.iter().map(Case::line).collect());
    let answers: Vec<&str> = answers.lines().collect();
    assert_eq!(answers.len(), ALL.len());
    for (case, answer) in ALL.iter().zip(answers) {
        assert_eq!(answer, case.verdict, "{script}: {}", case.line());
    }
}

#[test]
fn the_verifier_in_python_agrees() {
    agrees("python3", "tests/check.py");
}

#[test]
fn the_verifier_in_javascript_agrees() {
    agrees("node", "tests/check.mjs");
}

/// A process or more for each hash, so that a sample is taken of the true claims and of the false.
#[cfg(target_os = "linux")]
#[test]
fn the_verifier_in_shell_agrees() {
    let (refused, held): (Vec<_>, Vec<_>) = ALL
        .iter()
        .filter(|case| case.fits_a_shell)
        .partition(|case| case.verdict == "refused");
    let few = held.iter().step_by(47).chain(refused.iter().step_by(701));
    for case in few {
        let run = Command::new("sh")
            .arg(folder().join("shell/rotortree-verify.sh"))
            .args(case.line().split_whitespace())
            .output()
            .unwrap();
        let said = String::from_utf8([run.stdout, run.stderr].concat()).unwrap();
        let is_refused = case.verdict == "refused";
        let expected = if is_refused {
            "refused: "
        } else {
            &case.verdict
        };
        assert!(said.starts_with(expected), "{}{said}", case.line());
        assert_eq!(run.status.success(), !is_refused, "{}{said}", case.line());
    }
}

#[test]
fn the_cases_are_of_every_kind() {
    let (refused, held): (Vec<_>, Vec<_>) = ALL.iter().partition(|case| case.verdict == "refused");
    let holds = |kind| held.iter().filter(|case| case.kind == kind).count();
    assert!(refused.len() > 20_000, "{}", refused.len());
    assert!(holds(Kind::Inclusion) > 250);
    assert!(holds(Kind::Leaves) > 100);
    assert!(holds(Kind::Consistency) > 500);
    assert!(holds(Kind::CatchUp) > 100);
}
