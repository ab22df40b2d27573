//! A tree in a bucket: a writer, a takeover, and a replica that verifies proofs.
//!
//! ```text
//! cargo run --release --example bucket -- memory://
//! cargo run --release --example bucket --features fs -- file:///tmp/trees/one
//! cargo run --release --example bucket --features aws -- s3://bucket/prefix [FILE]
//! ```
//!
//! The leaves are the digests at the beginning of FILE's lines, those of 1000 Debian packages
//! without FILE. The place may hold a tree of an earlier run, which goes on.

mod story;
#[cfg(test)]
mod tests;

use std::{
    error::Error,
    fs,
    io::{self, Write},
    process::ExitCode,
};

use rotortree_hasher::{Hash, Hex};
use rotortree_object_store::ObjectStorage;

const USAGE: &str = "\
usage: bucket URL [FILE]

Keeps the digests in FILE's lines, of 1000 Debian packages without FILE, in a tree at URL: memory://,
or with the features of rotortree-object-store file:///..., s3://..., gs://..., az://...
Settings and credentials come from the environment, as the crate object_store reads them.";

/// The digests of the first 1000 packages of a Debian release, in the repository.
const SAMPLE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../rotortree/examples/append_log/sample.sha256"
);

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    match run(std::env::args().skip(1), &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If the terminal is gone, the exit code still reports the failure.
            drop(writeln!(io::stderr(), "bucket: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(mut args: impl Iterator<Item = String>, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let url = match args.next() {
        Some(word) if word == "--help" => return Ok(writeln!(out, "{USAGE}")?),
        Some(url) => url,
        None => return Err(USAGE.into()),
    };
    let file = args.next().unwrap_or_else(|| SAMPLE.to_owned());
    if args.next().is_some() {
        return Err(USAGE.into());
    }
    let text = fs::read_to_string(&file).map_err(|error| format!("cannot read {file}: {error}"))?;
    let digests = text.lines().map(digest).collect::<Result<Vec<_>, _>>()?;
    if digests.len() < 2 {
        return Err("a tree of fewer than two leaves has no story to tell".into());
    }
    story::tell(&ObjectStorage::from_url(&url)?, &digests, out)
}

/// The digest at the beginning of a line.
fn digest(line: &str) -> Result<Hash, String> {
    let word = line.split_whitespace().next().unwrap_or_default();
    let hex: Result<Hex, _> = format!("0x{word}").parse();
    hex.map(|hex| hex.0)
        .map_err(|error| format!("`{word}`: {error}"))
}
