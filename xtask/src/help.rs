//! The output of `cargo xtask`, `cargo xtask help`, `--help` after a command, and an
//! unknown command.

use std::process::ExitCode;

use crate::command::Command;
use crate::commands;
use crate::terminal;

/// True for the options that ask for help instead of a run.
pub(crate) fn is_asked_by(word: &str) -> bool {
    matches!(word, "--help" | "-h")
}

/// Prints what `command` does and takes.
pub(crate) fn of(command: &Command) -> ExitCode {
    terminal::line(text_of(command));
    ExitCode::SUCCESS
}

/// Prints the list of commands, or the help of `topic`; fails when `asked` was meant to
/// be a command.
pub(crate) fn run(asked: &str, topic: Option<&str>) -> ExitCode {
    let wanted = asked == "help" || is_asked_by(asked);
    let unknown = match topic {
        Some(name) if wanted => match commands::find(name) {
            Some(command) => return of(command),
            None => Some(name),
        },
        _ => (!wanted).then_some(asked),
    };
    if let Some(name) = unknown {
        terminal::line(format_args!("`{name}` is not a command.\n"));
    }
    terminal::line(text());
    if unknown.is_none() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn text_of(command: &Command) -> String {
    let mut text = format!(
        "Usage: cargo xtask {}{}\n\n{}",
        command.name,
        if command.options.is_empty() {
            ""
        } else {
            " [options]"
        },
        command.summary
    );
    if !command.options.is_empty() {
        text.push_str("\n\nOptions:");
        for (option, meaning) in command.options {
            text.push_str(&format!("\n  {option:<12} {meaning}"));
        }
    }
    text
}

fn text() -> String {
    let mut text = String::from("Usage: cargo xtask <command> [options]\n\nCommands:\n");
    for command in commands::ALL {
        text.push_str(&format!("  {:<10} {}\n", command.name, command.summary));
        for (option, meaning) in command.options {
            text.push_str(&format!("             {option:<12} {meaning}\n"));
        }
    }
    text.push_str("\n`cargo xtask <command> --help` prints one of them. ");
    text.push_str("`cargo xtask ci` is exactly what CI runs.");
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

    #[test]
    fn the_help_of_a_command_names_its_options_and_no_others() {
        for command in commands::ALL {
            let text = text_of(command);
            assert!(text.contains(command.summary), "{text}");
            assert_eq!(
                text.lines().filter(|line| line.starts_with("  ")).count(),
                command.options.len()
            );
        }
    }
}
