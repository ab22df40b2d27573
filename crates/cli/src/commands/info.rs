//! `info`: what a tree is and how far it got. Reads the manifest and, unless the tree was closed,
//! the log.

use std::fmt;

use rotortree::{CutNotice, Hex, TreeHead};
use serde::Serialize;

use crate::{failure::Failure, hex, output::Output, place::Place, store::Store};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    place: Place,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    shape: Shape,
    #[serde(flatten)]
    state: State,
    cuts: Vec<CutNotice>,
}

/// What the tree is for life.
#[derive(Serialize)]
struct Shape {
    place: String,
    hash: &'static str,
    arity: usize,
    max_depth: usize,
    level_stride: usize,
    tree_id: String,
}

#[derive(Serialize)]
struct State {
    #[serde(flatten)]
    head: TreeHead,
    /// Leaves that the last checkpoint covers.
    checkpointed: u64,
    /// Whether the last process closed the tree, and none has written since.
    closed: bool,
    log_segments: u64,
    /// The id of the tree that this one is a backup of.
    backup_of: Option<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shape, state, cuts } = self;
        writeln!(f, "place         {}", shape.place)?;
        writeln!(f, "hash          {}", shape.hash)?;
        writeln!(f, "N             {}", shape.arity)?;
        writeln!(f, "max depth     {}", shape.max_depth)?;
        writeln!(f, "level stride  {}", shape.level_stride)?;
        writeln!(f, "tree id       {}", shape.tree_id)?;
        writeln!(f, "size          {}", state.head.size)?;
        writeln!(f, "root          {}", Hex(state.head.root))?;
        writeln!(f, "checkpointed  {} leaves", state.checkpointed)?;
        writeln!(f, "log           {} segments", state.log_segments)?;
        let closed = match state.closed {
            true => "in order",
            false => "no: a process has it open, or ended without closing it",
        };
        write!(f, "closed        {closed}")?;
        if let Some(of) = &state.backup_of {
            write!(f, "\nbackup of     {of}")?;
        }
        cuts.iter()
            .try_for_each(|cut| write!(f, "\ncut           NOT ACKNOWLEDGED: {cut}"))
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let store = Store::at(&self.place)?;
        let head = store.head()?;
        let segments = store.storage.list_segments();
        let segments = segments.map_err(rotortree::StorageError::from)?;
        let identity = store.identity;
        output.document(&Report {
            shape: Shape {
                place: identity.place,
                hash: store.hash.name(),
                arity: identity.arity,
                max_depth: identity.max_depth,
                level_stride: identity.level_stride,
                tree_id: hex::encode(&identity.tree_id),
            },
            state: State {
                head,
                checkpointed: identity.checkpointed.size,
                closed: identity.closed_at.is_some(),
                log_segments: segments.len() as u64,
                backup_of: identity.backup_of.map(|id| hex::encode(&id)),
            },
            cuts: identity.cuts,
        })
    }
}
