//! The table of commands.
//!
//! A command is a file here with a `COMMAND`; it is added by declaring the file and naming it in
//! [`ALL`]. It becomes a step of `ci` by being named in `ci::STEPS`.

mod bench;
mod ci;
mod clippy;
mod docs;
mod features;
mod fmt;
mod fuzz;
mod layering;
mod lines;
mod loom;
mod mutations;
mod no_std;
mod package;
mod surface;
mod test;
mod tidy;
mod torture;

use std::process::ExitCode;

use crate::args::Args;
use crate::outcome::Outcome;
use crate::terminal;
use crate::workspace::Workspace;

/// One command.
pub(crate) struct Command {
    /// The word after `cargo xtask`.
    pub(crate) name: &'static str,
    /// One line of help.
    pub(crate) summary: &'static str,
    /// Each option with its line of help.
    pub(crate) options: &'static [(&'static str, &'static str)],
    /// Does it. Options that it does not take are refused.
    pub(crate) run: fn(&Workspace, Args) -> Outcome,
}

/// Every command, in the order of the help.
pub(crate) const ALL: &[Command] = &[
    ci::COMMAND,
    tidy::COMMAND,
    layering::COMMAND,
    fmt::COMMAND,
    clippy::COMMAND,
    docs::COMMAND,
    surface::COMMAND,
    test::COMMAND,
    loom::COMMAND,
    features::COMMAND,
    no_std::COMMAND,
    fuzz::COMMAND,
    package::COMMAND,
    bench::COMMAND,
    lines::COMMAND,
    torture::COMMAND,
    mutations::COMMAND,
];

/// The command called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Command> {
    ALL.iter().find(|command| command.name == name)
}

/// Runs `command` with the given options and says how it ended.
pub(crate) fn run(command: &Command, options: Vec<String>) -> ExitCode {
    let outcome =
        Workspace::find().and_then(|workspace| (command.run)(&workspace, Args::new(options)));
    match outcome {
        Ok(verdict) => {
            terminal::line(format_args!("{}: {verdict}", command.name));
            ExitCode::SUCCESS
        }
        Err(failure) => {
            terminal::line(format_args!("{}: FAILED\n{failure}", command.name));
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_have_one_name_each() {
        for command in ALL {
            assert_eq!(
                ALL.iter()
                    .filter(|other| other.name == command.name)
                    .count(),
                1
            );
        }
        assert!(find("ci").is_some());
        assert!(find("no-such-command").is_none());
    }

    #[test]
    fn every_command_refuses_an_unknown_option() {
        let workspace = Workspace::find().unwrap();
        for command in ALL {
            let args = Args::new(vec!["--no-such-option".to_owned()]);
            assert!((command.run)(&workspace, args).is_err(), "{}", command.name);
        }
    }
}
