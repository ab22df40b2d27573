//! `prove`: an inclusion proof.

use std::{fs, path::PathBuf};

use rotortree::TreeHead;

use crate::{
    failure::{Code, Failure},
    leaf_name::LeafName,
    output::Output,
    place::Place,
    proofs::{Format, Subject},
    store::Store,
};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[arg(value_parser = Place::parser())]
    place: Place,
    /// The index of a leaf, or its 64 hex digits, which are looked for from the first leaf on
    #[arg(value_name = "INDEX|LEAF")]
    leaf: LeafName,
    /// Proves it for the head of the tree when it had SIZE leaves
    #[arg(long, value_name = "SIZE")]
    at: Option<u64>,
    #[command(flatten)]
    form: FormOptions,
}

/// The form of a proof, and where it goes.
#[derive(clap::Args, Debug)]
pub(crate) struct FormOptions {
    /// The form of the proof
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// Levels of the circuit, for circom [default: those of the proof]
    #[arg(long)]
    pub(crate) levels: Option<usize>,
    /// Writes the proof to a file
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl FormOptions {
    /// Prints a proof, or writes it to the file.
    pub(crate) fn put(
        &self,
        subject: &Subject,
        bytes: &[u8],
        output: &mut Output,
    ) -> Result<(), Failure> {
        let proof = self.format.make(subject, bytes)?;
        if let Some(path) = &self.out {
            return fs::write(path, proof).map_err(|error| Failure::file(path, &error));
        }
        if self.format == Format::Bytes && output.is_terminal() {
            let sentence = "the bytes of a proof are not for a terminal";
            return Err(Failure::new(Code::Usage, sentence).next("give --out FILE, or a pipe"));
        }
        output.bytes(&proof)
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let store = Store::at(&self.place)?;
        let snapshot = store.snapshot(self.at)?;
        let index = self.leaf.index(&*snapshot)?;
        let bytes = snapshot.generate_proof(index)?;
        let subject = Subject {
            hash: store.hash,
            arity: store.identity.arity,
            levels: self.form.levels,
            head: snapshot.head().unwrap_or(TreeHead::EMPTY),
            old: None,
        };
        self.form.put(&subject, &bytes, output)
    }
}
