//! The background: ticks flush and attest, checkpoints rotate.

use std::{sync::Arc, time::Duration};

use loom::thread;

use super::{Disk, assert_durable, insert, model, open, open_with};
use crate::FlushPolicy;

const INTERVAL: FlushPolicy = FlushPolicy::Interval(Duration::from_millis(10));

#[test]
fn loom_models_ticks_that_flush_whatever_was_inserted_beside_them() {
    model("ticks", 6, || {
        let disk = Disk::new();
        let (tree, runtime) = open_with(&disk, INTERVAL);
        let first = insert(&tree, 1);
        let ticking = thread::spawn({
            let runtime = runtime.clone();
            move || {
                runtime.time_passes();
            }
        });
        let second = insert(&tree, 2);
        ticking.join().expect("no thread panics");
        // No thread waits or inserts any more: the due ticks suffice, and they end.
        while runtime.time_passes() {}
        assert_durable(&tree, &disk, &first, 1);
        assert_durable(&tree, &disk, &second, 2);
        assert!(disk.attests_everything());
    });
}

#[test]
fn loom_models_marks_that_come_whoever_led_in_between() {
    model("marks beside a backup", 3, || {
        let disk = Disk::new();
        let (tree, runtime) = open(&disk);
        insert(&tree, 1).wait().expect("nothing fails");
        let ticking = thread::spawn({
            let runtime = runtime.clone();
            move || {
                runtime.time_passes();
            }
        });
        drop(insert(&tree, 2));
        tree.parts().durable_point().expect("nothing fails");
        ticking.join().expect("no thread panics");
        while runtime.time_passes() {}
        assert!(disk.has(&super::leaf(2)));
        assert!(disk.attests_everything(), "nothing says that it was synced");
    });
}

#[test]
fn loom_models_a_checkpoint_beside_one_that_inserts_and_waits() {
    model("a checkpoint", 4, || {
        let disk = Disk::new();
        let (tree, _) = open(&disk);
        insert(&tree, 1);
        let writing = thread::spawn({
            let (tree, disk) = (tree.clone(), Arc::clone(&disk));
            move || {
                let token = insert(&tree, 2);
                token.wait().expect("nothing fails");
                assert_durable(&tree, &disk, &token, 2);
            }
        });
        tree.checkpoint().expect("nothing fails");
        assert!(tree.durable_snapshot().size() >= 1);
        writing.join().expect("no thread panics");
        assert_eq!(tree.durable_snapshot().size(), 2);
        assert!(tree.stats().checkpointed_size >= 1);
    });
}

/// An equal size does not imply an equal state: metadata alone changes no size.
#[test]
fn loom_models_a_checkpoint_beside_metadata_that_comes_back_to_what_it_was() {
    model("a checkpoint beside metadata", 4, || {
        let disk = Disk::new();
        let (tree, _) = open(&disk);
        let set = |tree: &super::Tree, metadata: &[u8]| {
            tree.append(&[])
                .metadata(metadata)
                .submit()
                .expect("nothing fails")
        };
        insert(&tree, 1);
        set(&tree, b"b").wait().expect("nothing fails");
        let writing = thread::spawn({
            let tree = tree.clone();
            move || {
                let first = set(&tree, b"a");
                let leading = thread::spawn({
                    let first = first.clone();
                    move || first.wait().expect("nothing fails")
                });
                let second = set(&tree, b"b");
                leading.join().expect("no thread panics");
                (first.sequence, second.sequence)
            }
        });
        tree.checkpoint().expect("nothing fails");
        let (first, second) = writing.join().expect("no thread panics");
        assert_eq!((first, second), (3, 4));
        let lead = tree.parts().group().take_lead().expect("nothing fails");
        let durable = tree.durable_snapshot();
        let expected = if lead.durable.sequence == first {
            b"a"
        } else {
            b"b"
        };
        assert_eq!(durable.metadata(), Some(&expected[..]));
        tree.parts().committer.give_back(lead);
    });
}
