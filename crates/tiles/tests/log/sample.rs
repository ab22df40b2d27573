//! The log of the tests, and a signer that remembers all it has signed.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use rotortree_hasher::{Hash, Rfc6962Hasher, rfc6962_leaf};
use rotortree_lean_imt::{LeanIMT, TreeHead};
use rotortree_tiles::{
    Client, KeyKind, Log, LogSnapshot, MemoryTarget, PublicKey, PublishError, Published, Publisher,
    SecretKey, SignError, Signature, Signer, Target,
};

pub(crate) const ORIGIN: &str = "example.com/log";

pub(crate) fn key() -> SecretKey {
    SecretKey::from_seed(ORIGIN, KeyKind::Note, &[7; 32]).unwrap()
}

pub(crate) fn log() -> Log {
    Log::new(ORIGIN, key().public().clone())
}

/// Entry `index`, of 0 to 299 bytes. Logs of another `seed` have other entries.
pub(crate) fn entry(seed: u8, index: u64) -> Vec<u8> {
    let mut entry = format!("{seed} {index} ").into_bytes();
    entry.resize(entry.len().max((index * 7 % 300) as usize), seed);
    entry
}

/// The tree over the first `size` entries, of which those from `fork` on have another seed.
pub(crate) fn forked_tree(size: u64, fork: u64) -> LogSnapshot<64> {
    let leaf = |index| rfc6962_leaf(&entry(u8::from(index >= fork), index));
    let leaves: Vec<Hash> = (0..size).map(leaf).collect();
    let mut tree = LeanIMT::<_, 2, 64>::new(Rfc6962Hasher);
    if !leaves.is_empty() {
        tree.insert_many(&leaves).unwrap();
    }
    tree.snapshot()
}

pub(crate) fn tree(size: u64) -> LogSnapshot<64> {
    forked_tree(size, u64::MAX)
}

pub(crate) fn head(tree: &LogSnapshot<64>) -> TreeHead {
    tree.head().unwrap_or(TreeHead::EMPTY)
}

/// Publishes the tree over the first `size` entries.
pub(crate) fn publish(
    target: impl Target,
    tree: &LogSnapshot<64>,
) -> Result<Published, PublishError> {
    Publisher::new(target, ORIGIN, key()).publish(tree, |index| Ok(entry(0, index)))
}

/// A place where logs of these sizes were published one after the other.
pub(crate) fn published(sizes: &[u64]) -> MemoryTarget {
    let target = MemoryTarget::new();
    for size in sizes {
        publish(target.clone(), &tree(*size)).unwrap();
    }
    target
}

/// A client that believes the checkpoint at a place, and has read all entries and some proofs.
pub(crate) fn read_all(files: BTreeMap<String, Vec<u8>>) -> TreeHead {
    let mut client = Client::new(MemoryTarget::from(files), log()).with_cached_tiles(2);
    let head = client.follow().unwrap();
    for bundle in 0..head.size.div_ceil(256) {
        for (index, found) in (bundle * 256..).zip(client.bundle(bundle).unwrap()) {
            assert_eq!(found, entry(0, index));
        }
        let proof = client.prove(bundle * 256).unwrap();
        proof.verify_against(&Rfc6962Hasher, head).unwrap();
    }
    head
}

/// Signs, and remembers each text.
#[derive(Clone)]
pub(crate) struct Witnessed {
    key: Arc<SecretKey>,
    texts: Arc<Mutex<Vec<String>>>,
}

impl Witnessed {
    pub(crate) fn new() -> Self {
        Self {
            key: Arc::new(key()),
            texts: Arc::default(),
        }
    }

    /// A signer with the same past and another future.
    pub(crate) fn fork(&self) -> Self {
        Self {
            key: self.key.clone(),
            texts: Arc::new(Mutex::new(self.texts.lock().unwrap().clone())),
        }
    }

    /// Fails if two roots were signed for one size.
    pub(crate) fn expect_one_root_a_size(&self) {
        let mut roots = BTreeMap::new();
        for text in self.texts.lock().unwrap().iter() {
            let size = text.lines().nth(1).unwrap().to_owned();
            assert_eq!(roots.entry(size).or_insert(text.clone()), text);
        }
    }
}

impl Signer for Witnessed {
    fn public(&self) -> &PublicKey {
        self.key.public()
    }

    fn sign(&self, text: &str) -> Result<Signature, SignError> {
        self.texts.lock().unwrap().push(text.to_owned());
        self.key.sign(text)
    }
}
