//! The table of commands.
//!
//! A command is a file here with a `COMMAND`; it is added by declaring the file and naming it in
//! [`ALL`]. It becomes a step of `ci` by being entered in the steps of `ci.rs`.

mod assets;
mod bench;
mod bucket;
mod ci;
mod dist;
mod explorer;
mod features;
mod fuzz;
mod interop;
mod layering;
mod lines;
mod loom;
mod mutations;
mod no_std;
mod package;
mod platforms;
mod semver;
mod server;
mod surface;
mod test;
mod tidy;
mod tools;
mod torture;
mod vendor;

use std::process::ExitCode;

use crate::args::Args;
use crate::command::Command;
use crate::terminal;
use crate::workspace::Workspace;

/// Every command, in the order of the help.
pub(crate) const ALL: &[Command] = &[
    ci::COMMAND,
    tidy::COMMAND,
    layering::COMMAND,
    tools::FMT,
    tools::CLIPPY,
    tools::MACHETE,
    tools::DENY,
    tools::DOCS,
    surface::COMMAND,
    semver::COMMAND,
    test::COMMAND,
    loom::COMMAND,
    features::COMMAND,
    no_std::COMMAND,
    platforms::COMMAND,
    interop::COMMAND,
    bucket::COMMAND,
    server::COMMAND,
    explorer::COMMAND,
    fuzz::COMMAND,
    package::COMMAND,
    assets::COMMAND,
    vendor::COMMAND,
    dist::COMMAND,
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

    /// `cargo xtask WORD` in a page is a command, and the page names every command.
    #[test]
    fn the_page_for_contributors_lists_every_command_and_no_other() {
        let root = Workspace::find().unwrap().root().to_owned();
        let page = std::fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
        let named: Vec<&str> = page
            .split("`cargo xtask ")
            .skip(1)
            .filter_map(|behind| behind.split([' ', '`']).next())
            .filter(|word| word.starts_with(char::is_lowercase))
            .collect();
        for name in &named {
            assert!(
                find(name).is_some(),
                "CONTRIBUTING.md has no such command: {name}"
            );
        }
        for command in ALL {
            assert!(
                named.contains(&command.name),
                "not in CONTRIBUTING.md: {}",
                command.name
            );
        }
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
