//! [`Operator`]: a durable tree over entries, and its publisher.

use std::{
    error::Error,
    io::Write,
    path::{Path, PathBuf},
};

use rotortree::{
    CheckpointPolicy, FlushPolicy, Rfc6962Hasher, RotorTree, RotorTreeConfig, TieringConfig,
    rfc6962_leaf,
};
use rotortree_tiles::{
    AddCheckpoint, Directory, KeyError, KeyKind, Log, MemoryTarget, PublicKey, Publisher,
    SecretKey, cosignatures,
};

use crate::witness::Witness;

/// The name of the log.
pub(crate) const ORIGIN: &str = "log.example/debian";

type Tree = RotorTree<Rfc6962Hasher, 2, 64>;

/// An operator's log. A real one keeps its key in a file or a device; this one has it from a
/// constant, so that every run tells the same.
pub(crate) struct Operator<'a> {
    entries: &'a [Vec<u8>],
    folder: PathBuf,
    tree: Tree,
    publisher: Publisher<Directory>,
    witness: Witness,
}

fn key() -> Result<SecretKey, KeyError> {
    SecretKey::from_seed(ORIGIN, KeyKind::Note, &[7; 32])
}

fn open(path: PathBuf) -> Result<Tree, Box<dyn Error>> {
    let config = RotorTreeConfig {
        path,
        flush_policy: FlushPolicy::Manual,
        checkpoint_policy: CheckpointPolicy::Manual,
        tiering: TieringConfig::default(),
        verify_checkpoint: true,
    };
    Ok(Tree::open(Rfc6962Hasher, config)?)
}

impl<'a> Operator<'a> {
    pub(crate) fn new(folder: &Path, entries: &'a [Vec<u8>]) -> Result<Self, Box<dyn Error>> {
        let place = Directory::open(folder.join("place"))?;
        // The second guard, on another disk in earnest.
        let second = Directory::open(folder.join("second"))?;
        let log = Log::new(ORIGIN, key()?.public().clone());
        Ok(Self {
            entries,
            folder: folder.to_owned(),
            tree: open(folder.join("tree"))?,
            publisher: Publisher::new(place, ORIGIN, key()?).with_second_guard(second),
            witness: Witness::new(log, folder.join("witness"))?,
        })
    }

    pub(crate) fn log(&self) -> Result<Log, KeyError> {
        Ok(Log::new(ORIGIN, key()?.public().clone()))
    }

    pub(crate) fn witness(&self) -> &PublicKey {
        self.witness.public()
    }

    /// Appends entries up to `len`, durably, and publishes the tree with a cosignature. Returns the
    /// number of new tiles.
    pub(crate) fn publish(&mut self, len: usize) -> Result<u64, Box<dyn Error>> {
        let start = self.tree.size() as usize;
        let leaves: Vec<_> = self.entries[start..len]
            .iter()
            .map(|e| rfc6962_leaf(e))
            .collect();
        self.tree.insert_many_durable(&leaves)?;
        let snapshot = self.tree.durable_snapshot();
        let entry = |index: u64| Ok(self.entries[index as usize].clone());
        let published = self.publisher.publish(&snapshot, entry)?;

        let mut note = published.note;
        let old = self.witness.known()?.size;
        let body = AddCheckpoint::new(&snapshot, old, note.clone())?.to_string();
        // A fixed time, so that every run tells the same.
        let (status, answer) = self.witness.add_checkpoint(&body, 1_700_000_000)?;
        if status != 200 {
            return Err(format!("the witness answers {status}: {answer}").into());
        }
        note.add(cosignatures(answer.as_bytes())?);
        self.publisher.publish_cosigned(&note)?;
        Ok(published.tiles)
    }

    /// Another log with the same key and size, whose last entry differs: what an operator who
    /// cheats would show to one client alone. The witness does not cosign it.
    pub(crate) fn fork(&mut self) -> Result<MemoryTarget, Box<dyn Error>> {
        let mut entries = self.entries.to_vec();
        if let Some(last) = entries.last_mut() {
            last.push(b'!');
        }
        let tree = open(self.folder.join("fork"))?;
        let leaves: Vec<_> = entries.iter().map(|e| rfc6962_leaf(e)).collect();
        tree.insert_many_durable(&leaves)?;
        let place = MemoryTarget::new();
        let publisher = Publisher::new(place.clone(), ORIGIN, key()?);
        let note = publisher
            .publish(&tree.durable_snapshot(), |index| {
                Ok(entries[index as usize].clone())
            })?
            .note;
        let body = AddCheckpoint::new(&tree.durable_snapshot(), entries.len() as u64, note)?;
        let (status, _) = self
            .witness
            .add_checkpoint(&body.to_string(), 1_700_000_001)?;
        match status {
            409 => Ok(place),
            _ => Err(format!("the witness answers {status} to a fork").into()),
        }
    }

    /// The tree was restored from a copy, lost an entry and grew another.
    pub(crate) fn restored_is_refused(&self, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
        let mut entries = self.entries.to_vec();
        if let Some(last) = entries.last_mut() {
            last.push(b'?');
        }
        let tree = open(self.folder.join("restored"))?;
        let leaves: Vec<_> = entries.iter().map(|e| rfc6962_leaf(e)).collect();
        tree.insert_many_durable(&leaves)?;
        let entry = |index: u64| Ok(entries[index as usize].clone());
        let refused = self.publisher.publish(&tree.durable_snapshot(), entry);
        let error = refused.err().ok_or("a fork was published")?;
        writeln!(out, "the publisher refuses a restored tree: {error}")?;
        Ok(())
    }
}
