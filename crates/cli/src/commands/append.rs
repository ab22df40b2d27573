//! `append`: leaves from a file or the standard input.

mod resume;
mod unique;

use std::{fmt, path::PathBuf, sync::Arc};

use clap::ValueEnum;
use rotortree::{
    AnyTree, AnyTreeBuilder, DurabilityToken, Hash, Hex, IndexError, LeafIndex, Refusal,
    RefusalReason, RotorTreeError, TreeError, TreeHead,
};
use serde::Serialize;

use self::{resume::Resume, unique::Unique};
use super::init::{self, Shape};
use crate::{
    failure::{Code, Failure},
    interrupt::Interrupt,
    leaves::{Batch, Decoder, Form, Input, Next, Received},
    output::Output,
    place::Place,
    progress::{Progress, Unit},
    store::Store,
};

/// A log of more bytes is covered by a checkpoint at the end, so that the next opening is quick.
const QUICK_LOG: u64 = 8 << 20;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    place: Place,
    #[command(flatten)]
    leaves: Leaves,
    /// Goes on where the input and the tree agree, and stops at the first leaf that differs
    #[arg(long)]
    resume: bool,
    /// Creates the tree if there is none
    #[arg(long)]
    create: bool,
    #[command(flatten)]
    unique: Unique,
    #[command(flatten)]
    shape: Shape,
    /// Leaves in a batch: a batch is in the tree whole or not at all
    #[arg(long, value_name = "LEAVES", default_value_t = 1 << 19,
        value_parser = clap::value_parser!(u32).range(1..=1 << 24))]
    batch: u32,
    /// When leaves are waited for until they are on disk
    #[arg(long, value_enum, default_value_t = Durability::End)]
    durability: Durability,
}

/// Where the leaves come from.
#[derive(clap::Args, Debug)]
struct Leaves {
    /// The leaves; `-` is the standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// How the leaves are written
    #[arg(long, value_enum, default_value_t = Form::Auto)]
    form: Form,
    /// Hashes each line to a leaf: with the tree's function, for rfc6962 with its leaf hash
    #[arg(long)]
    hash_lines: bool,
}

impl Leaves {
    /// The options that read the same leaves again, with a blank behind each.
    fn options(&self) -> String {
        let form = self.form.to_possible_value();
        let form = form.filter(|_| self.form != Form::Auto);
        let form = form.map(|form| format!("--form {} ", form.get_name()));
        let lines = self.hash_lines.then(|| "--hash-lines ".to_owned());
        form.into_iter().chain(lines).collect()
    }
}

/// When `append` waits for the disk. All leaves are durable when it ends, however it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Durability {
    /// After each batch
    Batch,
    /// At the end; until then the disk is at most moments behind
    End,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    head: TreeHead,
    appended: u64,
    /// Leaves of the input that the tree had already.
    agreed: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "appended {} leaves", self.appended)?;
        if self.agreed > 0 {
            write!(f, " behind {} that agree", self.agreed)?;
        }
        write!(f, "; all are on disk\n{}", self.head)
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        Interrupt::install()?;
        // What can be refused without a tree is refused before one is created.
        let input = Input::open(&self.leaves.file)?;
        let name = input.name().to_owned();
        let found = self.found()?;
        let hash = found.as_ref().map_or(self.shape.hash(), |store| store.hash);
        let decoder = Decoder::new(self.leaves.form, self.leaves.hash_lines, hash)?;
        // The first leaves are read while the tree is opened.
        let received = Received::start(input, decoder, self.batch as usize);
        let unique = self.unique.index(&self.place);
        let tree = self.open(found, unique.as_ref())?;
        let mut appending = Appending::new(&tree, self.resume)?;
        let outcome = appending.run(&received, &name, self.durability);

        // However the input ended, what was appended becomes durable.
        let appended = tree.size() - appending.before;
        let head = finish(&*tree)?;
        let saved = match unique.map(|index| index.save()) {
            None | Some(Ok(_) | Err(IndexError::NoFile)) => Ok(()),
            Some(Err(error)) => Err(Failure::from(error)),
        };
        outcome.map_err(|failure| match failure.code() {
            Code::Differs | Code::Usage => failure,
            _ => failure.next(format!(
                "the tree has {} leaves, all of them on disk, {appended} of them new: mend the \
                 cause, and `rotortree append --resume {}{}{} {}` goes on from there",
                head.size,
                self.unique.option(),
                self.leaves.options(),
                self.place,
                self.leaves.file.display()
            )),
        })?;
        saved?;
        output.document(&Report {
            head,
            appended,
            agreed: appending.agreed,
        })
    }

    /// The store that is there. `None` where there is none, and one is to be created.
    fn found(&self) -> Result<Option<Store>, Failure> {
        match Store::at(&self.place) {
            Err(failure) if self.create && failure.code() == Code::Place => Ok(None),
            found => found.map(Some),
        }
    }

    /// Opens or creates the tree.
    fn open(
        &self,
        found: Option<Store>,
        index: Option<&LeafIndex>,
    ) -> Result<Arc<dyn AnyTree>, Failure> {
        let indexed = |builder: AnyTreeBuilder| match index {
            Some(index) => builder.insert_hook(index.hook()),
            None => builder,
        };
        match found {
            Some(store) => store.own_with(indexed(store.builder())),
            None => init::create_with(&self.place, self.shape, indexed),
        }
    }
}

