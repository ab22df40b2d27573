//! [`Client`]: follows a log from checkpoint to checkpoint and proves its leaves from tiles.

mod cache;
mod error;
mod tiles;

use std::sync::Arc;

use rotortree_hasher::{Hash, Rfc6962Hasher};
use rotortree_lean_imt::{
    LeanIMT, MemoryNodes, NaryProof, NodeSource, TreeError, TreeHead, TreeSnapshot,
};

pub use self::error::{FollowError, ReadError};
use self::{cache::Cache, tiles::Tiles};

use crate::{
    CHECKPOINT_PATH, Log, Quorum, SignedCheckpoint, Source, Tile, TileKind, bundle,
    tile::TILE_WIDTH,
};

/// The most hash layers of a log.
const MAX_DEPTH: usize = 64;

/// The full tiles that a client keeps unless told otherwise: 8 MiB.
const CACHED_TILES: usize = 1024;

/// A client of one log. It trusts the key of the log and what follows from it: a file of the
/// source is compared with the newest checkpoint before it is believed. The source learns which
/// tiles are read, each of which has 256 leaves, and never which leaf is meant.
///
/// ```
/// use rotortree_hasher::{Rfc6962Hasher, rfc6962_leaf};
/// use rotortree_lean_imt::LeanIMT;
/// use rotortree_tiles::{Client, KeyKind, Log, MemoryTarget, Publisher, SecretKey};
///
/// let key = SecretKey::generate("example.com/log", KeyKind::Note)?;
/// let log = Log::new("example.com/log", key.public().clone());
/// let place = MemoryTarget::new();
/// let publisher = Publisher::new(place.clone(), "example.com/log", key);
/// let mut tree = LeanIMT::<_, 2, 64>::new(Rfc6962Hasher);
/// tree.insert_many(&[rfc6962_leaf(b"0"), rfc6962_leaf(b"1"), rfc6962_leaf(b"2")])?;
/// publisher.publish(&tree.snapshot(), |index| Ok(index.to_string().into_bytes()))?;
///
/// let mut client = Client::new(place, log);
/// let head = client.follow()?;
/// assert_eq!(client.entry(1)?, b"1");
/// client.prove(1)?.verify_against(&Rfc6962Hasher, head)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Client<S> {
    log: Log,
    quorum: Option<Quorum>,
    source: Arc<S>,
    signed: Option<SignedCheckpoint>,
    tiles: Arc<Tiles<S>>,
}

