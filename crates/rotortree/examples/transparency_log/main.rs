//! A transparency log over digests of packages, and a client that trusts its key alone.
//!
//! ```text
//! cargo run --release --example transparency_log --features sha2 -- [FILE]
//! ```
//!
//! Each entry is the number of a line of FILE and its digest. Without FILE the digests are those of
//! 1000 Debian packages. The operator appends entries to a durable tree and publishes tiles and
//! checkpoints in a temporary directory; a witness cosigns. The client follows the log, proves an
//! entry from tiles, and notices a tampered tile, a checkpoint that goes back, and a fork.

mod client;
mod operator;
#[cfg(test)]
mod tests;
mod witness;

use std::{
    error::Error,
    ffi::OsString,
    fs,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use crate::{client::Auditor, operator::Operator};

const USAGE: &str = "\
usage: transparency_log [FILE]

Publishes the lines of FILE, 1000 digests of Debian packages without FILE, as a transparency log in
a temporary directory, and follows it.";

/// Digests of the first 1000 packages of a Debian release.
const SAMPLE: &str = include_str!("../append_log/sample.sha256");

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    match run(std::env::args_os().skip(1), &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If the terminal is gone, the exit code still reports the failure.
            drop(writeln!(io::stderr(), "transparency_log: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(
    mut args: impl Iterator<Item = OsString>,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let digests = match (args.next(), args.next()) {
        (Some(word), None) if word == "--help" => return Ok(writeln!(out, "{USAGE}")?),
        (Some(file), None) => fs::read_to_string(file)?,
        (None, _) => SAMPLE.to_owned(),
        (Some(_), Some(_)) => return Err(USAGE.into()),
    };
    let entries: Vec<Vec<u8>> = (1..)
        .zip(digests.lines())
        .map(|(line, digest)| format!("{line} {digest}").into())
        .collect();
    if entries.len() < 2 {
        return Err("a log of fewer than two entries has no story to tell".into());
    }
    let folder = tempfile::tempdir()?;
    tell(&entries, folder.path(), out)
}

/// The story of one log.
fn tell(entries: &[Vec<u8>], folder: &Path, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let mut operator = Operator::new(folder, entries)?;
    let mut auditor = Auditor::new(&folder.join("place"), &operator)?;

    let half = entries.len() / 2;
    for len in [half, entries.len()] {
        let tiles = operator.publish(len)?;
        writeln!(out, "published {len} entries: {tiles} new tiles")?;
        let head = auditor.follow()?;
        writeln!(out, "the client believes {head}")?;
    }
    writeln!(out, "\n{}", auditor.note()?)?;
    auditor.prove(half as u64, out)?;
    auditor.notices_a_tampered_tile(out)?;
    auditor.notices_a_rollback(out)?;
    let fork = operator.fork()?;
    auditor.notices_a_fork(&fork, out)?;
    operator.restored_is_refused(out)
}
