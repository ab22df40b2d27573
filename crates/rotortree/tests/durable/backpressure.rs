//! The bound on bytes that wait for the disk.

use std::thread;

use rotortree::{Blake3Hasher, FlushPolicy, RotorTreeConfig, StorageError, lean_imt::reference};

use crate::support::{Tree, leaf, leaves, open, quiet, storage_error};

#[test]
fn at_the_bound_inserts_flush_and_the_trying_forms_refuse() {
    let dir = tempfile::tempdir().unwrap();
    let tree = Tree::<2>::builder(quiet(dir.path()))
        .max_unflushed_bytes(4096)
        .open(Blake3Hasher)
        .unwrap();
    let mut let_in = 0;
    while tree.try_insert(leaf(let_in)).is_ok() {
        let_in += 1;
    }
    assert!((32..128).contains(&let_in), "{let_in} leaves in 4096 bytes");
    let full = [
        storage_error(tree.try_insert(leaf(let_in))),
        storage_error(tree.try_insert_many(&leaves(let_in..let_in + 2))),
    ];
    assert!(
        full.iter()
            .all(|error| matches!(error, StorageError::WouldBlock))
    );
    assert_eq!((tree.size(), tree.durable_size()), (let_in, 0));

    tree.insert(leaf(let_in)).unwrap();
    assert!(tree.durable_size() >= let_in, "the insert led a flush");
    assert!(tree.stats().stalls > 0);
    tree.try_insert_many(&leaves(let_in + 1..let_in + 3))
        .unwrap();
    assert!(tree.stats().pending_bytes <= 4096);
}

#[test]
fn a_batch_larger_than_the_bound_is_there_whole() {
    let dir = tempfile::tempdir().unwrap();
    let batch = leaves(1..5000);
    let expected = reference::root(&Blake3Hasher, 4, &leaves(0..5000));
    {
        let tree = Tree::<4>::builder(quiet(dir.path()))
            .max_unflushed_bytes(4096)
            .open(Blake3Hasher)
            .unwrap();
        tree.insert(leaf(0)).unwrap();
        let (root, token) = tree.insert_many(&batch).unwrap();
        assert_eq!(Some(root), expected);
        assert_eq!(token.leaf_range(), 1..5000);
        token.wait().unwrap();
    }
    assert_eq!(open::<4>(dir.path()).root(), expected);
}

#[test]
fn many_threads_at_the_bound_all_come_through() {
    let dir = tempfile::tempdir().unwrap();
    let config = RotorTreeConfig {
        flush_policy: FlushPolicy::default(),
        ..quiet(dir.path())
    };
    let tree = Tree::<2>::builder(config)
        .max_unflushed_bytes(2048)
        .open(Blake3Hasher)
        .unwrap();
    thread::scope(|scope| {
        for k in 0..4u64 {
            let tree = &tree;
            scope.spawn(move || {
                for step in 0..100 {
                    match step % 10 {
                        // Larger than the bound: it is streamed, and other inserts wait meanwhile.
                        9 => drop(tree.insert_many(&leaves(0..200)).unwrap()),
                        5 => drop(tree.insert_durable(leaf(k)).unwrap()),
                        _ => drop(tree.insert(leaf(k)).unwrap()),
                    }
                }
            });
        }
    });
    let head = tree.head().unwrap();
    assert_eq!(head.size, 4 * (90 + 10 * 200));
    tree.close().unwrap();
    assert_eq!(open::<2>(dir.path()).head(), Some(head));
}
