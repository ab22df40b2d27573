//! Appends a file of hex leaves to a durable tree, and checks the result.
//!
//! ```text
//! cargo run --release --example append_log -- [FILE] [--dir DIR]
//! ```
//!
//! FILE has one leaf a line, 64 hex digits, or is `-` for the standard input. Without FILE the
//! leaves are 1000 SHA-256 digests of Debian packages. The tree has N = 4 and BLAKE3 and is kept in
//! DIR, or in a temporary directory without DIR. If DIR has a tree already, the run continues where
//! that tree ends: after a bad line or a loss of power, the same command does the rest.

mod args;
mod job;
mod lines;
mod probes;
mod report;
mod resume;
#[cfg(test)]
mod tests;

use std::{
    error::Error,
    ffi::OsString,
    fs::File,
    io::{self, BufRead, BufReader, Write},
    process::ExitCode,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    args::{Args, Input},
    job::Job,
    lines::Lines,
    report::Report,
};

/// The branching factor of the example's tree.
const ARITY: usize = 4;

/// Digests of the first 1000 packages of a Debian release.
const SAMPLE: &[u8] = include_bytes!("sample.sha256");

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    match run(std::env::args_os().skip(1), &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If the terminal is gone, the exit code still reports the failure.
            drop(writeln!(io::stderr(), "append_log: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(args: impl Iterator<Item = OsString>, out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let args = Args::parse(args)?;
    let mut report = Report::new(out);
    if args.help {
        return Ok(report.text(args::USAGE)?);
    }
    let (mut lines, len) = open(&args.input)?;
    let temporary;
    let dir = match &args.dir {
        Some(dir) => dir,
        None => {
            temporary = tempfile::tempdir()?;
            temporary.path()
        }
    };
    let bar = progress_bar(len)?;
    let job = Job {
        dir,
        is_kept: args.dir.is_some(),
        bar: &bar,
    };
    let outcome = job.run::<ARITY>(&mut lines, &mut report);
    bar.finish_and_clear();
    outcome
}

/// The lines of an input, and its length where that is known.
fn open(input: &Input) -> Result<(Lines, Option<u64>), Box<dyn Error>> {
    let (input, len, name): (Box<dyn BufRead>, Option<u64>, String) = match input {
        Input::Sample => (
            Box::new(SAMPLE),
            Some(SAMPLE.len() as u64),
            "the sample of 1000 Debian packages".to_owned(),
        ),
        Input::Stdin => (
            Box::new(io::stdin().lock()),
            None,
            "the standard input".to_owned(),
        ),
        Input::File(path) => {
            let named = |error| format!("{}: {error}", path.display());
            let file = File::open(path).map_err(named)?;
            let data = file.metadata().map_err(named)?;
            if data.is_dir() {
                return Err(
                    format!("{}: a directory, not a file of leaves", path.display()).into(),
                );
            }
            let len = data.is_file().then_some(data.len());
            (
                Box::new(BufReader::with_capacity(1 << 20, file)),
                len,
                path.display().to_string(),
            )
        }
    };
    Ok((Lines::new(input, name), len))
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
