//! Follows a chain with reorganisations: finalised blocks in a durable tree, the others in forks
//! over it.
//!
//! ```text
//! cargo run --release --example reorgs -- [BLOCKS]
//! ```
//!
//! An append-only tree cannot remove leaves, and need not. Only final blocks go into it, each as
//! one entry together with its number and id. A block that is not final yet is a fork: a tree in
//! memory that continues from a snapshot and shares its nodes. A reorganisation drops forks. After
//! a crash the metadata says where to continue.

mod chain;
mod follower;
#[cfg(test)]
mod tests;

use std::{
    error::Error,
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};

use crate::{
    chain::{Chain, News},
    follower::Follower,
};

const USAGE: &str = "\
usage: reorgs [BLOCKS]

Follows a made-up chain for so many blocks, 200 without a number, in a temporary directory.";

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    match run(std::env::args_os().skip(1), &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            // If the terminal is gone, the exit code still reports the failure.
            drop(writeln!(io::stderr(), "reorgs: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Whether the reader of the output has seen enough.
fn is_closed_pipe(error: &(dyn Error + 'static)) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn run(
    mut args: impl Iterator<Item = OsString>,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let word = args.next();
    if word
        .as_ref()
        .is_some_and(|word| word == "--help" || word == "-h")
    {
        return Ok(writeln!(out, "{USAGE}")?);
    }
    let blocks = word.map_or(Ok(200), |word| {
        let number = word.to_str().and_then(|word| word.parse().ok());
        number.ok_or_else(|| format!("`{}` is not a number of blocks", word.display()))
    })?;
    if let Some(word) = args.next() {
        return Err(format!("`{}` is not understood\n{USAGE}", word.display()).into());
    }
    let dir = tempfile::tempdir()?;
    let mut chain = Chain::new(7);

    let mut follower = Follower::open(dir.path())?;
    follow(&mut chain, &mut follower, blocks / 2, out)?;
    writeln!(out, "stopped without closing anything that is not final")?;
    drop(follower);

    let mut follower = Follower::open(dir.path())?;
    match follower.last_final() {
        Some(last) => writeln!(out, "resumed behind block {}", last.number)?,
        None => writeln!(out, "started over: no block had been final")?,
    }
    for block in chain.behind(follower.last_final()) {
        follower.apply(block.clone())?;
    }
    follow(&mut chain, &mut follower, blocks - blocks / 2, out)?;

    let head = follower.tip().head();
    writeln!(
        out,
        "tip: {} leaves, of which {} are final and durable",
        head.map_or(0, |head| head.size),
        follower.durable_size(),
    )?;
    Ok(())
}

/// Applies `blocks` blocks and checks a proof at the tip after each.
fn follow(
    chain: &mut Chain,
    follower: &mut Follower,
    blocks: u64,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let mut heard = 0;
    while heard < blocks {
        match chain.next() {
            News::Block(block) => {
                heard += 1;
                let number = block.number;
                let dropped = follower.apply(block)?;
                if dropped > 0 {
                    writeln!(out, "block {number} replaced {dropped} of the last blocks")?;
                }
                follower.check_tip()?;
            }
            News::Final(number) => follower.finalise(number)?,
        }
    }
    Ok(())
}
