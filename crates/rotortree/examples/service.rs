//! A service on tokio: tasks that insert, one that publishes durable heads, one that proves, and a
//! shutdown that loses nothing.
//!
//! ```text
//! cargo run --example service -- DIRECTORY
//! ```
//!
//! It serves simulated requests until Ctrl-C. No thread of the executor ever blocks: blocking calls
//! run in `spawn_blocking` (opening, proving) or are awaited (durability, closing).
//! `docs/guide/src/async.md` lists both kinds.
#![expect(clippy::print_stdout, reason = "an example tells what it does")]

use std::{error::Error, future::Future, path::PathBuf};

use rotortree::{
    Blake3Hasher, DurableHeads, Hash, NaryProof, Placement, RotorTree, RotorTreeConfig,
    RotorTreeError, StorageError, TreeHead,
};
use tokio::{
    sync::watch,
    task::{JoinSet, spawn_blocking, yield_now},
};

type Tree = RotorTree<Blake3Hasher, 4, 32>;
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Tasks that insert.
const WRITERS: u8 = 4;

/// Opening reads and verifies the stored tree, which blocks.
async fn open(directory: PathBuf) -> Outcome<Tree> {
    let config = RotorTreeConfig::new(directory);
    Ok(spawn_blocking(move || Tree::open(Blake3Hasher, config)).await??)
}

/// Inserts leaves and returns once they are durable: when a client may be told. Many requests share
/// one sync.
async fn insert(tree: &Tree, leaves: &[Hash]) -> Result<Placement, RotorTreeError> {
    let token = loop {
        match tree.append(leaves).try_submit() {
            Err(RotorTreeError::Storage(StorageError::WouldBlock)) => {
                // Another task is inserting, which ends soon, or there is no room until
                // the next sync.
                tree.flush_async().await?;
                yield_now().await;
            }
            outcome => break outcome?,
        }
    };
    let placement = token.placement();
    token.await?;
    Ok(placement)
}

/// Proves that a leaf stands in the tree with a head that no crash takes back. Checkpointed nodes
/// are read from files.
async fn prove(tree: &Tree, leaf_index: u64) -> Outcome<(TreeHead, NaryProof<4, 32>)> {
    let snapshot = tree.durable_snapshot();
    let head = snapshot.head().ok_or("nothing is durable yet")?;
    let proof = spawn_blocking(move || snapshot.generate_proof(leaf_index)).await??;
    Ok((head, proof))
}

/// Publishes each durable head that it meets; a real service signs it. Ends when the tree is
/// closed, or with its failure.
async fn publish(
    mut heads: DurableHeads,
    published: watch::Sender<Option<TreeHead>>,
) -> Outcome<()> {
    while let Some(head) = heads.next().await {
        published.send_replace(Some(head));
    }
    Ok(heads.outcome()?)
}

/// Inserts one request after the other until the service stops; how many leaves were acknowledged.
async fn write(tree: Tree, writer: u8, stop: watch::Receiver<bool>) -> Outcome<u64> {
    let mut acknowledged = 0;
    while !*stop.borrow() {
        let request = [[writer; 32], [acknowledged as u8; 32]];
        acknowledged += request.len() as u64;
        insert(&tree, &request).await?;
    }
    Ok(acknowledged)
}

/// Proves the last leaf of each head that is published, and holds the proof against it, as
/// a client does.
async fn read(tree: Tree, mut published: watch::Receiver<Option<TreeHead>>) -> Outcome<u64> {
    let mut proofs = 0;
    while published.changed().await.is_ok() {
        let Some(head) = *published.borrow_and_update() else {
            continue;
        };
        let (newer, proof) = prove(&tree, head.size - 1).await?;
        proof.verify_against(&Blake3Hasher, newer)?;
        proofs += 1;
    }
    Ok(proofs)
}

/// The result of a run of the service.
#[derive(Debug)]
struct Report {
    acknowledged: u64,
    proofs: u64,
    published: Option<TreeHead>,
}

/// Serves until `shutdown` is ready.
async fn serve(directory: PathBuf, shutdown: impl Future<Output = ()>) -> Outcome<Report> {
    let tree = open(directory).await?;
    let (stop, stopped) = watch::channel(false);
    let (heads, published) = watch::channel(None);
    let publisher = tokio::spawn(publish(tree.durable_heads(), heads));
    let reader = tokio::spawn(read(tree.clone(), published.clone()));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write(tree.clone(), writer, stopped.clone()));
    }

    shutdown.await;
    // First the writers end, each with its last request acknowledged. Then the tree is closed,
    // which ends the heads, the publisher and the reader, in this order.
    stop.send_replace(true);
    let mut acknowledged = 0;
    while let Some(writer) = writers.join_next().await {
        acknowledged += writer??;
    }
    tree.close_async().await?;
    publisher.await??;
    let proofs = reader.await??;
    let published = *published.borrow();
    Ok(Report {
        acknowledged,
        proofs,
        published,
    })
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let directory = std::env::args_os()
        .nth(1)
        .ok_or("usage: service DIRECTORY")?;
    println!("serving; Ctrl-C ends it");
    // Without a signal to wait for, this ends at once rather than never.
    let shutdown = async { drop(tokio::signal::ctrl_c().await) };
    let report = serve(directory.into(), shutdown).await?;
    println!(
        "{} leaves acknowledged, {} proofs verified",
        report.acknowledged, report.proofs
    );
    if let Some(head) = report.published {
        println!("the last head published has {} leaves", head.size);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Serves until it has published heads of several sizes, and compares them with the tree
    /// afterwards.
    async fn serves_and_loses_nothing() -> Outcome<()> {
        let directory = tempfile::tempdir()?;
        let place = directory.path().join("tree");
        let mut inserted = 0;
        for _ in 0..2 {
            let (done, mut seen) = watch::channel(0);
            let watcher = place.clone();
            // A reader in another task, as if in another process, tells when there is enough.
            let shutdown = async move {
                let view = loop {
                    let config = RotorTreeConfig::new(&watcher);
                    match Tree::open_read_only(Blake3Hasher, config) {
                        Ok(view) => break view,
                        Err(_) => yield_now().await,
                    }
                };
                let enough = view.size() + 100;
                let mut version = 0;
                while view.size() < enough {
                    version = view.newer_than(version).await.unwrap_or(version + 1);
                    done.send_replace(view.size());
                }
            };
            let report = serve(place.clone(), shutdown).await?;
            inserted += report.acknowledged;
            assert!(*seen.borrow_and_update() >= 100 && report.proofs > 0);

            let tree = open(place.clone()).await?;
            assert!(tree.recovery_report().was_closed);
            assert_eq!(tree.size(), inserted);
            assert_eq!(
                tree.head(),
                report.published,
                "closing published the last one"
            );
            tree.close_async().await?;
        }
        Ok(())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_several_threads_nothing_acknowledged_is_lost() -> Outcome<()> {
        serves_and_loses_nothing().await
    }

    /// One thread runs all tasks: a call that waited for another task would never end.
    #[tokio::test]
    async fn on_a_single_thread_no_task_blocks_the_others() -> Outcome<()> {
        serves_and_loses_nothing().await
    }
}
