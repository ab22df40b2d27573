//! A disk without room, and one that fails: writing ends, reading goes on.

use std::{io, sync::Arc};

use rotortree::store::fs::FsStorage;
use rotortree_store::test_util::sim_files::{Call, Effect, Fault, SimFiles};

use crate::running::{Running, tree_on};

fn on(files: &SimFiles) -> Running {
    let storage = FsStorage::with_files(files.clone(), "/tree");
    Running::of(tree_on(Arc::new(storage)), |server| server)
}

#[test]
fn a_full_disk_turns_writing_off_until_there_is_room() {
    let files = SimFiles::new();
    let running = on(&files);
    assert_eq!(running.append(0..2, 0).status, 200);
    files.set_capacity(Some(files.used()));
    // What the log has reserved takes some entries yet.
    let mut size = 2;
    let refused = loop {
        let answer = running.append(size..size + 64, size);
        if answer.status != 200 {
            break answer;
        }
        size += 64;
    };
    assert_eq!(refused.error(), (507, "storage_full".to_owned()));
    assert_eq!(refused.header("retry-after"), Some("10"));
    let head = running.get_json("/v1/head");
    assert_eq!(head["size"], size, "what was durable is served");
    assert_eq!(running.get("/v1/proofs/1").status, 200);
    assert_eq!(running.get("/readyz").status, 200, "reads are served");
    assert!(running.get_json("/v1/stats")["unavailable"].as_u64() > Some(0));

    files.set_capacity(None);
    // The client sends the same again, and the leaves are there once.
    let again = running.append(size..size + 64, size);
    assert_eq!(
        (again.status, again.json()["size"].as_u64()),
        (200, Some(size + 64))
    );
    assert_eq!(running.get_json("/v1/head")["size"], size + 64);
}

#[test]
fn a_failed_sync_turns_writing_off_for_good() {
    let files = SimFiles::new();
    let running = on(&files);
    assert_eq!(running.append(0..2, 0).status, 200);
    files.inject(
        Fault::new(0, Effect::Error(io::ErrorKind::Other))
            .on(Call::Sync)
            .for_good(),
    );
    for _ in 0..2 {
        assert_eq!(
            running.append(2..3, 2).error(),
            (503, "writing_off".to_owned())
        );
    }
    files.heal();
    assert_eq!(
        running.append(2..3, 2).error(),
        (503, "writing_off".to_owned())
    );
    assert_eq!(running.get_json("/v1/head")["size"], 2);
    assert_eq!(running.get("/v1/proofs/1").status, 200);
    let ready = running.get("/readyz");
    assert_eq!(
        (ready.status, ready.json()["ready"].as_bool()),
        (503, Some(false))
    );
    assert!(
        ready.json()["reason"]
            .as_str()
            .is_some_and(|reason| !reason.is_empty())
    );
}
