//! Indexes a chain with reorganisations: final blocks in a durable tree, the others in forks over
//! it.
//!
//! ```text
//! cargo run --release --example chain_indexer -- [BLOCKS]
//! ```
//!
//! An append-only tree cannot remove leaves, and need not. Only final blocks go into it, each as
//! one entry together with its number and id. A block that is not final yet is a fork: a tree in
//! memory that continues from a snapshot and shares its nodes. A reorganisation drops forks. After
//! a crash the metadata, written in one entry with the leaves, says where to continue: it is the
//! cursor.
//!
//! Users make proofs at the tip, and a verifier looks at them three blocks later. It accepts those
//! whose root some block had that still stands, and refuses those of replaced blocks.

mod chain;
mod indexer;
mod proofs;
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
    indexer::Indexer,
    proofs::Proofs,
};

const USAGE: &str = "\
usage: chain_indexer [BLOCKS]

Follows a made-up chain for so many blocks, 200 without a number, in a temporary directory.";

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    match run(std::env::args_os().skip(1), &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            // If the terminal is gone, the exit code still reports the failure.
            drop(writeln!(io::stderr(), "chain_indexer: {error}"));
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

    let mut indexer = Indexer::open(dir.path())?;
    follow(&mut chain, &mut indexer, blocks / 2, out)?;
    writeln!(out, "stopped without closing anything that is not final")?;
    drop(indexer);

    let mut indexer = Indexer::open(dir.path())?;
    match indexer.last_final() {
        Some(last) => writeln!(out, "resumed behind block {}", last.number)?,
        None => writeln!(out, "started over: no block had been final")?,
    }
    for block in chain.behind(indexer.last_final()) {
        indexer.apply(block.clone())?;
    }
    follow(&mut chain, &mut indexer, blocks - blocks / 2, out)?;

    let head = indexer.tip().head();
    writeln!(
        out,
        "tip: {} leaves, of which {} are final and durable",
        head.map_or(0, |head| head.size),
        indexer.durable_size(),
    )?;
    Ok(())
}

/// Applies `blocks` blocks, and checks a proof at the tip after each, and the one of three blocks
/// before.
fn follow(
    chain: &mut Chain,
    indexer: &mut Indexer,
    blocks: u64,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let mut heard = 0;
    let mut proofs = Proofs::default();
    while heard < blocks {
        match chain.next() {
            News::Block(block) => {
                heard += 1;
                let number = block.number;
                let dropped = indexer.apply(block)?;
                if dropped > 0 {
                    writeln!(out, "block {number} replaced {dropped} of the last blocks")?;
                }
                indexer.check_tip()?;
                proofs.look(indexer)?;
            }
            News::Final(number) => indexer.finalise(number)?,
        }
    }
    Ok(writeln!(out, "{proofs}")?)
}
