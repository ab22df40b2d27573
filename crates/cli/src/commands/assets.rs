//! `assets`: completions for shells and manual pages. Not shown in the help: `cargo xtask assets`
//! calls it and keeps what it writes in the repository.

use std::{fs, path::PathBuf};

use clap::{CommandFactory, ValueEnum};
use clap_complete::Shell;

use crate::{args, failure::Failure, output::Output};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The folder to write to
    folder: PathBuf,
}

impl Args {
    pub(crate) fn run(self, _: &mut Output) -> Result<(), Failure> {
        let fail = |error| Failure::file(&self.folder, &error);
        fs::create_dir_all(&self.folder).map_err(fail)?;
        let command = args::Args::command();
        for shell in Shell::value_variants() {
            let mut command = command.clone();
            clap_complete::generate_to(*shell, &mut command, "rotortree", &self.folder)
                .map_err(fail)?;
        }
        clap_mangen::generate_to(command, &self.folder).map_err(fail)
    }
}
