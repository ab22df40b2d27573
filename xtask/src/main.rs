//! Developer commands: `cargo xtask <command>`.
//!
//! This file only dispatches. Each command is one file under `commands/`, entered in the table of
//! `commands/mod.rs`; what several commands share stands beside this file. Nothing here is
//! published, and nothing but `serde_json` (to read `cargo metadata`) is depended on, so that the
//! first command on a fresh clone starts after a few seconds of compiling.

#![forbid(unsafe_code)]

mod args;
mod cargo;
mod commands;
mod help;
mod layering;
mod metadata;
mod mutations;
mod outcome;
mod rust_text;
mod symbols;
mod terminal;
mod tidy;
mod workspace;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let name = words.next().unwrap_or_else(|| "help".to_owned());
    match commands::find(&name) {
        Some(command) => commands::run(command, words.collect()),
        None => help::run(&name),
    }
}
