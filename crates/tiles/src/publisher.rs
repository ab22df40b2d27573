//! [`Publisher`]: publishes a growing tree as tiles and checkpoints.
//!
//! The steps of a publish, in their order:
//!
//! 1. Read the checkpoint and the guards of the target; refuse a tree that does not continue from
//!    each of them.
//! 2. Collect the partial tiles of earlier sizes whose full tiles the checkpoint names.
//! 3. Put the tiles that the checkpoint does not name yet, and sync.
//! 4. Record the head in the second guard, then in the target's.
//! 5. Sign the head, verify the signature, put the checkpoint, and sync.
//!
//! After a crash at any step the checkpoint names whole tiles only, and the next publish does what
//! is left. `tests/crash.rs` enumerates the steps.

mod error;

use rotortree_hasher::{Hash, Hasher, Rfc6962Hasher};
use rotortree_lean_imt::{TreeHead, TreeSnapshot};

pub use self::error::{EntryError, GuardPlace, PublishError};

use crate::{
    CHECKPOINT_PATH, Checkpoint, GUARD_PATH, Log, Note, SignedCheckpoint, Signer, Target, Tile,
    TileKind, bundle, guard::Guard, tile::TILE_HEIGHT,
};

/// The binary tree of a log.
pub type LogSnapshot<const MAX_DEPTH: usize> = TreeSnapshot<2, MAX_DEPTH>;

/// Publishes the checkpoints and the tiles of one log at one target.
///
/// ```
/// use rotortree_hasher::{Rfc6962Hasher, rfc6962_leaf};
/// use rotortree_lean_imt::LeanIMT;
/// use rotortree_tiles::{KeyKind, MemoryTarget, Publisher, SecretKey, Target};
///
/// let entries = ["first", "second", "third"];
/// let mut tree = LeanIMT::<_, 2, 64>::new(Rfc6962Hasher);
/// tree.insert_many(&entries.map(|entry| rfc6962_leaf(entry.as_bytes())))?;
///
/// let key = SecretKey::generate("example.com/log", KeyKind::Note)?;
/// let target = MemoryTarget::new();
/// let publisher = Publisher::new(target.clone(), "example.com/log", key);
/// let published = publisher.publish(&tree.snapshot(), |index| {
///     Ok(entries[index as usize].as_bytes().to_vec())
/// })?;
/// assert_eq!(published.tiles, 2, "one of hashes and one of entries");
/// let bundle = target.get("tile/entries/000.p/3")?.ok_or("published")?;
/// assert_eq!(bundle[..7], *b"\0\x05first");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Publisher<T> {
    target: T,
    second: Option<Box<dyn Target>>,
    signer: Box<dyn Signer>,
    log: Log,
}

