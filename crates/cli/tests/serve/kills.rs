//! A server that is killed or ended under load: every append that it acknowledged is there
//! afterwards, at its place, under the root that the answer had, and with a proof.
//!
//! `ROTORTREE_SERVER_KILLS` sets the number of kills, 20 unless it says otherwise.

use std::{
    collections::BTreeMap,
    env,
    net::SocketAddr,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use rotortree::{AnyProof, AnyTreeBuilder, Blake3Hasher, RotorTreeConfig};

use crate::{
    client::Client,
    process::{Process, TOKEN, run},
};

/// Connections that append.
const CLIENTS: u64 = 16;

/// An append that was acknowledged.
struct Acknowledged {
    leaves: Vec<[u8; 32]>,
    size: u64,
    root: String,
}

/// All of them, by the index of their first leaf.
type Ledger = Mutex<BTreeMap<u64, Acknowledged>>;

/// Leaves that no append before had.
fn leaves(next: &AtomicU64) -> Vec<[u8; 32]> {
    let count = 1 + next.load(Ordering::Relaxed) % 3;
    let first = next.fetch_add(count, Ordering::Relaxed);
    let leaf = |number: u64| {
        let mut leaf = [0; 32];
        leaf[..8].copy_from_slice(&number.to_le_bytes());
        leaf
    };
    (first..first + count).map(leaf).collect()
}

/// Appends until the server is gone.
fn load(server: SocketAddr, next: &AtomicU64, ledger: &Ledger) {
    let Ok(mut client) = Client::connect(server) else {
        return;
    };
    loop {
        let leaves = leaves(next);
        let Ok((status, answer)) = client.append(TOKEN, &leaves.concat()) else {
            return;
        };
        if answer["error"]["code"] == "stopping" {
            return;
        }
        assert_eq!(status, 200, "{answer}");
        let first = answer["first"].as_u64().unwrap();
        let acknowledged = Acknowledged {
            leaves,
            size: answer["size"].as_u64().unwrap(),
            root: answer["root"].as_str().unwrap().to_owned(),
        };
        let before = ledger.lock().unwrap().insert(first, acknowledged);
        assert!(before.is_none(), "two appends have the index {first}");
    }
}

/// Looks in a server that was started again for everything that the one before acknowledged.
fn check(server: &Process, place: &Path, ledger: &BTreeMap<u64, Acknowledged>) {
    let view = AnyTreeBuilder::new(RotorTreeConfig::new(place));
    let view = view.open_read_only(Blake3Hasher).unwrap();
    let snapshot = view.snapshot();
    for (&first, append) in ledger {
        let end = first + append.leaves.len() as u64;
        assert!(append.size >= end, "an answer has the size {}", append.size);
        assert!(append.size <= snapshot.size(), "{first}..{end} are lost");
        let then = snapshot.snapshot_at(append.size).unwrap();
        let head = then.head().unwrap();
        assert_eq!(hex(&head.root), append.root, "at {}", append.size);
        for (index, leaf) in (first..end).zip(&append.leaves) {
            let proof = then.generate_proof(index).unwrap();
            let proof = AnyProof::from_bytes(&proof, then.arity()).unwrap();
            assert!(proof.leaves().eq([(index, leaf)]));
            proof.verify_against(&Blake3Hasher, head).unwrap();
        }
    }
    // The server serves the same.
    let mut client = Client::connect(server.address).unwrap();
    let (_, head) = client.get("/v1/head").unwrap();
    assert!(head["size"].as_u64() >= Some(snapshot.size()), "{head}");
    for (first, append) in ledger.iter().step_by(50) {
        let (status, then) = client.get(&format!("/v1/roots/{}", append.size)).unwrap();
        assert_eq!(
            (status, then["root"].as_str()),
            (200, Some(append.root.as_str()))
        );
        let (status, proof) = client
            .get(&format!("/v1/proofs/{first}?size={}", append.size))
            .unwrap();
        assert_eq!(status, 200, "{proof}");
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    format!("0x{}", digits.collect::<String>())
}

#[test]
fn a_killed_server_has_every_append_that_it_acknowledged() {
    let kills = env::var("ROTORTREE_SERVER_KILLS").map_or(20, |kills| kills.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("tree");
    run(["init".as_ref(), place.as_os_str()]);
    let next = AtomicU64::new(1);
    let mut total = 0;
    let mut server = Process::start(&place, &[]);
    // The last round ends in order, which loses nothing either.
    for kill in 0..=kills {
        let ledger = Ledger::default();
        let address = server.address;
        thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| load(address, &next, &ledger));
            }
            // From before the first answer to the middle of checkpoints.
            thread::sleep(Duration::from_millis(kill * 37 % 200));
            match kill < kills {
                true => server.kill(),
                false => server.end(),
            }
        });
        server = Process::start(&place, &[]);
        let ledger = ledger.into_inner().unwrap();
        check(&server, &place, &ledger);
        total += ledger.len();
    }
    assert!(
        total as u64 > kills * 10,
        "{total} appends were acknowledged"
    );
}
