//! `leaves`: the leaves of a range.

use serde::Serialize;

use crate::{
    failure::Failure, hex, leaf_range::LeafRange, output::Output, place::Place, store::Store,
};

/// Leaves that are read at once.
const PIECE: u64 = 4096;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    place: Place,
    /// The leaves from A on and before B; `A..`, `..B` and `..` leave a bound out
    #[arg(value_name = "A..B", default_value = "..")]
    range: LeafRange,
    /// Prints records of 32 bytes
    #[arg(long)]
    raw: bool,
}

/// A leaf as a line of JSON.
#[derive(Serialize)]
struct Line {
    index: u64,
    leaf: String,
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.leaf)
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let snapshot = Store::at(&self.place)?.snapshot(None)?;
        let range = self.range.within(snapshot.size())?;
        let mut piece = vec![[0; 32]; PIECE.min(range.end - range.start) as usize];
        let mut bar = output.progress("reading", Some(range.end - range.start));
        for start in range.clone().step_by(PIECE as usize) {
            if output.is_closed() {
                break;
            }
            bar.set(start - range.start);
            piece.truncate((range.end - start).min(PIECE) as usize);
            snapshot.read_nodes(0, start, &mut piece)?;
            if self.raw {
                output.bytes(piece.as_flattened())?;
                continue;
            }
            for (index, leaf) in (start..).zip(&piece) {
                let leaf = hex::encode(leaf);
                output.document(&Line { index, leaf })?;
            }
        }
        Ok(())
    }
}
