//! `head`: size and root.

use crate::{
    failure::Failure, head_argument::HeadDocument, output::Output, place::Place, store::Store,
};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    place: Place,
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let store = Store::at(&self.place)?;
        output.document(&HeadDocument::new(
            store.head()?,
            store.identity.arity,
            store.hash,
        ))
    }
}
