//! Running other programs: every line is printed before it runs and timed after.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

use crate::outcome::{Failure, Outcome};
use crate::terminal;

/// One program about to run, and the line that a reader can paste to repeat it.
#[derive(Debug)]
pub(crate) struct Invocation {
    command: Command,
    shown: String,
    /// Begins each line of tests that run beside others.
    label: String,
}

impl Invocation {
    /// `cargo` of the toolchain that runs xtask, with `words` split at blanks.
    pub(crate) fn cargo(root: &Path, words: &str) -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        Self::new(root, cargo, "cargo").args(words.split_whitespace())
    }

    /// This very program, at `path`, with a command. Asked for it, cargo would wait for the builds
    /// beside it.
    pub(crate) fn xtask(root: &Path, path: &Path, command: &str) -> Self {
        Self::new(root, path, "cargo xtask").args([command])
    }

    /// `program` as found on the path, with `words` split at blanks.
    pub(crate) fn program(root: &Path, program: &str, words: &str) -> Self {
        let mut invocation = Self::new(root, program, program);
        // Another toolchain's cargo would take this for itself, and run ours.
        invocation.command.env_remove("CARGO");
        invocation.args(words.split_whitespace())
    }

    /// The command of these words, of which the first is the program.
    pub(crate) fn words(root: &Path, words: &[String]) -> Outcome<Self> {
        match words.split_first() {
            Some((program, args)) => Ok(Self::program(root, program, "").args(args)),
            None => Err(Failure::new("There is no command behind `--`.")),
        }
    }

    fn new(root: &Path, program: impl AsRef<OsStr>, shown: &str) -> Self {
        let mut command = Command::new(program);
        command.current_dir(root).stdin(Stdio::null());
        // `cargo run` describes xtask itself in these; a build script that watches one of them
        // would be run again for nothing.
        for (name, _) in std::env::vars_os() {
            if let Some(text) = name.to_str()
                && (text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_"))
            {
                command.env_remove(name);
            }
        }
        Self {
            command,
            shown: shown.to_owned(),
            label: String::new(),
        }
    }

    /// Adds arguments.
    pub(crate) fn args<I, S>(mut self, args: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: AsRef<str>,
    {
        for arg in args {
            let arg = arg.as_ref();
            self.command.arg(arg);
            self.shown.push(' ');
            self.shown.push_str(&quoted(arg));
        }
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self.shown = format!("{name}={} {}", quoted(value), self.shown);
        self
    }

    /// Begins each line that the tests print with a name: they run beside others.
    pub(crate) fn labelled(mut self, name: &str) -> Self {
        self.label = format!("{name}: ");
        self
    }

    /// Runs it with our standard output and error; anything but success is a failure.
    pub(crate) fn run(self) -> Outcome<()> {
        let seconds = self.timed(|command| command.status())?;
        terminal::line(format_args!("  took {seconds:.1} s"));
        Ok(())
    }

    /// Runs tests as [`run`](Self::run) does; how many passed.
    pub(crate) fn run_counted(self) -> Outcome<u64> {
        let mut ran = 0;
        let label = self.label.clone();
        let seconds = self.timed(|command| {
            let mut child = command.stdout(Stdio::piped()).spawn()?;
            if let Some(output) = child.stdout.take() {
                for line in BufReader::new(output).split(b'\n') {
                    let line = line?;
                    let line = String::from_utf8_lossy(&line);
                    ran += passed(&line);
                    terminal::line(format_args!("{label}{line}"));
                }
            }
            child.wait()
        })?;
        terminal::line(format_args!("  {label}{ran} tests took {seconds:.1} s"));
        Ok(ran)
    }

    /// Runs it with our standard error, and gives what it wrote to standard output.
    pub(crate) fn run_for_output(self) -> Outcome<String> {
        let mut told = Vec::new();
        let seconds = self.timed(|command| {
            let output = command.stderr(Stdio::inherit()).output()?;
            told = output.stdout;
            Ok(output.status)
        })?;
        terminal::line(format_args!("  took {seconds:.1} s"));
        Ok(String::from_utf8_lossy(&told).into_owned())
    }

    /// Runs it beside others: what it writes is printed behind its end, together, and given.
    pub(crate) fn run_apart(self) -> Outcome<String> {
        let shown = self.shown.clone();
        let mut told = String::new();
        let outcome = self.timed(|command| {
            // One pipe keeps the lines of both outputs in their order.
            let (mut reader, writer) = io::pipe()?;
            let mut child = command.stdout(writer.try_clone()?).stderr(writer).spawn()?;
            // The command's own ends of the pipe would keep it open.
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes)?;
            told = String::from_utf8_lossy(&bytes).into_owned();
            child.wait()
        });
        let took = outcome.as_ref().map_or_else(
            |_| "failed".to_owned(),
            |seconds| format!("took {seconds:.1} s"),
        );
        terminal::line(format_args!("\n  {shown}\n{told}  {took}"));
        outcome.map(|_| told)
    }

    /// Prints the line, and runs it by `run`; the seconds that it took.
    fn timed(mut self, run: impl FnOnce(&mut Command) -> io::Result<ExitStatus>) -> Outcome<f64> {
        terminal::line(format_args!("$ {}", self.shown));
        let start = Instant::now();
        let status = run(&mut self.command)
            .map_err(|error| Failure::io(format_args!("cannot run `{}`", self.shown), &error))?;
        let seconds = start.elapsed().as_secs_f64();
        if status.success() {
            return Ok(seconds);
        }
        Err(Failure::new(format!(
            "`{}` failed after {seconds:.1} s ({status}).",
            self.shown
        )))
    }

    /// Runs tests, at least one. A filter that matches nothing is a success to the test harness.
    pub(crate) fn run_tests(self) -> Outcome<()> {
        let shown = self.shown.clone();
        match self.run_counted()? {
            0 => Err(Failure::new(format!(
                "`{shown}` ran no test: what it names is not there any more."
            ))),
            _ => Ok(()),
        }
    }

    /// Runs it quietly and gives what it wrote to standard output.
    pub(crate) fn output(mut self) -> Outcome<String> {
        let output = self
            .command
            .output()
            .map_err(|error| Failure::io(format_args!("cannot start `{}`", self.shown), &error))?;
        if !output.status.success() {
            return Err(Failure::new(format!(
                "`{}` failed ({}):\n{}",
                self.shown,
                output.status,
                String::from_utf8_lossy(&output.stderr)
            )));
        }
        String::from_utf8(output.stdout)
            .map_err(|_| Failure::new(format!("`{}` did not print UTF-8.", self.shown)))
    }

    /// True when it can be started and ends well; prints nothing.
    pub(crate) fn succeeds(mut self) -> bool {
        self.command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }
}

