//! Appends a file of hex leaves to a durable tree, and checks what came of it.
//!
//! ```text
//! cargo run --release --example append_log -- [FILE] [--dir DIR]
//! ```
//!
//! FILE has one leaf a line, 64 hex digits; without it 1000 SHA-256 digests of Debian packages are used. The tree has N = 4 and
//! BLAKE3 and is kept in DIR, which may hold a tree of an earlier run to go on from; without it in a temporary directory.

mod args;
mod job;
mod lines;
mod probes;
mod report;
#[cfg(test)]
mod tests;

use std::{
    error::Error,
    fs::File,
    io::{self, BufRead, BufReader, Write},
    process::ExitCode,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{args::Args, lines::Lines, report::Report};

/// The branching factor of the example's tree.
const ARITY: usize = 4;

/// Digests of the first 1000 packages of a Debian release.
const SAMPLE: &[u8] = include_bytes!("sample.sha256");

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    match run(std::env::args().skip(1), &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If the terminal is gone, there is nobody to tell.
            drop(writeln!(io::stderr(), "append_log: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(args: impl Iterator<Item = String>, out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let args = Args::parse(args)?;
    if args.help {
        writeln!(out, "{}", args::USAGE)?;
        return Ok(());
    }
    let (input, len, name): (Box<dyn BufRead>, Option<u64>, String) = match &args.file {
        None => (
            Box::new(SAMPLE),
            Some(SAMPLE.len() as u64),
            "the sample of 1000 Debian packages".to_owned(),
        ),
        Some(path) => {
            let named = |error| format!("{}: {error}", path.display());
            let file = File::open(path).map_err(named)?;
            let data = file.metadata().map_err(named)?;
            let len = data.is_file().then_some(data.len());
            (
                Box::new(BufReader::with_capacity(1 << 20, file)),
                len,
                path.display().to_string(),
            )
        }
    };
    let temporary;
    let dir = match &args.dir {
        Some(dir) => dir,
        None => {
            temporary = tempfile::tempdir()?;
            temporary.path()
        }
    };
    let bar = progress_bar(len)?;
    let outcome = job::run::<ARITY>(&mut Lines::new(input, name), dir, &bar, &mut Report(out));
    bar.finish_and_clear();
    outcome
}

/// Over the bytes of the input; hidden where the error output is no terminal.
fn progress_bar(len: Option<u64>) -> Result<ProgressBar, Box<dyn Error>> {
    let bar = ProgressBar::with_draw_target(len, ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template(match len {
        Some(_) => "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        None => "{msg} {spinner} {bytes} {bytes_per_sec}",
    })?);
    bar.set_message("appending");
    Ok(bar)
}