/// Leaves on their way into a tree.
struct Appending<'a> {
    tree: &'a Arc<dyn AnyTree>,
    before: u64,
    /// The leaves that the input and the tree have in common.
    agreed: u64,
    resume: Option<Resume>,
}

impl<'a> Appending<'a> {
    fn new(tree: &'a Arc<dyn AnyTree>, resume: bool) -> Result<Self, Failure> {
        Ok(Self {
            tree,
            before: tree.size(),
            agreed: 0,
            resume: resume.then(|| Resume::new(tree.snapshot())),
        })
    }

    /// Appends everything that is decoded.
    fn run(
        &mut self,
        received: &Received,
        name: &str,
        durability: Durability,
    ) -> Result<(), Failure> {
        let mut bar = Progress::new("appending", Unit::Bytes, received.len());
        let mut last = Batch::default();
        loop {
            Interrupt::check(|| format!("{name}: not read to its end"))?;
            bar.set(received.bytes());
            match received.next(std::mem::take(&mut last)) {
                Next::Nothing => {}
                Next::End(decoded) => return decoded,
                Next::Batch(batch) => {
                    let token = self.append(batch.leaves(), name)?;
                    if let (Durability::Batch, Some(token)) = (durability, token) {
                        token.wait()?;
                    }
                    last = batch;
                }
            }
        }
    }

    /// Appends the part of a batch that the tree does not have.
    fn append(&mut self, batch: &[Hash], name: &str) -> Result<Option<DurabilityToken>, Failure> {
        let new = match &mut self.resume {
            Some(resume) => resume.new_leaves(batch, name)?,
            None => batch,
        };
        self.agreed += (batch.len() - new.len()) as u64;
        if new.is_empty() {
            return Ok(None);
        }
        let size = self.tree.size();
        match self.tree.append(new).at(size).submit() {
            Ok(token) => Ok(Some(token)),
            Err(RotorTreeError::Tree(TreeError::RefusedHash { index, .. })) => {
                let at = usize::try_from(index.saturating_sub(size)).unwrap_or(0);
                self.append_before(at, new, name, "is no input of the tree's hash function")
            }
            Err(RotorTreeError::Refused(Refusal {
                position, reason, ..
            })) => {
                let why = match reason {
                    RefusalReason::Duplicate { index } => format!("is leaf {index} of the tree"),
                    RefusalReason::DuplicateInBatch { position } => {
                        format!("is leaf {} of the tree", size + position as u64)
                    }
                    other => other.to_string(),
                };
                self.append_before(position, new, name, &why)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Appends the leaves in front of the one that is refused, and tells why it is.
    fn append_before(
        &mut self,
        refused: usize,
        leaves: &[Hash],
        name: &str,
        why: &str,
    ) -> Result<Option<DurabilityToken>, Failure> {
        let (front, refused) = leaves.split_at(refused.min(leaves.len()));
        if !front.is_empty() {
            self.tree.insert_many(front)?;
        }
        let of_input = self.agreed + self.tree.size() - self.before;
        let leaf = refused
            .first()
            .map_or_else(String::new, |leaf| Hex(*leaf).to_string());
        let sentence = format!("{name}: leaf {of_input}, {leaf}, {why}");
        Err(Failure::new(Code::Input, sentence))
    }
}

/// Makes everything durable and gives the tree up. Returns the head.
fn finish(tree: &dyn AnyTree) -> Result<TreeHead, Failure> {
    let _bar = Progress::of("finishing");
    tree.flush()?;
    if tree.stats().log_bytes > QUICK_LOG {
        tree.checkpoint()?;
    }
    let head = tree.durable_snapshot().head().unwrap_or(TreeHead::EMPTY);
    tree.close()?;
    Ok(head)
}