/// What a publish did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Published {
    /// The signed checkpoint.
    pub note: Note,
    /// The number of tiles and bundles that were put.
    pub tiles: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl<T: Target> Publisher<T> {
    /// A publisher of the log with this origin.
    pub fn new(target: T, origin: impl Into<String>, signer: impl Signer + 'static) -> Self {
        // What was published with an extension line is still to be continued.
        let log = Log::new(origin, signer.public().clone()).accept_extensions();
        Self {
            target,
            second: None,
            signer: Box::new(signer),
            log,
        }
    }

    /// Keeps a second guard, at a place that is not restored together with the target.
    #[must_use]
    pub fn with_second_guard(mut self, place: impl Target + 'static) -> Self {
        self.second = Some(Box::new(place));
        self
    }

    /// The target.
    pub const fn target(&self) -> &T {
        &self.target
    }

    /// Publishes a tree. It must be durable: a head that is published and lost in a crash cannot
    /// be taken back. `entry` returns the entry at an index, which must be durable before its
    /// leaf is appended; it is called for the entries of new bundles and of the one that was
    /// partial.
    ///
    /// Writes the tiles that the last checkpoint does not name: O(new tiles). A head that is
    /// published already keeps its note, cosignatures included. Repeat it after an
    /// error or a crash: it does what is left.
    ///
    /// # Errors
    /// [`PublishError::Shrunk`] and [`PublishError::Forked`] if the tree does not continue from
    /// what may have been signed before; nothing has been written then. [`PublishError::Entry`],
    /// [`PublishError::Mismatch`] and [`PublishError::TooLong`] for an entry; [`PublishError`] for
    /// others. After an error the last checkpoint is in force and whole.
    pub fn publish<const MAX_DEPTH: usize>(
        &self,
        tree: &LogSnapshot<MAX_DEPTH>,
        mut entry: impl FnMut(u64) -> Result<Vec<u8>, EntryError>,
    ) -> Result<Published, PublishError> {
        expect_rfc6962(tree)?;
        let head = tree.head().unwrap_or(TreeHead::EMPTY);
        let checkpoint = self.checkpoint()?;
        let named = checkpoint.as_ref().map_or(0, |signed| signed.head().size);
        let known = self.guards()?;
        if let Some(signed) = &checkpoint {
            self.expect_growth(tree, GuardPlace::Checkpoint, signed.head())?;
        }
        for (place, guard) in &known {
            if let Some(guard) = guard {
                self.expect_growth(tree, *place, guard.head)?;
            }
        }

        let collected = known
            .iter()
            .filter_map(|(_, guard)| guard.as_ref())
            .map(|guard| guard.collected);
        for tile in Tile::completed(collected.min().unwrap_or(0), named) {
            self.target.remove_folder(&tile.partials())?;
        }

        let (mut tiles, mut bytes) = (0, 0);
        for tile in Tile::added(named, head.size) {
            let content = content(tree, tile, &mut entry)?;
            self.target.put(&tile.to_string(), &content)?;
            (tiles, bytes) = (tiles + 1, bytes + content.len() as u64);
        }
        self.target.sync()?;

        let next = Guard {
            origin: self.log.origin().to_owned(),
            head,
            collected: named,
        };
        for (place, guard) in known {
            self.record(place, guard.as_ref(), &next)?;
        }
        let note = match checkpoint {
            // Witnesses may have cosigned the note that is there.
            Some(signed) if signed.head() == head => signed.into_note(),
            _ => self.sign(head)?,
        };
        self.target
            .put(CHECKPOINT_PATH, note.to_string().as_bytes())?;
        self.target.sync()?;
        Ok(Published { note, tiles, bytes })
    }

    /// The checkpoint with lines of witnesses, in the place of the one that is there with the same
    /// text.
    ///
    /// # Errors
    /// [`PublishError::Superseded`] if another checkpoint is in force; [`PublishError::Target`].
    pub fn publish_cosigned(&self, note: &Note) -> Result<(), PublishError> {
        let present = self.target.get(CHECKPOINT_PATH)?;
        let in_force = present.as_deref().map(Note::parse);
        match in_force {
            Some(Ok(in_force)) if in_force.text() == note.text() => {}
            _ => return Err(PublishError::Superseded),
        }
        self.log
            .verify(note.clone())
            .map_err(PublishError::Checkpoint)?;
        self.target
            .put(CHECKPOINT_PATH, note.to_string().as_bytes())?;
        Ok(self.target.sync()?)
    }

    /// The checkpoint that is published.
    fn checkpoint(&self) -> Result<Option<SignedCheckpoint>, PublishError> {
        let Some(bytes) = self.target.get(CHECKPOINT_PATH)? else {
            return Ok(None);
        };
        let signed = self.log.open(&bytes).map_err(PublishError::Checkpoint)?;
        Ok(Some(signed))
    }

    /// The places of guards, in the order in which they are written, and their records.
    fn guards(&self) -> Result<Vec<(GuardPlace, Option<Guard>)>, PublishError> {
        let second = self.second.as_ref().map(|_| GuardPlace::Second);
        let places = second.into_iter().chain([GuardPlace::Target]);
        places
            .map(|place| Ok((place, self.guard(place)?)))
            .collect()
    }

    fn place(&self, place: GuardPlace) -> &dyn Target {
        match (&self.second, place) {
            (Some(second), GuardPlace::Second) => &**second,
            _ => &self.target,
        }
    }

    fn guard(&self, place: GuardPlace) -> Result<Option<Guard>, PublishError> {
        let Some(bytes) = self.place(place).get(GUARD_PATH)? else {
            return Ok(None);
        };
        match Guard::parse(&bytes) {
            Some(guard) if guard.origin == self.log.origin() => Ok(Some(guard)),
            Some(guard) => Err(PublishError::OtherLog {
                place,
                origin: guard.origin,
            }),
            None => Err(PublishError::DamagedGuard { place }),
        }
    }

    /// Refuses a tree that does not continue from `signed`.
    fn expect_growth<const MAX_DEPTH: usize>(
        &self,
        tree: &LogSnapshot<MAX_DEPTH>,
        place: GuardPlace,
        signed: TreeHead,
    ) -> Result<(), PublishError> {
        let size = tree.size();
        if size < signed.size {
            return Err(PublishError::Shrunk {
                place,
                size,
                signed,
            });
        }
        let then = tree
            .snapshot_at(signed.size)?
            .head()
            .unwrap_or(TreeHead::EMPTY);
        match then == signed {
            true => Ok(()),
            false => Err(PublishError::Forked {
                place,
                signed,
                root: then.root,
            }),
        }
    }

    /// Replaces the record that was read.
    fn record(
        &self,
        place: GuardPlace,
        known: Option<&Guard>,
        next: &Guard,
    ) -> Result<(), PublishError> {
        if known == Some(next) {
            return Ok(());
        }
        let known = known.map(Guard::to_bytes);
        let target = self.place(place);
        match target.exchange(GUARD_PATH, known.as_deref(), &next.to_bytes())? {
            true => Ok(()),
            false => Err(PublishError::Rival { place }),
        }
    }

    /// The signed checkpoint of a head. A signer that fails silently is found here.
    fn sign(&self, head: TreeHead) -> Result<Note, PublishError> {
        let checkpoint = Checkpoint::new(self.log.origin(), head);
        let note = Note::signed(checkpoint.to_string(), &[&*self.signer])?;
        match self.log.verify(note) {
            Ok(signed) if *signed.checkpoint() == checkpoint => Ok(signed.into_note()),
            _ => Err(PublishError::Sign(crate::SignError::False)),
        }
    }
}

