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
    index_file::IndexFile,
    leaf_name::LeafName,
    output::Output,
    place::Place,
    store::Store,
};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    place: Place,
    /// The index of a leaf, or its 64 hex digits, which are looked for as `find` does
    #[arg(value_name = "INDEX|LEAF")]
    leaf: LeafName,
    /// Proves it for the head of the tree when it had SIZE leaves
    #[arg(long, value_name = "SIZE")]
    at: Option<u64>,
    #[command(flatten)]
    index: IndexFile,
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

/// Proofs of one form about one tree.
#[derive(Clone)]
pub(crate) struct Form {
    format: Format,
    subject: Subject,
}

/// Where they are printed.
pub(crate) struct Sheet<'a> {
    form: Form,
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
        let form = Form {
            format: self.format,
            subject,
        };
        Ok(Sheet { form, target })
    }
}

impl Form {
    /// Adds a proof that others follow: text is a line each, bytes have their length in front, four
    /// bytes, little-endian.
    pub(crate) fn put_one_of_many(&self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        if self.format == Format::Bytes {
            // A proof has far fewer than 2^32 bytes.
            out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
            out.extend_from_slice(bytes);
        } else {
            out.append(&mut self.format.make(&self.subject, bytes)?);
        }
        Ok(())
    }
}

impl Sheet<'_> {
    /// The proofs are about the growth of the tree since it had this head.
    pub(crate) fn since(mut self, old: TreeHead) -> Self {
        self.form.subject.old = Some(old);
        self
    }

    /// Whether the reader is gone.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(&self.target, Target::Output(output) if output.is_closed())
    }

    /// The form, for threads that make proofs.
    pub(crate) fn form(&self) -> Form {
        self.form.clone()
    }

    /// Prints the one proof.
    pub(crate) fn put(mut self, bytes: &[u8]) -> Result<(), Failure> {
        let proof = self.form.format.make(&self.form.subject, bytes)?;
        self.write(&proof)?;
        self.finish()
    }

    /// Hands everything to the system.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        match &mut self.target {
            Target::Output(_) => Ok(()),
            Target::File(path, file) => file.flush().map_err(|error| Failure::file(path, &error)),
        }
    }

    /// Prints bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
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
        let now = store.snapshot(None)?;
        let snapshot = match self.at {
            None => Arc::clone(&now),
            Some(size) => now.snapshot_at(size)?,
        };
        let options = self.index.options(&self.place);
        let index = self.leaf.index(&now, snapshot.size(), options.as_ref())?;
        let bytes = snapshot.generate_proof(index)?;
        let head = snapshot.head().unwrap_or(TreeHead::EMPTY);
        self.form.open(&store, head, output)?.put(&bytes)
    }
}
