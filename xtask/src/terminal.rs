//! The one place that prints.
//!
//! Everything goes to standard output, so that a log keeps the lines of xtask and of the tools it
//! runs in their order.

use std::fmt::Display;
use std::io::{self, Write as _};

/// Prints one line.
pub(crate) fn line(text: impl Display) {
    let mut out = io::stdout().lock();
    // A closed pipe is no reason to stop checking, and `println!` would panic.
    let _ = writeln!(out, "{text}");
    // A child process writes to the same descriptor next; nothing of ours may still be buffered.
    let _ = out.flush();
}

/// Prints a heading that sets one step apart from the next.
pub(crate) fn heading(text: impl Display) {
    line(format_args!("\n=== {text}"));
}
