//! Proofs of every kind in every form: those of the command, and verified.

use std::sync::Arc;

use rotortree::{
    AnyProof, AnyTree, AnyTreeBuilder, Blake3Hasher, Rfc6962Hasher, SharedHasher, TreeHead,
    any::Heads, store::memory::MemoryStorage,
};
use rotortree_proof_forms::{Claim, Format, Subject, TreeHash, read};
use rotortree_server::Server;
use serde_json::json;

use crate::running::{Running, hex, leaf};

fn head_of(tree: &dyn AnyTree, size: u64) -> TreeHead {
    let snapshot = tree.snapshot().snapshot_at(size).unwrap();
    snapshot.head().unwrap_or(TreeHead::EMPTY)
}

fn verify(bytes: &[u8], heads: impl Into<Heads>) -> Vec<u64> {
    let proof = AnyProof::from_bytes(bytes, 2).unwrap();
    proof.verify_against(&Blake3Hasher, heads).unwrap();
    proof.leaves().map(|(index, _)| index).collect()
}

#[test]
fn every_leaf_is_proved_for_every_later_size() {
    let running = Running::with_leaves(9);
    for size in 1..=9 {
        let head = head_of(&*running.tree, size);
        for index in 0..size {
            let path = format!("/v1/proofs/{index}?size={size}&format=bytes");
            let answer = running.get(&path);
            assert_eq!(verify(&answer.body, head), [index]);
            assert_eq!(
                answer.header("content-type"),
                Some("application/octet-stream")
            );
        }
    }
    let by_leaf = running.get(&format!("/v1/proofs/{}?format=bytes", hex(&leaf(3))));
    assert_eq!(by_leaf.body, running.get("/v1/proofs/3?format=bytes").body);
}

/// The bytes that the crate of forms makes, and with it the command.
#[test]
fn every_form_is_byte_for_byte_that_of_the_command() {
    for is_log in [false, true] {
        let builder = AnyTreeBuilder::on(Arc::new(MemoryStorage::new())).arity(2);
        let (tree, hasher) = match is_log {
            true => (
                builder.open(Rfc6962Hasher),
                SharedHasher::new(Rfc6962Hasher),
            ),
            false => (builder.open(Blake3Hasher), SharedHasher::new(Blake3Hasher)),
        };
        let tree = tree.unwrap();
        let leaves: Vec<_> = (0..6).map(leaf).collect();
        tree.insert_many_durable(&leaves).unwrap();
        let served = Arc::clone(&tree);
        let running = Running::start(tree, || Server::of_tree(served).hash_name("name"));
        let hash = Arc::new(TreeHash::new("name", hasher));
        let subject = Subject::new(hash, 2, head_of(&*running.tree, 6));
        let bytes = running.tree.snapshot().generate_proof(4).unwrap();
        for format in Format::ALL {
            let answer = running.get(&format!("/v1/proofs/4?format={}", format.name()));
            match format.make(&subject, &bytes) {
                Err(_) => assert_eq!(answer.error(), (422, "no_such_form".to_owned())),
                Ok(expected) => {
                    assert_eq!(answer.body, expected, "{format:?}");
                    let mut claim = Claim::new(subject.head, 2);
                    (claim.index, claim.leaf) = (Some(4), Some(leaf(4)));
                    assert_eq!(read(&answer.body, &claim).unwrap(), bytes, "{format:?}");
                }
            }
        }
    }
}

#[test]
fn levels_of_a_circuit_are_chosen_and_bounded() {
    let running = Running::with_leaves(5);
    let signals = running.get_json("/v1/proofs/1?format=circom&levels=20");
    assert_eq!(signals["siblings"].as_array().unwrap().len(), 20);
    for levels in ["1", "65", "18446744073709551615"] {
        let answer = running.get(&format!("/v1/proofs/1?format=circom&levels={levels}"));
        assert_eq!(answer.error(), (422, "no_such_form".to_owned()), "{levels}");
    }
}

#[test]
fn many_leaves_are_proved_one_by_one_or_at_once() {
    let running = Running::with_leaves(9);
    let head = head_of(&*running.tree, 9);
    let each = running
        .post("/v1/proofs", &json!({ "indices": [7, "2"] }))
        .json();
    let singles: Vec<_> = [7, 2]
        .map(|at| running.get_json(&format!("/v1/proofs/{at}")))
        .to_vec();
    assert_eq!(each["proofs"].as_array().unwrap(), &singles);
    let bytes = |document| running.post("/v1/proofs", &document).body;

    let each = bytes(json!({ "start": 3, "end": 5, "format": "bytes" }));
    let mut rest = &each[..];
    for index in 3..5 {
        let (len, behind) = rest.split_first_chunk::<4>().unwrap();
        let (proof, behind) = behind.split_at(u32::from_le_bytes(*len) as usize);
        assert_eq!(verify(proof, head), [index]);
        rest = behind;
    }
    assert!(rest.is_empty());

    let multi = bytes(json!({ "indices": [7, 2, 7, 0], "one": true, "format": "bytes" }));
    assert_eq!(verify(&multi, head), [0, 2, 7]);
    let range = json!({ "start": 2, "end": 6, "one": true, "format": "bytes", "size": 8 });
    assert_eq!(
        verify(&bytes(range), head_of(&*running.tree, 8)),
        [2, 3, 4, 5]
    );
    let words = running
        .post("/v1/proofs", &json!({ "indices": [0, 1], "format": "abi" }))
        .json();
    let word = words["proofs"][1].as_str().unwrap();
    assert_eq!(
        format!("{word}\n").as_bytes(),
        running.get("/v1/proofs/1?format=abi").body
    );
}

#[test]
fn growth_is_proved_between_any_two_sizes() {
    let running = Running::with_leaves(6);
    for old in 0..=6 {
        for new in old..=6 {
            let heads = (head_of(&*running.tree, old), head_of(&*running.tree, new));
            let path = format!("/v1/consistency/{old}/{new}");
            let bytes = running.get(&format!("{path}?format=bytes")).body;
            assert_eq!(verify(&bytes, heads), Vec::<u64>::new());
            let leaves = running.get(&format!("{path}?format=bytes&leaves=true"));
            assert_eq!(verify(&leaves.body, heads), (old..new).collect::<Vec<_>>());
            let document = running.get_json(&path);
            assert_eq!(document["proof"], hex(&bytes));
            assert_eq!(document["old"], heads.0.to_string());
        }
    }
}
