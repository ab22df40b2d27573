//! [`Worker`]: a contender in the program of `benches/contenders`, which takes turns with this one.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::Outcome;

/// A running program that does one task at a time. It ends when this value is dropped.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts `program` for a tree and a hash function, with one thread for rayon and with memory
    /// that is recycled, as ours is.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(program: &Path, tree: &str, function: &str) -> Outcome<Self> {
        let mut child = Command::new(program)
            .args([tree, function])
            .env("RAYON_NUM_THREADS", "1")
            .env("MALLOC_MMAP_MAX_", "0")
            .env("MALLOC_TRIM_THRESHOLD_", i32::MAX.to_string())
            .env("MALLOC_TOP_PAD_", (128 << 20).to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} does not start: {error}.", program.display()))?;
        let answers = child.stdout.take().ok_or("The worker has no output.")?;
        Ok(Self {
            child,
            answers: BufReader::new(answers),
        })
    }

    /// The time of a task. Nothing is yet at `path`.
    ///
    /// # Errors
    /// If the worker fails; it has written why to its standard error.
    pub fn run(&mut self, work: &str, count: usize, path: &Path) -> Outcome<Duration> {
        let input = self
            .child
            .stdin
            .as_mut()
            .ok_or("The worker has no input.")?;
        writeln!(input, "{work} {count} {}", path.display())?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        let seconds = answer.trim().parse();
        Ok(Duration::from_secs_f64(seconds.map_err(|_| {
            format!("A worker does not answer `{work}`.")
        })?))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Its input ends, and so does the program; no error is of use any more.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
