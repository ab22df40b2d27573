//! Devices that stall beside healthy ones on one runtime.

use std::{thread, time::Duration};

use rotortree::{
    Blake3Hasher, CheckpointPolicy, FlushPolicy, RotorTreeConfig, RotorTreeError, Runtime,
    StorageError,
};

use crate::{
    common::{leaf, leaves},
    gate::Gate,
    methods::{Tree, ends, eventually},
};

const INTERVAL: FlushPolicy = FlushPolicy::Interval(Duration::from_millis(10));
const THRESHOLD: CheckpointPolicy = CheckpointPolicy::MemoryThreshold(64 * 1024);

fn open(gate: &Gate, runtime: &Runtime, flush: FlushPolicy, checkpoint: CheckpointPolicy) -> Tree {
    let config = RotorTreeConfig {
        flush_policy: flush,
        checkpoint_policy: checkpoint,
        ..RotorTreeConfig::new("not looked at")
    };
    let builder = Tree::builder(config).storage(gate.storage());
    builder.runtime(runtime).open(Blake3Hasher).unwrap()
}

#[test]
fn devices_whose_syncs_stall_do_not_keep_another_tree_from_flushing() {
    ends("flushing beside stalled devices", || {
        let runtime = Runtime::new();
        let stalled: Vec<_> = (0..4)
            .map(|_| {
                let gate = Gate::new();
                let tree = open(&gate, &runtime, INTERVAL, CheckpointPolicy::Manual);
                gate.hold_syncs(true);
                let (_, token) = tree.insert(leaf(0)).unwrap();
                eventually("the device stalls", || gate.held() > 0);
                // Those who ask for the sync need no thread each.
                for _ in 0..10 {
                    assert!(!token.wait_timeout(Duration::from_millis(1)).unwrap());
                }
                (gate, tree)
            })
            .collect();
        let healthy = Gate::new();
        let tree = open(&healthy, &runtime, INTERVAL, CheckpointPolicy::Manual);
        for number in 0..20 {
            let (_, token) = tree.insert(leaf(number)).unwrap();
            eventually("the background flushes", || token.is_durable());
        }
        tree.close().unwrap();
        for (gate, tree) in stalled {
            gate.hold_syncs(false);
            tree.close().unwrap();
        }
    });
}

#[test]
fn checkpoints_that_stall_do_not_stop_inserts_into_another_tree() {
    ends("inserting beside stalled checkpoints", || {
        let runtime = Runtime::new();
        // As many as there may be threads for checkpoints: the next one is made by the insert that
        // would wait for it.
        let stalled: Vec<_> = (0..16)
            .map(|_| {
                let gate = Gate::new();
                let tree = open(&gate, &runtime, FlushPolicy::Manual, THRESHOLD);
                gate.hold_chunks(true);
                tree.insert_many(&leaves(0..1500)).unwrap();
                eventually("the checkpoint stalls", || gate.held() > 0);
                (gate, tree)
            })
            .collect();
        let healthy = Gate::new();
        let tree = open(&healthy, &runtime, FlushPolicy::Manual, THRESHOLD);
        for batch in 0..50 {
            tree.insert_many(&leaves(batch * 500..batch * 500 + 500))
                .unwrap();
        }
        assert!(tree.stats().checkpoints > 0);
        tree.close().unwrap();
        for (gate, tree) in stalled {
            gate.hold_chunks(false);
            tree.close().unwrap();
        }
    });
}

#[test]
fn beside_a_stalled_checkpoint_an_insert_is_refused_whose_own_nodes_have_no_room() {
    ends("inserting beside a stalled checkpoint", || {
        let gate = Gate::new();
        let tree = open(&gate, &Runtime::new(), FlushPolicy::Manual, THRESHOLD);
        gate.hold_chunks(true);
        let refused = |count: u64| {
            let batch = leaves(1100..1100 + count);
            let submitted = tree.append(&batch).try_submit();
            let blocks = |error| matches!(error, RotorTreeError::Storage(StorageError::WouldBlock));
            submitted.is_err_and(blocks)
        };
        tree.insert_many(&leaves(0..1100)).unwrap();
        eventually("the checkpoint stalls", || gate.held() > 0);
        let (batch, few) = (refused(1100), refused(16));
        gate.hold_chunks(false);
        assert!(batch, "two batches are past the bound");
        assert!(!few, "a few leaves have room");
        tree.close().unwrap();
    });
}

#[test]
fn a_manifest_that_stalls_keeps_neither_inserts_nor_statistics_waiting() {
    ends("looking at a tree whose manifest stalls", || {
        let gate = Gate::new();
        let manual = CheckpointPolicy::Manual;
        let tree = open(&gate, &Runtime::new(), FlushPolicy::Manual, manual);
        tree.insert(leaf(0)).unwrap();
        gate.hold_manifests(true);
        thread::scope(|scope| {
            let checkpoint = scope.spawn(|| tree.checkpoint());
            eventually("the manifest stalls", || gate.held() > 0);
            tree.insert(leaf(1)).unwrap();
            let stats = tree.stats();
            assert_eq!((stats.size, stats.checkpointed_size), (2, 0));
            assert!(tree.recovery_report().cuts.is_empty());
            gate.hold_manifests(false);
            checkpoint.join().unwrap().unwrap();
        });
        assert_eq!(tree.stats().checkpointed_size, 1);
        tree.close().unwrap();
    });
}
