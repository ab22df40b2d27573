//! A storage backend over a key-value database: the worked example of `docs/write-a-backend.md`.
//!
//! `cargo run -p rotortree-store --example key_value --features test-util` runs a tree on it and
//! then the conformance suite; `cargo test -p rotortree-store --example key_value --features
//! test-util` does so as tests.

#![expect(clippy::print_stdout, reason = "an example that tells what it did")]

mod backend;
mod beginning;
mod database;
mod keys;
#[cfg(test)]
mod tests;
mod views;

use std::{error::Error, sync::Arc};

use rotortree_hasher::Blake3Hasher;
use rotortree_lean_imt::TreeHead;
use rotortree_store::{CheckpointPolicy, RotorTree, TieringConfig, test_util::conformance};

use backend::KeyValueStorage;
use database::Database;

/// Shards small enough that the suite fills some.
const SHARD_CHUNKS: u64 = 1024;

type Tree = RotorTree<Blake3Hasher, 8, 20>;

fn main() -> Result<(), Box<dyn Error>> {
    let database = Database::default();
    let head = grow(&database, 100_000)?;
    let size = head.map_or(0, |head| head.size);
    println!("{size} leaves, closed, opened again and proved");
    check_contract();
    println!("the storage contract holds");
    Ok(())
}

/// Grows a tree in the database by `leaves`, closes it, opens it again and proves the last leaf;
/// the head.
fn grow(database: &Database, leaves: usize) -> Result<Option<TreeHead>, Box<dyn Error>> {
    let open = || {
        Tree::on(Arc::new(KeyValueStorage::new(database.clone())))
            .checkpoint_policy(CheckpointPolicy::OnClose)
            // Nothing is mapped: two levels are read by request, the others kept in memory.
            .tiering(TieringConfig { pin_above_level: 2 })
            .open(Blake3Hasher)
    };
    let tree = open()?;
    let leaves: Vec<_> = (0..leaves as u64).map(leaf).collect();
    tree.append(&leaves).durable()?;
    let head = tree.head();
    tree.close()?;

    let tree = open()?;
    assert_eq!(tree.head(), head, "the tree that was closed");
    if let Some(head) = head {
        let proof = tree.snapshot().generate_proof(head.size - 1)?;
        proof.verify_against(&Blake3Hasher, head)?;
    }
    tree.close()?;
    Ok(head)
}

fn leaf(number: u64) -> [u8; 32] {
    let mut leaf = [0; 32];
    leaf[..8].copy_from_slice(&number.to_le_bytes());
    leaf
}

/// Holds the backend to every clause of the contract; panics with all that do not hold.
fn check_contract() {
    conformance::run(|| {
        let database = Database::default();
        move || KeyValueStorage::with_shard_chunks(database.clone(), SHARD_CHUNKS)
    });
}
