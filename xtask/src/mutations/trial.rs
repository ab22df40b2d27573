//! Builds the test of a mutation, and runs it with a time limit.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::Test;
use crate::cargo::{Invocation, passed};
use crate::outcome::{Failure, Outcome};
use crate::programs;

/// Every test has this long, and some times what it takes unmutated. Many mutations make a test
/// wait for good, so that a long limit would be most of a run.
const LEAST_LIMIT: Duration = Duration::from_secs(15);
const LIMIT_FACTOR: u32 = 8;

/// The end of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// So many test functions passed.
    Passed(u64),
    Failed,
    /// It was stopped at its limit.
    Hung,
}

/// Builds and runs tests of the copied tree.
#[derive(Debug)]
pub(crate) struct Trials {
    tree: PathBuf,
    target: PathBuf,
    /// The time that each unmutated test takes.
    taken: BTreeMap<Test, Duration>,
}

impl Trials {
    /// Trials of the tree at `tree`, built in `target`.
    pub(crate) fn new(tree: &Path, target: PathBuf) -> Self {
        Self {
            tree: tree.to_owned(),
            target,
            taken: BTreeMap::new(),
        }
    }

    /// Runs a test of the tree as it is, which must pass, and remembers how long it takes.
    pub(crate) fn rehearse(&mut self, test: &Test) -> Outcome<Duration> {
        let program = self.build(test)?;
        let start = Instant::now();
        let ending = self.run(test, &program, Duration::from_secs(600))?;
        let taken = start.elapsed();
        match ending {
            Ending::Passed(0) => Err(Failure::new(format!(
                "`{}` is no test of `{}` in {}.",
                test.name, test.target, test.package
            ))),
            Ending::Passed(_) => {
                self.taken.insert(test.clone(), taken);
                Ok(taken)
            }
            Ending::Failed | Ending::Hung => Err(Failure::new(format!(
                "`{}` of {} does not pass without any mutation.",
                test.name, test.package
            ))),
        }
    }

    /// Builds and runs a test of the tree as it is now. A tree that does not compile is a failure,
    /// not an ending.
    pub(crate) fn try_out(&self, test: &Test) -> Outcome<Ending> {
        let program = self.build(test)?;
        let taken = self.taken.get(test).copied().unwrap_or_default();
        self.run(test, &program, LEAST_LIMIT + taken * LIMIT_FACTOR)
    }

    /// The program that holds the test, with all features, as `cargo xtask test` builds it.
    fn build(&self, test: &Test) -> Outcome<PathBuf> {
        let package = &test.package;
        let mut words = format!("test -p {package} --all-features {}", test.option());
        if test.target == "lib" {
            // Unit tests are quick, and a package that is not optimized is built in a tenth of the
            // time or less.
            words += &format!(" --config profile.dev.package.{package}.opt-level=0");
        }
        let messages = Invocation::cargo(&self.tree, &words)
            .args(programs::BUILD)
            .args(["--target-dir", &self.target.to_string_lossy()])
            // Code that a mutation leaves unused must still compile.
            .env("RUSTFLAGS", "--cap-lints=warn -Awarnings")
            // These programs are never debugged, and each is built once for each mutation.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .output()?;
        let programs = programs::named_in(&messages)?;
        let program = programs.iter().find(|program| program.holds(&test.target));
        let path = program.map(|program| program.path().to_owned());
        path.ok_or_else(|| {
            Failure::new(format!(
                "cargo names no program for `{}` of {}.",
                test.target, test.package
            ))
        })
    }

    fn run(&self, test: &Test, program: &Path, limit: Duration) -> Outcome<Ending> {
        let folder = self.tree.join(test.folder());
        let output = self.target.join("last-test-output.txt");
        let failed = |error| Failure::io(program.display(), &error);
        // A file instead of a pipe, so that the test does not wait for a reader.
        let file = File::create(&output).map_err(failed)?;
        let mut child = Command::new(program)
            .arg(&test.name)
            .current_dir(&folder)
            .env("CARGO_MANIFEST_DIR", &folder)
            .stdin(Stdio::null())
            .stdout(file.try_clone().map_err(failed)?)
            .stderr(file)
            .spawn()
            .map_err(failed)?;
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().map_err(failed)? {
                break status;
            }
            if start.elapsed() > limit {
                child.kill().map_err(failed)?;
                child.wait().map_err(failed)?;
                return Ok(Ending::Hung);
            }
            thread::sleep(Duration::from_millis(20));
        };
        if !status.success() {
            return Ok(Ending::Failed);
        }
        let told = fs::read(&output).map_err(failed)?;
        let told = String::from_utf8_lossy(&told);
        Ok(Ending::Passed(told.lines().map(passed).sum()))
    }
}