/// The target that the compiler compiles for by itself.
pub(crate) fn host(root: &Path) -> Outcome<String> {
    let told = Invocation::program(root, "rustc", "--print host-tuple").output()?;
    Ok(told.trim().to_owned())
}

/// The number of tests that passed, if this is the line that closes a run of tests.
pub(crate) fn passed(line: &str) -> u64 {
    let count = line.strip_prefix("test result: ok. ").and_then(|rest| {
        let (count, _) = rest.split_once(" passed;")?;
        count.parse().ok()
    });
    count.unwrap_or(0)
}

/// `text` as a shell would want it.
fn quoted(text: &str) -> String {
    if text.is_empty() || text.contains([' ', '"', '$', '*']) {
        format!("'{text}'")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shown_line_can_be_pasted() {
        let invocation = Invocation::cargo(Path::new("."), "doc --no-deps")
            .args(["-p", "a b"])
            .env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(
            invocation.shown,
            "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps -p 'a b'"
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_a_failure() {
        let root = Path::new(".");
        assert!(!Invocation::program(root, "no-such-program-here", "").succeeds());
        assert!(
            Invocation::program(root, "no-such-program-here", "")
                .run()
                .is_err()
        );
    }

    #[test]
    fn the_closing_line_of_a_run_says_how_many_tests_passed() {
        let line = "test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured; 4 filtered out";
        assert_eq!(passed(line), 12);
        assert_eq!(passed(&line.replace("12", "0")), 0);
        assert_eq!(passed("test result: FAILED. 12 passed; 1 failed"), 0);
        assert_eq!(passed("test tests::x ... ok"), 0);
    }

    #[test]
    fn a_run_of_tests_in_which_none_ran_is_a_failure() {
        let root = Path::new(".");
        let cargo = |filter: &str| {
            let line = format!("test result: ok. {filter} passed; 0 failed");
            Invocation::program(root, "echo", &line).run_tests()
        };
        assert_eq!(cargo("2"), Ok(()));
        assert!(cargo("0").is_err());
        assert!(
            Invocation::program(root, "cargo", "--version")
                .run_tests()
                .is_err()
        );
    }

    #[test]
    fn a_program_that_fails_is_a_failure() {
        let root = Path::new(".");
        assert!(
            Invocation::cargo(root, "no-such-subcommand")
                .output()
                .is_err()
        );
        assert!(Invocation::cargo(root, "--version").output().is_ok());
    }
}
