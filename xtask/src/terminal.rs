//! The one place that prints.
//!
//! Everything goes to standard output, so that a log keeps the lines of xtask and of the tools it
//! runs in their order.

use std::fmt::Display;
use std::io::Write as _;

/// Prints one line.
#[expect(
    clippy::print_stdout,
    reason = "printing is what a developer command is for"
)]
pub(crate) fn line(text: impl Display) {
    println!("{text}");
    // A child process writes to the same descriptor next; nothing of ours may still be buffered.
    // A closed pipe is no reason to stop checking.
    let _ = std::io::stdout().flush();
}

/// Prints a heading that sets one step apart from the next.
pub(crate) fn heading(text: impl Display) {
    line(format_args!("\n=== {text}"));
}
