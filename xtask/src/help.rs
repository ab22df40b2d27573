//! What `cargo xtask`, `cargo xtask help` and a command nobody knows print.

use std::process::ExitCode;

use crate::commands;
use crate::terminal;

/// Prints the list of commands; fails when `asked` was meant to be one.
pub(crate) fn run(asked: &str) -> ExitCode {
    let wanted = matches!(asked, "help" | "--help" | "-h");
    if !wanted {
        terminal::line(format_args!("`{asked}` is not a command.\n"));
    }
    terminal::line(text());
    if wanted {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn text() -> String {
    let mut text = String::from("Usage: cargo xtask <command> [options]\n\nCommands:\n");
    for command in commands::ALL {
        text.push_str(&format!("  {:<10} {}\n", command.name, command.summary));
        for (option, meaning) in command.options {
            text.push_str(&format!("             {option:<12} {meaning}\n"));
        }
    }
    text.push_str("\n`cargo xtask ci` is exactly what CI runs.");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_command_and_option() {
        let text = text();
        for command in commands::ALL {
            assert!(text.contains(command.name));
            for (option, _) in command.options {
                assert!(text.contains(option));
            }
        }
    }
}