/// Refuses a tree with another node hash, which no client could verify.
fn expect_rfc6962<const MAX_DEPTH: usize>(
    tree: &LogSnapshot<MAX_DEPTH>,
) -> Result<(), PublishError> {
    let pair = [[0x55; 32], [0xaa; 32]];
    match tree.hasher().hash_children(&pair) == Rfc6962Hasher.hash_children(&pair) {
        true => Ok(()),
        false => Err(PublishError::OtherHash),
    }
}

/// The bytes of a tile.
fn content<const MAX_DEPTH: usize>(
    tree: &LogSnapshot<MAX_DEPTH>,
    tile: Tile,
    entry: &mut impl FnMut(u64) -> Result<Vec<u8>, EntryError>,
) -> Result<Vec<u8>, PublishError> {
    let level = match tile.kind {
        TileKind::Hashes { level } => TILE_HEIGHT * usize::from(level),
        TileKind::Entries => 0,
    };
    let mut hashes = vec![[0; 32]; tile.width.into()];
    tree.read_nodes(level, tile.start(), &mut hashes)?;
    match tile.kind {
        TileKind::Hashes { .. } => Ok(hashes.into_flattened()),
        TileKind::Entries => bundle_of(tile, &hashes, entry),
    }
}

/// The bytes of an entry bundle, each entry of which hashes to its leaf.
fn bundle_of(
    tile: Tile,
    leaves: &[Hash],
    entry: &mut impl FnMut(u64) -> Result<Vec<u8>, EntryError>,
) -> Result<Vec<u8>, PublishError> {
    let mut bytes = Vec::new();
    for (index, leaf) in (tile.start()..).zip(leaves) {
        let entry = entry(index).map_err(|source| PublishError::Entry { index, source })?;
        if bundle::first_mismatch(&[&entry], &[*leaf]).is_some() {
            return Err(PublishError::Mismatch { index });
        }
        if !bundle::push(&mut bytes, &entry) {
            return Err(PublishError::TooLong {
                index,
                len: entry.len(),
            });
        }
    }
    Ok(bytes)
}
