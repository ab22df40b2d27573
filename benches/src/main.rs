//! `rotortree-benches [ROW ..] [--quick] [--dir PATH] [--plots PATH]
//! [--contenders PATH]`: measures the named rows, or all that do not run alone, and prints their
//! tables as Markdown. `cargo xtask bench` calls it.
#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use rotortree_benches::child;
use rotortree_benches::context::Context;
use rotortree_benches::memory::counting::Counting;
use rotortree_benches::rows::{self, Row};
use rotortree_benches::{Outcome, report};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    match run(std::env::args_os().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // A closed standard error leaves no place to report it.
            let _ = writeln!(io::stderr(), "{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: impl Iterator<Item = OsString>) -> Outcome<()> {
    let mut words = words.peekable();
    if words.next_if(|word| word == child::WORD).is_some() {
        return rows::work(&child::parse(words)?);
    }
    let (context, rows) = parse(words)?;
    let mut out = io::stdout();
    for row in rows {
        let lines = (row.run)(&context)?;
        report::write_table(&mut out, row.title, &lines)?;
        out.flush()?;
    }
    Ok(())
}

fn parse(mut words: impl Iterator<Item = OsString>) -> Outcome<(Context, Vec<&'static Row>)> {
    let mut context = Context {
        quick: false,
        directory: std::env::temp_dir(),
        plots: None,
        contenders: None,
    };
    let mut chosen = Vec::new();
    while let Some(word) = words.next() {
        match word.to_string_lossy().as_ref() {
            "--quick" => context.quick = true,
            "--dir" => {
                context.directory = words
                    .next()
                    .map(PathBuf::from)
                    .ok_or("--dir needs a path.")?;
            }
            "--plots" => {
                let path = words.next().ok_or("--plots needs a path.")?;
                context.plots = Some(path.into());
            }
            "--contenders" => {
                let path = words.next().ok_or("--contenders needs a path.")?;
                context.contenders = Some(path.into());
            }
            name => chosen.push(rows::find(name).ok_or_else(|| {
                let names: Vec<&str> = rows::ALL.iter().map(|row| row.name).collect();
                format!("There is no row `{name}`. There are: {}.", names.join(", "))
            })?),
        }
    }
    if chosen.is_empty() {
        chosen.extend(rows::ALL.iter().filter(|row| !row.alone));
    }
    Ok((context, chosen))
}
