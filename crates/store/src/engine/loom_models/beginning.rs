//! The first write after an opening that wrote nothing.

use std::sync::Arc;

use loom::thread;

use super::{Disk, assert_durable, insert, model, open};

#[test]
fn loom_models_two_first_writes_and_a_flush_of_nothing() {
    model("two first writes", 3, || {
        let disk = Disk::new();
        let (tree, _) = open(&disk);
        insert(&tree, 1).wait().expect("nothing fails");
        tree.close().expect("nothing fails");
        let closed = disk.manifest();
        assert!(closed.clean_close.is_some());

        let (tree, _) = open(&disk);
        tree.flush().expect("nothing is pending");
        assert_eq!(disk.manifest(), closed, "nothing was written");
        let other = thread::spawn({
            let (tree, disk) = (tree.clone(), Arc::clone(&disk));
            move || {
                let token = insert(&tree, 2);
                token.wait().expect("nothing fails");
                assert_durable(&tree, &disk, &token, 2);
                assert!(disk.manifest().clean_close.is_none());
            }
        });
        let token = insert(&tree, 3);
        token.wait().expect("nothing fails");
        assert_durable(&tree, &disk, &token, 3);
        assert!(disk.manifest().clean_close.is_none());
        other.join().expect("no thread panics");
        assert_eq!(disk.manifest().generation, closed.generation + 1);
    });
}

#[test]
fn loom_models_closing_beside_the_first_write() {
    model("closing beside the first write", 3, || {
        let disk = Disk::new();
        let (tree, _) = open(&disk);
        tree.close().expect("nothing fails");
        let closed = disk.manifest();
        let (tree, _) = open(&disk);
        let closing = thread::spawn({
            let tree = tree.clone();
            move || tree.close().expect("nothing fails")
        });
        let inserted = tree.insert([2; 32]);
        closing.join().expect("no thread panics");
        let now = disk.manifest();
        assert!(now.clean_close.is_some());
        let commits = now.generation - closed.generation;
        assert_eq!(commits, if inserted.is_ok() { 2 } else { 0 });
    });
}
