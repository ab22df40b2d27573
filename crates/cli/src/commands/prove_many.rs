//! `prove-many`: an inclusion proof for each of many leaves, or one proof for all of them.

mod ordered;

use std::{
    io::{self, BufRead},
    mem,
    ops::Range,
    str::FromStr,
    thread,
};

use rotortree::{AnySnapshot, TreeHead};
use rotortree_proof_forms::one_proof;

use self::ordered::Ordered;
use super::prove::{Form, FormOptions, Sheet};
use crate::{
    failure::{Code, Failure},
    leaf_range::LeafRange,
    output::Output,
    place::Place,
    progress::Progress,
    store::Store,
};

/// Leaves of a piece: enough to outweigh handing it over.
const PIECE: usize = 256;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    place: Place,
    /// Indices, and ranges A..B; `-` reads them from the standard input, one a line
    #[arg(required = true, value_name = "INDEX|A..B")]
    leaves: Vec<Leaves>,
    /// Proves the leaves for the head of the tree when it had SIZE leaves
    #[arg(long, value_name = "SIZE")]
    at: Option<u64>,
    /// Makes one proof for all leaves: a range proof of a run of them, else a multiproof
    #[arg(long)]
    one: bool,
    #[command(flatten)]
    form: FormOptions,
}

/// Leaves on the command line.
#[derive(Clone, Copy, Debug)]
enum Leaves {
    Index(u64),
    Range(LeafRange),
    Stdin,
}

impl FromStr for Leaves {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "-" => Ok(Self::Stdin),
            text if text.contains("..") => text.parse().map(Self::Range),
            text => text
                .parse()
                .map(Self::Index)
                .map_err(|error| format!("an index: {error}")),
        }
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let store = Store::at(&self.place)?;
        let snapshot = store.snapshot(self.at)?;
        let head = snapshot.head().unwrap_or(TreeHead::EMPTY);
        let bar = output.progress("proving", None);
        let mut sheet = self.form.open(&store, head, output)?;
        if self.one {
            return sheet.put(&self.one_proof(&*snapshot)?);
        }
        let (snapshot, form) = (&*snapshot, sheet.form());
        let prove = |piece: Piece| piece.prove(snapshot, &form);
        thread::scope(|scope| {
            let mut proving = Proving {
                ordered: Ordered::new(scope, &prove),
                bar,
                done: 0,
                spare: Vec::new(),
            };
            let mut piece = Piece::default();
            let given = self.each_run(snapshot.size(), |run| {
                for index in run {
                    if sheet.is_closed() {
                        break;
                    }
                    piece.indices.push(index);
                    if piece.indices.len() == PIECE {
                        proving.give(&mut piece, &mut sheet)?;
                    }
                }
                Ok(())
            });
            // What stands before a word that is no index is proved all the same.
            proving.give(&mut piece, &mut sheet)?;
            while proving.put_next(&mut sheet)? {}
            given
        })?;
        sheet.finish()
    }

    /// A proof of all leaves at once.
    fn one_proof(&self, snapshot: &dyn AnySnapshot) -> Result<Vec<u8>, Failure> {
        let mut indices = Vec::new();
        self.each_run(snapshot.size(), |run| {
            indices.extend(run);
            Ok(())
        })?;
        Ok(one_proof(snapshot, indices)?)
    }

    /// Calls `each` with every run of indices, in their order.
    fn each_run(
        &self,
        size: u64,
        mut each: impl FnMut(Range<u64>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for leaves in &self.leaves {
            match *leaves {
                Leaves::Index(index) => each(one(index, size)?)?,
                Leaves::Range(range) => each(range.within(size)?)?,
                Leaves::Stdin => {
                    for (number, line) in (1..).zip(io::stdin().lock().lines()) {
                        let name = || format!("the standard input, line {number}");
                        let line =
                            line.map_err(|error| Failure::new(Code::Input, error).at(name()))?;
                        let index = line.trim().parse().map_err(|_| {
                            Failure::new(Code::Input, format!("`{line}` is no index")).at(name())
                        })?;
                        each(one(index, size).map_err(|failure| failure.at(name()))?)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Proofs on their way from the threads that make them to the sheet.
struct Proving<'scope, 'env, W> {
    ordered: Ordered<'scope, 'env, Piece, Piece, W>,
    bar: Progress,
    done: u64,
    /// Pieces whose memory the next ones use.
    spare: Vec<Piece>,
}

impl<W: Fn(Piece) -> Piece + Sync> Proving<'_, '_, W> {
    /// Gives a piece to a thread, and leaves an empty one.
    fn give(&mut self, piece: &mut Piece, sheet: &mut Sheet<'_>) -> Result<(), Failure> {
        if self.ordered.is_full() {
            self.put_next(sheet)?;
        }
        let next = self.spare.pop().unwrap_or_default();
        let given = self.ordered.give(mem::replace(piece, next));
        given.map_err(|error| Failure::new(Code::System, error).at("a thread for proofs"))
    }

    /// Prints the proofs of the next piece. Returns whether there was one.
    fn put_next(&mut self, sheet: &mut Sheet<'_>) -> Result<bool, Failure> {
        let Some(mut piece) = self.ordered.take() else {
            return Ok(false);
        };
        sheet.write(&piece.proofs)?;
        mem::replace(&mut piece.outcome, Ok(()))?;
        self.done += piece.indices.len() as u64;
        self.bar.set(self.done);
        piece.indices.clear();
        piece.proofs.clear();
        self.spare.push(piece);
        Ok(true)
    }
}

/// Leaves that one thread proves at a time.
struct Piece {
    indices: Vec<u64>,
    proofs: Vec<u8>,
    /// Why there are fewer proofs than indices.
    outcome: Result<(), Failure>,
}

impl Default for Piece {
    fn default() -> Self {
        Self {
            indices: Vec::with_capacity(PIECE),
            proofs: Vec::new(),
            outcome: Ok(()),
        }
    }
}

impl Piece {
    fn prove(mut self, snapshot: &dyn AnySnapshot, form: &Form) -> Self {
        let proofs = &mut self.proofs;
        self.outcome = self
            .indices
            .iter()
            .try_for_each(|&index| form.put_one_of_many(&snapshot.generate_proof(index)?, proofs));
        self
    }
}

/// The run of one index.
fn one(index: u64, size: u64) -> Result<Range<u64>, Failure> {
    match index < size {
        true => Ok(index..index + 1),
        false => Err(rotortree::TreeError::IndexOutOfRange { index, size }.into()),
    }
}