impl<S: Source + 'static> Client<S> {
    /// A client that has seen no checkpoint yet.
    pub fn new(source: S, log: Log) -> Self {
        let source = Arc::new(source);
        let tiles = Arc::new(Tiles::empty(source.clone(), Cache::new(CACHED_TILES)));
        Self {
            log,
            quorum: None,
            source,
            signed: None,
            tiles,
        }
    }

    /// Believes only checkpoints that a quorum of witnesses has cosigned.
    #[must_use]
    pub fn with_quorum(mut self, quorum: Quorum) -> Self {
        self.quorum = Some(quorum);
        self
    }

    /// Keeps at most this many full tiles, of 8 KiB each. The default is 1024.
    #[must_use]
    pub fn with_cached_tiles(mut self, count: usize) -> Self {
        self.tiles = Arc::new(Tiles::empty(self.source.clone(), Cache::new(count)));
        self.signed = None;
        self
    }

    /// Goes on from a checkpoint that this client, or another, has followed the log to: the note
    /// that it kept.
    ///
    /// # Errors
    /// Those of [`follow`](Self::follow).
    pub fn resume(&mut self, note: &[u8]) -> Result<TreeHead, FollowError> {
        self.follow_to(note)
    }

    /// The newest checkpoint that was believed. Keep its note to [`resume`](Self::resume) later.
    #[must_use]
    pub const fn checkpoint(&self) -> Option<&SignedCheckpoint> {
        self.signed.as_ref()
    }

    /// Size and root of the newest checkpoint that was believed; [`TreeHead::EMPTY`] before the
    /// first.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        self.tiles.head()
    }

    /// Reads the log's checkpoint and believes it if it is signed and the log has only grown. Reads
    /// O(log size) tiles.
    ///
    /// # Errors
    /// [`FollowError::Fork`], with both checkpoints as evidence; [`FollowError::RolledBack`];
    /// [`FollowError`] for others. The client then keeps the checkpoint that it has.
    pub fn follow(&mut self) -> Result<TreeHead, FollowError> {
        let note = self.source.get(CHECKPOINT_PATH).map_err(ReadError::from)?;
        self.follow_to(&note.ok_or(FollowError::NoCheckpoint)?)
    }

    fn follow_to(&mut self, note: &[u8]) -> Result<TreeHead, FollowError> {
        let new = self.log.open(note)?;
        if let Some(quorum) = &self.quorum {
            quorum.verify(new.note())?;
        }
        let (old_head, new_head) = (self.head(), new.head());
        let Some(old) = &self.signed else {
            let tiles = self.tiles.at(new_head)?;
            return Ok(self.accept(tiles, new));
        };
        let fork = || FollowError::Fork {
            old: Box::new(old.clone()),
            new: Box::new(new.clone()),
        };
        if new_head.size == old_head.size {
            return match new_head == old_head {
                // The note may have the lines of further witnesses.
                true => Ok(self.accept(self.tiles.clone(), new)),
                false => Err(fork()),
            };
        }
        if new_head.size < old_head.size {
            let proof = self
                .snapshot()?
                .generate_consistency_proof(new_head.size, new_head.root);
            return match proof {
                Ok(_) => Err(FollowError::RolledBack {
                    old: Box::new(old.clone()),
                    new: Box::new(new),
                }),
                Err(TreeError::RootMismatch { .. }) => Err(fork()),
                Err(error) => Err(ReadError::from(error).into()),
            };
        }
        // The tiles of a fork must not get into the cache of what is believed.
        let tiles = self.tiles.at(new_head)?;
        let proof = snapshot(&tiles)?.generate_consistency_proof(old_head.size, old_head.root);
        match proof {
            Ok(_) => Ok(self.accept(tiles, new)),
            Err(TreeError::RootMismatch { .. }) => Err(fork()),
            Err(error) => Err(ReadError::from(error).into()),
        }
    }

    fn accept(&mut self, tiles: Arc<Tiles<S>>, signed: SignedCheckpoint) -> TreeHead {
        self.tiles = tiles;
        self.signed = Some(signed);
        self.head()
    }

    /// The tree of the checkpoint, whose nodes are read from tiles: it makes every kind of proof.
    /// Reads no tile.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn snapshot(&self) -> Result<TreeSnapshot<2, MAX_DEPTH>, ReadError> {
        snapshot(&self.tiles)
    }

    /// The proof that leaf `index` stands in the log. Reads at most one tile a level.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn prove(&self, index: u64) -> Result<NaryProof<2, MAX_DEPTH>, ReadError> {
        Ok(self.snapshot()?.generate_proof(index)?)
    }

    /// The leaf at `index`.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn leaf(&self, index: u64) -> Result<Hash, ReadError> {
        Ok(self.snapshot()?.get_leaf(index)?)
    }

    /// The entry at `index`; it hashes to the leaf.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn entry(&self, index: u64) -> Result<Vec<u8>, ReadError> {
        let mut entries = self.bundle(index / TILE_WIDTH)?;
        let size = self.head().size;
        let outside = ReadError::Tree(TreeError::IndexOutOfRange { index, size });
        let at = (index % TILE_WIDTH) as usize;
        match at < entries.len() {
            true => Ok(entries.swap_remove(at)),
            false => Err(outside),
        }
    }

    /// The entries `256 * index` to `256 * index + 255`, as far as the log has them. Each hashes to
    /// its leaf.
    ///
    /// # Errors
    /// [`ReadError::Bundle`] if the bundle is not that of the leaves; [`ReadError`].
    pub fn bundle(&self, index: u64) -> Result<Vec<Vec<u8>>, ReadError> {
        let size = self.head().size;
        let Some(tile) = Tile::of_log(TileKind::Entries, index, size) else {
            let index = index.saturating_mul(TILE_WIDTH);
            return Err(TreeError::IndexOutOfRange { index, size }.into());
        };
        let leaves = self.tiles.tile(0, index)?;
        let (found, bytes) = tiles::fetch(&*self.source, tile)?;
        let cut = ReadError::Bundle {
            tile: found,
            entry: None,
        };
        let entries = bundle::entries(&bytes).ok_or(cut.clone())?;
        // The full bundle stands in for a partial one, which may have been collected.
        if entries.len() != usize::from(found.width) {
            return Err(cut);
        }
        let entries = &entries[..usize::from(tile.width)];
        match bundle::first_mismatch(entries, &leaves) {
            Some(at) => Err(ReadError::Bundle {
                tile: found,
                entry: Some(tile.start() + at as u64),
            }),
            None => Ok(entries.iter().map(|entry| entry.to_vec()).collect()),
        }
    }
}

/// The tree of these tiles.
fn snapshot<S: Source + 'static>(
    tiles: &Arc<Tiles<S>>,
) -> Result<TreeSnapshot<2, MAX_DEPTH>, ReadError> {
    let head = tiles.head();
    let source: Arc<dyn NodeSource> = tiles.clone();
    let lens: Vec<u64> = (0..MAX_DEPTH).map(|level| head.size >> level).collect();
    let nodes = MemoryNodes::over(source, &lens);
    let tree = LeanIMT::<_, 2, MAX_DEPTH>::from_nodes(Rfc6962Hasher, nodes, head.size, None)?;
    Ok(tree.snapshot())
}
