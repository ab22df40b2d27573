//! `rotortree`: what is done with a tree without writing Rust.
//!
//! This file reads the command line, runs one command and turns its outcome into an exit code. A
//! command is one file below `commands/`. The table of hash functions is `hash_function.rs`, that
//! of places `place.rs`, that of exit codes `failure/code.rs`; no other crate has one. Standard
//! output belongs to `Output`, the error output to `Failure` and to the progress bars.

#![forbid(unsafe_code)]

mod args;
mod commands;
mod directory_copy;
mod failure;
mod hash_function;
mod head_argument;
mod index_file;
mod interrupt;
mod leaf_name;
mod leaf_range;
mod leaf_search;
mod leaves;
mod limits;
mod output;
mod outside;
mod place;
mod progress;
mod store;

use std::process::ExitCode;

use clap::Parser;
use rotortree_proof_forms::hex;

use crate::{args::Args, output::Output};

fn main() -> ExitCode {
    let args = Args::parse();
    let mut output = Output::new(args.json);
    let outcome = limits::adjust()
        .and_then(|()| args.command.run(&mut output))
        .and_then(|()| output.finish());
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // What was said before the failure stands in front of it.
            drop(output.finish());
            failure.tell(args.json);
            failure.exit_code()
        }
    }
}
