//! A server process that does not outlive xtask.

use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::outcome::{Failure, Outcome};

/// Starts a server, ends it and begins it again as the lines of its input say, and ends it once the
/// input ends: with xtask, whether that returns, fails or is killed. An interrupt from a terminal
/// reaches xtask alone. The data is thrown away, so nothing waits for the server to end in order.
const GUARD: &str = r#"trap '' INT HUP TERM
begin() { "$@" </dev/null >>"$LOG" 2>&1 & }
end() { kill -9 "$!"; wait "$!" 2>/dev/null; }
begin "$@"
echo "$!"
exec 1>&-
while read -r line; do "$line" "$@"; done
end
rm -rf "$FOLDER""#;

/// A server is healthy within this time, or never.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server. It ends, and its folder with it, when this value is dropped.
pub(crate) struct Server {
    guard: Child,
    /// Its first process.
    process: String,
    log: PathBuf,
}

impl Server {
    /// Starts `program` in `folder`, which is there and is the server's alone.
    pub(crate) fn start(program: &Path, args: &[String], folder: &Path) -> Outcome<Self> {
        let failed =
            |error| Failure::io(format_args!("cannot start {}", program.display()), &error);
        let log = folder.join("log.txt");
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(program)
            .args(args)
            .env("LOG", &log)
            .env("FOLDER", folder)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let mut process = String::new();
        if let Some(out) = guard.stdout.take() {
            BufReader::new(out)
                .read_line(&mut process)
                .map_err(failed)?;
        }
        Ok(Self {
            guard,
            process: process.trim().to_owned(),
            log,
        })
    }

    /// Kills the server.
    pub(crate) fn kill(&mut self) -> Outcome<()> {
        self.tell("end\n")
    }

    /// Starts a server that was killed, on the same data.
    pub(crate) fn start_again(&mut self) -> Outcome<()> {
        self.tell("begin\n")
    }

    fn tell(&mut self, line: &str) -> Outcome<()> {
        let failed = |error| Failure::io("cannot reach the guard of a server", &error);
        match &mut self.guard.stdin {
            Some(guard) => guard.write_all(line.as_bytes()).map_err(failed),
            None => Err(Failure::new("The server has ended.")),
        }
    }

    /// Returns once the server is healthy.
    pub(crate) fn wait_until(&self, is_healthy: impl Fn() -> bool) -> Outcome<()> {
        let start = Instant::now();
        while !is_healthy() {
            if start.elapsed() > PATIENCE {
                let log = fs::read_to_string(&self.log).unwrap_or_default();
                let lines: Vec<&str> = log.lines().rev().take(20).collect();
                let end: Vec<&str> = lines.into_iter().rev().collect();
                return Err(Failure::new(format!(
                    "The server (process {}) did not become healthy within {PATIENCE:?}; its log \
                     ends with:\n{}",
                    self.process,
                    end.join("\n")
                )));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // It ends at once; there is nothing left to do if it cannot be waited for.
        let _ = self.guard.wait();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn lives(process: &str) -> bool {
        let mut kill = Command::new("kill");
        kill.args(["-0", process]).stderr(Stdio::null());
        kill.status().is_ok_and(|status| status.success())
    }

    #[test]
    fn a_server_ends_with_its_value_and_with_the_input_of_its_guard() {
        let folder = std::env::temp_dir();
        let folder = folder.join(format!("rotortree-server-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let words = ["-c", "echo started; sleep 1000"].map(str::to_owned);
        let mut server = Server::start(Path::new("sh"), &words, &folder).unwrap();
        let log = folder.join("log.txt");
        let has = |lines: &str| fs::read_to_string(&log).is_ok_and(|log| log == lines);
        server.wait_until(|| has("started\n")).unwrap();
        let process = server.process.clone();
        assert!(lives(&process));
        server.kill().unwrap();
        server.start_again().unwrap();
        server.wait_until(|| has("started\nstarted\n")).unwrap();
        assert!(!lives(&process), "the first one was killed");
        drop(server);
        assert!(!folder.exists());
    }
}
