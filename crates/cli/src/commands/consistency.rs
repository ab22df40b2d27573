//! `consistency`: the proof that the tree only grew.

use rotortree::TreeHead;

use super::prove::FormOptions;
use crate::{failure::Failure, output::Output, place::Place, store::Store};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    place: Place,
    /// The earlier size
    old: u64,
    /// The later size [default: that of the tree now]
    new: Option<u64>,
    /// Also proves which leaves came
    #[arg(long)]
    leaves: bool,
    #[command(flatten)]
    form: FormOptions,
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let store = Store::at(&self.place)?;
        let snapshot = store.snapshot(self.new)?;
        let old = snapshot
            .snapshot_at(self.old)?
            .head()
            .unwrap_or(TreeHead::EMPTY);
        let bytes = match self.leaves {
            true => snapshot.generate_catch_up_proof(old.size, old.root)?,
            false => snapshot.generate_consistency_proof(old.size, old.root)?,
        };
        let head = snapshot.head().unwrap_or(TreeHead::EMPTY);
        self.form.open(&store, head, output)?.since(old).put(&bytes)
    }
}
