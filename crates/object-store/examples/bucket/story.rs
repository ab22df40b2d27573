//! The story of one tree: written, replicated, taken over, written on.

use std::{error::Error, io::Write, sync::Arc, time::Duration};

use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_lean_imt::TreeHead;
use rotortree_object_store::ObjectStorage;
use rotortree_store::{ReadOnly, RotorTree, RotorTreeError, StorageError, storage::Storage};

type Tree = RotorTree<Blake3Hasher, 4, 20>;
type Replica = ReadOnly<Blake3Hasher, 4, 20>;

/// A second opener learns within this time that the first one is there.
const HEARTBEAT: Duration = Duration::from_millis(500);

pub(crate) fn tell(
    place: &ObjectStorage,
    digests: &[Hash],
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let handle = || place.new_handle().heartbeat(HEARTBEAT);
    let (first_half, second_half) = digests.split_at(digests.len() / 2);

    let first = Tree::on(Arc::new(handle())).open(Blake3Hasher)?;
    writeln!(
        out,
        "{}: {} leaves, and this writer owns the place",
        place.describe(),
        first.size()
    )?;
    first.insert_many(first_half)?.1.wait()?;
    first.checkpoint()?;
    writeln!(out, "the writer: {}", head(first.head()))?;

    let replica = Tree::on(Arc::new(handle())).open_read_only(Blake3Hasher)?;
    verify(&replica, out)?;

    match Tree::on(Arc::new(handle())).open(Blake3Hasher) {
        Err(RotorTreeError::Storage(StorageError::FileLocked)) => {
            writeln!(out, "a second writer is refused while the first one lives")?;
        }
        other => return Err(format!("a second writer got {:?}", other.map(drop)).into()),
    }

    // As an operator does whose first machine does not answer any more.
    let second = Tree::on(Arc::new(handle().take_over(true))).open(Blake3Hasher)?;
    writeln!(
        out,
        "a second writer takes over at {} leaves",
        second.size()
    )?;
    match first.insert_many(first_half)?.1.wait() {
        Err(error) if error.to_string().contains("another owner") => {
            writeln!(
                out,
                "the first writer is fenced, and acknowledges nothing any more"
            )?;
        }
        other => return Err(format!("the first writer got {other:?}").into()),
    }
    second.insert_many(second_half)?.1.wait()?;
    writeln!(out, "the second writer: {}", head(second.head()))?;

    replica.refresh()?;
    verify(&replica, out)?;
    second.close()?;
    let reopened = Tree::on(Arc::new(handle())).open(Blake3Hasher)?;
    writeln!(out, "opened again: {}", head(reopened.head()))?;
    reopened.close()?;
    Ok(())
}

fn head(head: Option<TreeHead>) -> String {
    head.map_or_else(|| "empty".to_owned(), |head| head.to_string())
}

/// Proves a leaf of each part of the tree against the replica's head.
fn verify(replica: &Replica, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let snapshot = replica.snapshot();
    let head = snapshot.head().ok_or("the replica has leaves")?;
    let parts = 16.min(head.size);
    for part in 0..parts {
        let proof = snapshot.generate_proof(part * (head.size / parts))?;
        proof.verify_against(&Blake3Hasher, head)?;
    }
    writeln!(out, "a replica: {parts} proofs hold against {head}")?;
    Ok(())
}
