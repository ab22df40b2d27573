//! [`Wrk`]: a run of `wrk`, and what it measured.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use crate::{Failure, Outcome};

/// Connections at once.
const CONNECTIONS: &str = "64";

/// One thread asks. With one more than the server leaves processors, the slowest hundredth tells
/// how long the threads of `wrk` wait for a processor themselves.
const THREADS: &str = "1";

/// What `wrk` measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wrk {
    /// Answers a second.
    pub rate: f64,
    /// Half of the answers took no longer.
    pub median: Duration,
    /// 99 of 100 answers took no longer.
    pub p99: Duration,
}

/// Asks for the numbers below the second argument, spread over them, behind the first one. The
/// requests are made before the run.
const GET: &str = r#"
local requests, next = {}, 0
function init(args)
  for i = 0, 4095 do
    requests[i] = wrk.format("GET", args[1] .. (i * 7919 % tonumber(args[2])))
  end
end
function request()
  next = (next + 1) % 4096
  return requests[next]
end
"#;

/// Appends the same leaf again and again.
const APPEND: &str = r#"
function init(args)
  wrk.method = "POST"
  wrk.body = string.rep("x", 32)
  wrk.headers["Content-Type"] = "application/octet-stream"
  wrk.headers["Authorization"] = "Bearer " .. args[1]
  prepared = wrk.format()
end
function request()
  return prepared
end
"#;

impl Wrk {
    /// Whether this machine has `wrk`.
    #[must_use]
    pub fn is_installed() -> bool {
        Command::new("wrk").arg("--version").output().is_ok()
    }

    pub(super) fn get(
        server: SocketAddr,
        path: &str,
        numbers: usize,
        lasts: Duration,
    ) -> Outcome<Self> {
        Self::run(server, path, GET, &[path, &numbers.to_string()], lasts)
    }

    pub(super) fn append(
        server: SocketAddr,
        path: &str,
        token: &str,
        lasts: Duration,
    ) -> Outcome<Self> {
        Self::run(server, path, APPEND, &[token], lasts)
    }

    fn run(
        server: SocketAddr,
        path: &str,
        script: &str,
        arguments: &[&str],
        lasts: Duration,
    ) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("requests.lua");
        fs::write(&file, script)?;
        let seconds = format!("{}s", lasts.as_secs().max(1));
        let output = Command::new("wrk")
            .args([
                "-t",
                THREADS,
                "-c",
                CONNECTIONS,
                "-d",
                &seconds,
                "--latency",
                "-s",
            ])
            .arg(&file)
            .arg(format!("http://{server}{path}"))
            .arg("--")
            .args(arguments)
            .output()?;
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            let error = String::from_utf8_lossy(&output.stderr);
            return Err(format!("wrk ends with an error: {error}{told}").into());
        }
        Self::read(&told)
    }

    /// Reads what `wrk` prints.
    fn read(told: &str) -> Outcome<Self> {
        let wrong = ["Non-2xx", "Socket errors"];
        if let Some(line) = told
            .lines()
            .find(|line| wrong.iter().any(|it| line.contains(it)))
        {
            return Err(format!("wrk tells: {}", line.trim()).into());
        }
        let behind = |word: &str| -> Outcome<&str> {
            let line = told.lines().find_map(|line| line.trim().strip_prefix(word));
            Ok(line
                .ok_or_else(|| format!("wrk tells no `{word}`: {told}"))?
                .trim())
        };
        Ok(Self {
            rate: behind("Requests/sec:")?.parse()?,
            median: time(behind("50%")?)?,
            p99: time(behind("99%")?)?,
        })
    }
}

/// A time with its unit.
fn time(text: &str) -> Outcome<Duration> {
    let at = text.find(|letter: char| letter.is_ascii_alphabetic());
    let (number, unit) = text.split_at(at.unwrap_or(text.len()));
    let unit = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        _ => return Err(Failure::from(format!("wrk tells the time `{text}`"))),
    };
    Ok(Duration::from_secs_f64(number.parse::<f64>()? * unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = "Running 2s test @ http://127.0.0.1:8080/
  2 threads and 64 connections
  Latency Distribution
     50%  820.00us
     75%    0.95ms
     90%    1.10ms
     99%    1.91ms
  142000 requests in 2.00s, 60.00MB read
Requests/sec:  71000.50
Transfer/sec:     30.00MB
";

    #[test]
    fn rate_and_times_are_read_and_errors_are_not_overlooked() {
        let read = Wrk::read(TOLD).unwrap();
        let expected = Wrk {
            rate: 71000.5,
            median: Duration::from_micros(820),
            p99: Duration::from_micros(1910),
        };
        assert_eq!(read, expected);
        let failed = format!("{TOLD}  Non-2xx or 3xx responses: 7\n");
        assert!(Wrk::read(&failed).is_err());
        assert!(Wrk::read("nothing").is_err());
    }
}
