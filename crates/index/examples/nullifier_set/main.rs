//! A set of spent nullifiers: each is spent once, also by a process that is killed in the middle of
//! a block.
//!
//! ```console
//! $ cargo run --release -p rotortree-index --example nullifier_set
//! $ cargo run --release -p rotortree-index --example nullifier_set DIRECTORY
//! ```
//!
//! The tree is hashed with Poseidon, so that circuits can prove what is in it, and a block of
//! nullifiers is one entry with the number of the block as its cursor. The program tells what it
//! does, and each line is the same in every run. Without a directory it uses one that it removes.

mod block;
mod set;

use std::{
    env,
    error::Error,
    ffi::OsString,
    fmt::Display,
    io::{self, BufRead, BufReader, Write},
    path::Path,
    process::{Command, ExitCode, Stdio},
    thread,
    time::Duration,
};

use rotortree_hasher::Hex;
use rotortree_store::RotorTreeError;

use crate::{
    block::{in_other_bytes, nullifiers},
    set::NullifierSet,
};

const USAGE: &str = "usage: nullifier_set [DIRECTORY]\n";

/// Told to the process that is killed.
const SPEND: &str = "--spend-block-3-in";

/// The nullifiers of block 3.
const LARGE: u64 = 20_000;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    match run(env::args_os().skip(1), &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            drop(writeln!(io::stderr(), "nullifier_set: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(args: impl IntoIterator<Item = OsString>, out: &mut dyn Write) -> Outcome {
    let args: Vec<OsString> = args.into_iter().collect();
    match &args[..] {
        [] => tell(tempfile::tempdir()?.path(), &child, out),
        [help] if help == "--help" => Ok(out.write_all(USAGE.as_bytes())?),
        [spend, directory] if spend == SPEND => spend_block_3(directory.as_ref(), out),
        [directory] if !directory.is_empty() => tell(directory.as_ref(), &child, out),
        _ => Err(USAGE.trim_end().into()),
    }
}

/// This program, to spend block 3 in a directory.
fn child(directory: &Path) -> Outcome<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(SPEND).arg(directory);
    Ok(command)
}

/// Spends two blocks, is refused, is killed in the third, and goes on.
fn tell(
    directory: &Path,
    child: &dyn Fn(&Path) -> Outcome<Command>,
    out: &mut dyn Write,
) -> Outcome {
    let set = NullifierSet::open(directory)?;
    if set.block() > 0 {
        return Err("the directory has a set already".into());
    }
    for block in [1, 2] {
        set.spend(block, &nullifiers(block, 1000))?;
        writeln!(out, "block {block}: {}", told(&set))?;
    }
    writeln!(out, "\nBlocks that are refused, and change nothing:")?;
    let [spent, mut doubled, other] = [207, 1, 300].map(|at| nullifiers(1, 1000)[at]);
    let mut block = nullifiers(3, 10);
    block[7] = spent;
    writeln!(
        out,
        "- with a spent nullifier: {}",
        refused(set.spend(3, &block))?
    )?;
    block[7] = block[2];
    writeln!(
        out,
        "- with one nullifier twice: {}",
        refused(set.spend(3, &block))?
    )?;
    block[7] = [0; 32];
    writeln!(
        out,
        "- with an empty one: {}",
        refused(set.spend(3, &block))?
    )?;
    doubled = in_other_bytes(&doubled);
    block[7] = doubled;
    writeln!(
        out,
        "- with a spent one plus p: {}",
        refused(set.spend(3, &block))?
    )?;
    writeln!(
        out,
        "- block 2 again: {}",
        refused(set.spend(2, &nullifiers(2, 1000)))?
    )?;
    writeln!(out, "still: {}", told(&set))?;
    let index = set.find(&other)?.ok_or("it was spent in block 1")?;
    set.prove(index)?;
    writeln!(out, "the proof that nullifier {index} is spent verifies")?;
    set.save()?;
    drop(set);

    let mut process = child(directory)?.stdout(Stdio::piped()).spawn()?;
    let lines = BufReader::new(process.stdout.take().ok_or("it has an output")?).lines();
    // Of the lines around it, which are not the program's own, none says so.
    for line in lines {
        if line?.ends_with("spending") {
            break;
        }
    }
    thread::sleep(Duration::from_millis(5));
    process.kill()?;
    process.wait()?;
    writeln!(
        out,
        "\nblock 3, of {LARGE} nullifiers: the process is killed within it"
    )?;

    let set = NullifierSet::open(directory)?;
    set.verify()?;
    let whole = [(2, 2000), (3, 2000 + LARGE)];
    if !whole.contains(&(set.block(), set.size())) {
        return Err(format!("{} nullifiers in {} blocks", set.size(), set.block()).into());
    }
    writeln!(out, "opened again: the block is there whole or not at all")?;
    // The sender does not know which, and sends it again.
    match set.spend(3, &nullifiers(3, LARGE)) {
        Ok(()) => {}
        Err(RotorTreeError::Refused(refusal)) if set.block() == 3 && refusal.position == 0 => {}
        Err(error) => return Err(error.into()),
    }
    set.verify()?;
    writeln!(out, "block 3 again: {}", told(&set))?;
    let block = nullifiers(3, LARGE);
    let last = &block[block.len() - 1..];
    writeln!(
        out,
        "its last nullifier in block 4: {}",
        refused(set.spend(4, last))?
    )?;
    set.save()?;
    Ok(())
}

/// What the process does that is killed.
fn spend_block_3(directory: &Path, out: &mut dyn Write) -> Outcome {
    let set = NullifierSet::open(directory)?;
    let block = nullifiers(3, LARGE);
    writeln!(out, "spending")?;
    out.flush()?;
    set.spend(3, &block)?;
    // It may have been quicker than the one that kills it.
    thread::sleep(Duration::from_secs(60));
    Ok(())
}

fn told(set: &NullifierSet) -> impl Display {
    let root = Hex(set.root().unwrap_or_default());
    format!("{} nullifiers are spent, root {root}", set.size())
}

/// Why the block was refused.
fn refused(outcome: Result<(), RotorTreeError>) -> Outcome<String> {
    match outcome {
        Ok(()) => Err("a block with a spent nullifier was taken".into()),
        Err(error) => Ok(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
