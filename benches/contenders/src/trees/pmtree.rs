//! The tree of `pmtree`, of a fixed depth, over `sled`. It is measured on disk alone.

use std::collections::HashMap;
use std::fmt::Display;
use std::path::Path;
use std::time::{Duration, Instant};

use pmtree::{
    DBKey, Database, DatabaseErrorKind, MerkleTree, PmtreeErrorKind, PmtreeResult, Value,
};

use crate::tree::{Blake3, Function, Hash, Outcome, Tree};

/// Room for the leaves of all batches.
const DEPTH: usize = 20;

/// A database that its owner flushes.
struct Sled(sled::Db);

/// The database that a tree is to use; a new one for [`MerkleTree`]'s default, which has no place.
struct Place(sled::Db);

impl Default for Place {
    fn default() -> Self {
        let config = sled::Config::new().temporary(true);
        Self(config.open().expect("a temporary database"))
    }
}

fn failed(error: impl Display) -> PmtreeErrorKind {
    PmtreeErrorKind::DatabaseError(DatabaseErrorKind::CustomError(error.to_string()))
}

impl Database for Sled {
    type Config = Place;

    fn new(Place(database): Place) -> PmtreeResult<Self> {
        Ok(Self(database))
    }

    fn load(Place(database): Place) -> PmtreeResult<Self> {
        Ok(Self(database))
    }

    fn get(&self, key: DBKey) -> PmtreeResult<Option<Value>> {
        let value = self.0.get(key).map_err(failed)?;
        Ok(value.map(|value| value.to_vec()))
    }

    fn put(&mut self, key: DBKey, value: Value) -> PmtreeResult<()> {
        self.0.insert(key, value).map(drop).map_err(failed)
    }

    fn put_batch(&mut self, nodes: HashMap<DBKey, Value>) -> PmtreeResult<()> {
        let mut batch = sled::Batch::default();
        for (key, value) in nodes {
            batch.insert(&key, value);
        }
        self.0.apply_batch(batch).map_err(failed)
    }

    fn close(&mut self) -> PmtreeResult<()> {
        Ok(())
    }
}

impl pmtree::Hasher for Blake3 {
    type Fr = Hash;

    fn serialize(value: Hash) -> Value {
        value.to_vec()
    }

    fn deserialize(value: Value) -> Hash {
        value.try_into().expect("a node has 32 bytes")
    }

    fn hash(input: &[Hash]) -> Hash {
        <Self as Function>::hash(input.as_flattened())
    }
}

/// What is measured on disk.
pub struct Pmtree;

impl Tree for Pmtree {
    type Proof = ();

    fn empty() -> Outcome<Self> {
        Err("This tree is measured on disk.".into())
    }

    fn append(&mut self, _: &[Hash]) -> Outcome<Hash> {
        Err("This tree is measured on disk.".into())
    }

    fn prove(&self, _: usize) -> Outcome<()> {
        Err("This tree is measured on disk.".into())
    }

    fn verify(&self, (): &(), _: usize, _: &Hash) -> bool {
        false
    }

    fn append_durably(path: &Path, batches: &[&[Hash]]) -> Outcome<Duration> {
        let database = sled::open(path)?;
        let mut tree = MerkleTree::<Sled, Blake3>::new(DEPTH, Place(database.clone()))?;
        let started = Instant::now();
        for leaves in batches {
            tree.batch_insert(None, leaves)?;
            database.flush()?;
        }
        Ok(started.elapsed())
    }
}
