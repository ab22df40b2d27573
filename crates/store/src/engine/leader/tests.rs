//! Which threads a sync wakes.

use std::{
    sync::{Arc, mpsc::channel},
    thread,
    time::Duration,
};

use rotortree_hasher::Blake3Hasher;

use crate::{CheckpointPolicy, FlushPolicy, RotorTree, memory::MemoryStorage, settings::Settings};

const THREADS: usize = 4;
/// Far longer than it takes, so that a thread that sleeps on fails the test.
const LONG: Duration = Duration::from_secs(20);

#[test]
fn threads_that_a_sync_serves_and_one_that_leads_next_are_woken() {
    let config = Settings {
        flush_policy: FlushPolicy::Manual,
        checkpoint_policy: CheckpointPolicy::Manual,
        ..Settings::default()
    };
    let storage = Arc::new(MemoryStorage::new());
    let tree: RotorTree<_, 3, 32> = RotorTree::open_with(Blake3Hasher, storage, config).unwrap();
    let group = tree.parts().group();
    for serves in [true, false] {
        let lead = group.take_lead().unwrap();
        let (done, ended) = channel();
        for number in 0..THREADS {
            let (tree, done) = (tree.clone(), done.clone());
            let leaf = [number as u8; 32];
            thread::spawn(move || done.send(tree.insert_durable(leaf)).unwrap());
        }
        while group.state.lock().waiters.threads.len() < THREADS {
            thread::sleep(Duration::from_millis(1));
        }
        if serves {
            tree.parts().committer.sync(lead, |_| Ok(())).unwrap();
        } else {
            // The lead ends before any of their records is written.
            let _ = lead.release();
        }
        for _ in 0..THREADS {
            let ended = ended.recv_timeout(LONG);
            ended.expect("a thread sleeps on").unwrap();
        }
        assert_eq!(group.state.lock().waiters.threads.len(), 0);
    }
    tree.close().unwrap();
}

#[test]
fn a_leader_that_gathers_waits_for_the_threads_that_the_last_sync_served() {
    let config = Settings {
        flush_policy: FlushPolicy::Manual,
        checkpoint_policy: CheckpointPolicy::Manual,
        ..Settings::default()
    };
    let storage = Arc::new(MemoryStorage::new());
    let tree: RotorTree<_, 3, 32> = RotorTree::open_with(Blake3Hasher, storage, config).unwrap();
    let committer = &tree.parts().committer;
    let group = tree.parts().group();
    // None was served yet.
    committer.gather(LONG);
    let insert = |lead| {
        let inserts = (0..THREADS as u8).map(|number| {
            let tree = tree.clone();
            thread::spawn(move || tree.insert_durable([number; 32]).map(drop))
        });
        let inserts: Vec<_> = inserts.collect();
        (lead, inserts)
    };
    let (lead, first) = insert(group.take_lead().unwrap());
    while group.state.lock().waiters.threads.len() < THREADS {
        thread::sleep(Duration::from_millis(1));
    }
    committer.sync(lead, |_| Ok(())).unwrap();
    let lead = group.take_lead().unwrap();
    for insert in first {
        insert.join().unwrap().unwrap();
    }
    thread::scope(|scope| {
        let (done, gathered) = channel();
        scope.spawn(move || {
            committer.gather(100 * LONG);
            done.send(()).unwrap();
        });
        let waits = gathered.recv_timeout(Duration::from_millis(20));
        waits.expect_err("the threads are missed");
        let (lead, second) = insert(lead);
        gathered.recv_timeout(LONG).expect("all of them are back");
        committer.sync(lead, |_| Ok(())).unwrap();
        for insert in second {
            insert.join().unwrap().unwrap();
        }
    });
    tree.close().unwrap();
}
