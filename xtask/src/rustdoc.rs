//! rustdoc with its unstable options, from a stable toolchain.
//!
//! `RUSTC_BOOTSTRAP` unlocks them. Cargo would hand it to the build scripts too, and compile every
//! dependency once more; so xtask stands in for rustdoc and sets it there alone.

use std::process::{Command, ExitCode};

use crate::cargo::Invocation;
use crate::outcome::{Failure, Outcome};

/// Set where xtask is called as rustdoc.
const MARK: &str = "ROTORTREE_XTASK_IS_RUSTDOC";

/// Makes rustdoc write JSON, an unstable form of output, for a call of `cargo doc`.
pub(crate) fn writing_json(cargo_doc: Invocation) -> Outcome<Invocation> {
    let program = std::env::current_exe().map_err(|error| Failure::io("xtask", &error))?;
    let program = program
        .to_str()
        .ok_or_else(|| Failure::new("The path of xtask is not Unicode."))?;
    Ok(cargo_doc
        .env("RUSTDOCFLAGS", "-Z unstable-options --output-format json")
        .env("RUSTDOC", program)
        .env(MARK, "1"))
}

/// Runs rustdoc if xtask is called in its stead.
pub(crate) fn run_if_called() -> Option<ExitCode> {
    std::env::var_os(MARK)?;
    let outcome = Command::new("rustdoc")
        .args(std::env::args_os().skip(1))
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove(MARK)
        .status();
    Some(match outcome {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}
