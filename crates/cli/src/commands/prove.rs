//! `prove`: an inclusion proof.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::PathBuf,
    sync::Arc,
};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use rotortree::TreeHead;
use rotortree_proof_forms::{Format, Subject};

use crate::{
    failure::{Code, Failure},
    leaf_name::LeafName,
    output::Output,
    place::Place,
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

/// The form of proofs, and where they go.
#[derive(clap::Args, Debug)]
pub(crate) struct FormOptions {
    /// The form of the proof
    #[arg(long, value_parser = formats(), default_value = Format::Json.name())]
    format: Format,
    /// Levels of the circuit, for circom [default: those of the proof]
    #[arg(long)]
    levels: Option<usize>,
    /// Writes to a file
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Reads the name of a form.
fn formats() -> impl TypedValueParser<Value = Format> {
    let value = |form: &Format| PossibleValue::new(form.name()).help(form.about());
    PossibleValuesParser::new(Format::ALL.iter().map(value)).try_map(|name| name.parse::<Format>())
}

/// Where proofs of one form about one tree are printed.
pub(crate) struct Sheet<'a> {
    format: Format,
    subject: Subject,
    target: Target<'a>,
}

enum Target<'a> {
    Output(&'a mut Output),
    File(PathBuf, BufWriter<File>),
}

impl FormOptions {
    /// Prints proofs about a tree with this head.
    pub(crate) fn open<'a>(
        &self,
        store: &Store,
        head: TreeHead,
        output: &'a mut Output,
    ) -> Result<Sheet<'a>, Failure> {
        let target = match &self.out {
            Some(path) => {
                let file = File::create(path).map_err(|error| Failure::file(path, &error))?;
                Target::File(path.clone(), BufWriter::with_capacity(1 << 16, file))
            }
            None if self.format == Format::Bytes && output.is_terminal() => {
                let sentence = "the bytes of a proof are not for a terminal";
                return Err(Failure::new(Code::Usage, sentence).next("give --out FILE, or a pipe"));
            }
            None => Target::Output(output),
        };
        let hash = Arc::new(store.hash.of_proofs());
        let mut subject = Subject::new(hash, store.identity.arity, head);
        subject.levels = self.levels;
        Ok(Sheet {
            format: self.format,
            subject,
            target,
        })
    }
}

impl Sheet<'_> {
    /// The proofs are about the growth of the tree since it had this head.
    pub(crate) fn since(mut self, old: TreeHead) -> Self {
        self.subject.old = Some(old);
        self
    }

    /// Whether the reader is gone.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(&self.target, Target::Output(output) if output.is_closed())
    }

    /// Prints the one proof.
    pub(crate) fn put(mut self, bytes: &[u8]) -> Result<(), Failure> {
        let proof = self.format.make(&self.subject, bytes)?;
        self.write(&proof)?;
        self.finish()
    }

    /// Prints a proof that others follow: text is a line each, bytes have their length in front,
    /// four bytes, little-endian.
    pub(crate) fn put_one_of_many(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.format == Format::Bytes {
            // A proof has far fewer than 2^32 bytes.
            self.write(&(bytes.len() as u32).to_le_bytes())?;
            return self.write(bytes);
        }
        let proof = self.format.make(&self.subject, bytes)?;
        self.write(&proof)
    }

    /// Hands everything to the system.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        match &mut self.target {
            Target::Output(_) => Ok(()),
            Target::File(path, file) => file.flush().map_err(|error| Failure::file(path, &error)),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match &mut self.target {
            Target::Output(output) => output.bytes(bytes),
            Target::File(path, file) => file
                .write_all(bytes)
                .map_err(|error| Failure::file(path, &error)),
        }
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let store = Store::at(&self.place)?;
        let snapshot = store.snapshot(self.at)?;
        let index = self.leaf.index(&*snapshot)?;
        let bytes = snapshot.generate_proof(index)?;
        let head = snapshot.head().unwrap_or(TreeHead::EMPTY);
        self.form.open(&store, head, output)?.put(&bytes)
    }
}
