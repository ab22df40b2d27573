//! Developer commands: `cargo xtask <command>`.
//!
//! This file only dispatches. Each command is one file under `commands/`, entered in the table of
//! `commands.rs`; what several commands share stands beside this file. Nothing here is
//! published. Rust, TOML, Markdown and cargo's metadata are read by the libraries that own them.

#![forbid(unsafe_code)]

mod args;
mod bucket;
mod cargo;
mod command;
mod commands;
mod help;
mod imports;
mod layering;
mod loopback;
mod mutations;
mod outcome;
mod programs;
mod rustdoc;
mod selection;
mod source;
mod surface;
mod symbols;
mod terminal;
mod tidy;
mod workspace;

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(code) = rustdoc::run_if_called() {
        return code;
    }
    // A word that is not Unicode is no command and no option: its lossy text is refused.
    let mut words = std::env::args_os()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned());
    let name = words.next().unwrap_or_else(|| "help".to_owned());
    let options: Vec<String> = words.collect();
    match commands::find(&name) {
        Some(command) if options.iter().any(|word| help::is_asked_by(word)) => help::of(command),
        Some(command) => commands::run(command, options),
        None => help::run(&name, options.first().map(String::as_str)),
    }
}
