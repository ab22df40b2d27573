//! The process whose system calls fail: one thread, the same calls in the same order every time,
//! and a line for every result.

use std::{env, path::Path, thread};

use rotortree::{
    Blake3Hasher, Reads, RotorTreeConfig, RotorTreeError, StorageError, TreeError, TreeHead,
};

use crate::{
    common::{PATIENCE, Tree, leaves, quiet, storage_error},
    lines::{say, tell},
};

/// The variable that makes this binary a child: the directory.
pub(crate) const DIRECTORY: &str = "ROTORTREE_TEST_SYSCALLS";
/// Before a head that is durable.
const DURABLE: &str = "head: durable";
/// Before the name of an error.
pub(crate) const ERROR: &str = "error: ";
/// When a session went as if nothing had happened.
pub(crate) const CLEAN: &str = "session: clean";
/// The child has come to its end.
pub(crate) const OVER: &str = "session: none left";
/// The number of times that the child opens the tree.
const SESSIONS: u64 = 3;

type T = Tree<2>;

/// The child's whole life. Without orders, as one test among others, it has nothing to do.
#[test]
fn opens_writes_and_closes() {
    let Some(dir) = env::var_os(DIRECTORY) else {
        return;
    };
    // The parent waits longer than this.
    thread::spawn(|| {
        thread::sleep(PATIENCE / 2);
        say("hangs");
        std::process::exit(3);
    });
    let mut told = Vec::new();
    for session in 0..SESSIONS {
        if let Some(()) = outcome(live(Path::new(&dir), session, &mut told)) {
            say(CLEAN);
        }
    }
    say(OVER);
}

/// The value of a result, or a line with the error's name, which the parent judges.
fn outcome<R>(result: Result<R, RotorTreeError>) -> Option<R> {
    let error = match result {
        Ok(value) => return Some(value),
        Err(error) => error,
    };
    let name = match &error {
        RotorTreeError::Storage(error) => match error {
            StorageError::Io(_) => "Io",
            StorageError::FlushFailed(_) => "FlushFailed",
            StorageError::Unavailable(_) => "Unavailable",
            StorageError::CheckpointFailed(_) => "CheckpointFailed",
            StorageError::Closed => "Closed",
            _ => "damage",
        },
        RotorTreeError::Tree(TreeError::NodeUnavailable { .. }) => "NodeUnavailable",
        _ => "other",
    };
    say(&format!("{ERROR}{name}: {error}"));
    None
}

fn open(dir: &Path, session: u64) -> Result<T, RotorTreeError> {
    let config = RotorTreeConfig {
        verify_checkpoint: session == 1,
        ..quiet(dir)
    };
    T::builder(config)
        .segment_bytes(2048)
        .reads([Reads::Mapped, Reads::Positioned][(session % 2) as usize])
        .open(Blake3Hasher)
}

/// One opening, everything that a tree does, one closing; `Err` if anything failed.
fn live(dir: &Path, session: u64, told: &mut Vec<TreeHead>) -> Result<(), RotorTreeError> {
    let tree = open(dir, session)?;
    let mut learn = |head: Option<TreeHead>| {
        tell(DURABLE, head);
        told.extend(head);
    };
    learn(tree.head());
    let done = work(&tree, session, &mut learn);
    // After any failure reads go on, and a failed log stays failed.
    assert_eq!(tree.snapshot().head(), tree.head());
    if tree.failure().is_some() {
        for _ in 0..2 {
            let size = tree.size();
            let refused = tree.insert_many(&leaves(size..size + 1));
            assert!(matches!(
                storage_error(refused),
                StorageError::FlushFailed(_)
            ));
            assert!(matches!(tree.flush(), Err(StorageError::FlushFailed(_))));
            assert!(matches!(
                tree.checkpoint(),
                Err(StorageError::FlushFailed(_))
            ));
        }
        assert_eq!(tree.size(), tree.snapshot().size());
    }
    let (failed, head) = (tree.failure().is_some(), tree.head());
    // The tree must not have lost a head that this process knows to be durable.
    let snapshot = tree.snapshot();
    let closed = tree.close();
    if failed {
        assert!(matches!(closed, Err(StorageError::FlushFailed(_))));
    }
    if closed.is_ok() {
        learn(head);
    }
    for head in told.iter().filter(|_| !failed) {
        match snapshot.snapshot_at(head.size) {
            Ok(then) => assert_eq!(then.head(), Some(*head)),
            Err(TreeError::NodeUnavailable { .. }) => {}
            Err(error) => panic!("{head:?}, which was durable, is gone: {error}"),
        }
    }
    done.and(closed.map_err(RotorTreeError::Storage))
}

/// Everything that a tree does. Goes on after what fails a checkpoint or a read alone; the first
/// such error is returned.
fn work(
    tree: &T,
    session: u64,
    learn: &mut impl FnMut(Option<TreeHead>),
) -> Result<(), RotorTreeError> {
    let append = |count: u64| {
        let size = tree.size();
        let reached = (size + count).to_le_bytes();
        let batch = leaves(size..size + count);
        tree.insert_many_with_metadata(&batch, &reached)
            .map(|(_, token)| token)
    };
    let mut first = Ok(());
    let mut minor = |result: Result<(), RotorTreeError>| match result {
        Err(_) if tree.failure().is_some() => result,
        Err(error) => {
            if first.is_ok() {
                first = Err(error);
            }
            Ok(())
        }
        Ok(()) => Ok(()),
    };
    for count in [1, 2] {
        let token = append(count)?;
        token.wait()?;
        learn(token.head());
    }
    append(130 + session)?;
    tree.flush()?;
    learn(tree.durable_snapshot().head());
    minor(tree.checkpoint().map_err(Into::into))?;
    learn(tree.durable_snapshot().head());
    // Each of these fills a segment.
    for _ in 0..2 {
        let token = append(70)?;
        token.wait()?;
        learn(token.head());
    }
    minor(prove(tree))?;
    minor(tree.checkpoint().map_err(Into::into))?;
    minor(prove(tree))?;
    minor(tree.verify().map_err(Into::into))?;
    // Left to closing.
    append(5)?;
    first
}

/// Proofs whose nodes are read from chunks.
fn prove(tree: &T) -> Result<(), RotorTreeError> {
    let snapshot = tree.snapshot();
    let head = snapshot.head().unwrap();
    for index in [0, head.size / 2, head.size - 1] {
        let proof = snapshot.generate_proof(index)?;
        proof.verify_against(&Blake3Hasher, head).unwrap();
    }
    Ok(())
}
