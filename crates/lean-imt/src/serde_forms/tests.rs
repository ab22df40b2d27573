//! Written values are read back, and malformed ones are refused.

use rotortree_hasher::Blake3Hasher;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::FrontierParts;
use crate::{
    CatchUpProof, ConsistencyProof, Frontier, LeanIMT, LeanImtProof, MultiProof, NaryProof,
    RangeProof, TreeError, TreeHead, TreeSnapshot, reference,
};

fn tree<const N: usize>(size: usize) -> TreeSnapshot<N, 16> {
    let mut tree = LeanIMT::<_, N, 16>::new(Blake3Hasher);
    tree.insert_many(&reference::sample_leaves(5, size))
        .unwrap();
    tree.snapshot()
}

fn round_trip<T: Serialize + DeserializeOwned + PartialEq + core::fmt::Debug>(value: &T) -> Value {
    let json = serde_json::to_value(value).unwrap();
    assert_eq!(&serde_json::from_value::<T>(json.clone()).unwrap(), value);
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value);
    json
}

#[test]
fn everything_is_read_back_as_it_was_written() {
    fn test<const N: usize>() {
        for size in [1usize, 2, 3, 7, 16, 21] {
            let tree = tree::<N>(size);
            let last = size as u64 - 1;
            round_trip(&tree.head().unwrap());
            round_trip(&tree.generate_proof(last).unwrap());
            round_trip(
                &tree
                    .generate_multiproof(&[last / 2, last][usize::from(size == 1)..])
                    .unwrap(),
            );
            round_trip(&tree.generate_range_proof(last / 2..last + 1).unwrap());
            let old = tree
                .snapshot_at(last)
                .unwrap()
                .head()
                .unwrap_or(TreeHead::EMPTY);
            round_trip(&tree.generate_consistency_proof(last, old.root).unwrap());
            round_trip(&tree.generate_catch_up_proof(last, old.root).unwrap());
            let frontier = tree.frontier_at(size as u64).unwrap();
            let json = serde_json::to_value(&frontier).unwrap();
            let parts: FrontierParts<N> = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(round_trip(&parts), json);
            let back = parts.import::<_, 16>(&Blake3Hasher, tree.head().unwrap());
            assert_eq!(back.unwrap(), frontier);
        }
    }
    test::<2>();
    test::<3>();
    test::<16>();
    round_trip(&TreeHead::EMPTY);
    round_trip(
        &tree::<2>(5)
            .generate_proof(2)
            .unwrap()
            .to_lean_imt()
            .unwrap(),
    );
}

#[test]
fn people_read_hashes_as_lower_case_hex() {
    let mut root = [0xab; 32];
    root[0] = 0x01;
    let head = TreeHead { size: 3, root };
    let text = "0x01abababababababababababababababababababababababababababababababab";
    let json = json!({ "size": 3, "root": &text[..66] });
    assert_eq!(serde_json::to_value(head).unwrap(), json);
    for read in [
        &text[2..66],
        &text[..66].to_uppercase(),
        &text[..66].replace("ab", "AB"),
        "755628523515574437047200361729489104557184642579088239595725042698697812907",
    ] {
        let json = json!({ "size": 3, "root": read });
        assert_eq!(serde_json::from_value::<TreeHead>(json).unwrap(), head);
    }
    for refused in [
        "",
        "0x",
        "0x1",
        &text[..65],
        text,
        &text[..66].replace("ab", "xy"),
        &format!(" {}", &text[..65]),
    ] {
        let json = json!({ "size": 3, "root": refused });
        assert!(
            serde_json::from_value::<TreeHead>(json).is_err(),
            "{refused}"
        );
    }
    let unknown = json!({ "size": 3, "root": &text[..66], "sise": 3 });
    assert!(serde_json::from_value::<TreeHead>(unknown).is_err());
}

/// The value with one field replaced.
fn with(json: &Value, field: &str, value: impl Into<Value>) -> Value {
    let mut json = json.clone();
    let fields = json.as_object_mut().unwrap();
    assert!(
        fields.insert(field.into(), value.into()).is_some(),
        "{field} is a field"
    );
    json
}

#[test]
fn what_is_malformed_is_neither_read_nor_written() {
    fn refused<T: DeserializeOwned>(json: Value) {
        assert!(serde_json::from_value::<T>(json.clone()).is_err(), "{json}");
    }
    let tree = tree::<2>(9);
    let old = tree.snapshot_at(4).unwrap().head().unwrap();

    let json = serde_json::to_value(tree.generate_proof(5).unwrap()).unwrap();
    refused::<NaryProof<3, 16>>(json.clone());
    refused::<NaryProof<2, 3>>(json.clone());
    refused::<NaryProof<2, 16>>(with(&json, "n", 3));
    refused::<NaryProof<2, 16>>(with(&json, "tree_size", u64::MAX));
    refused::<NaryProof<2, 16>>(with(&json, "leaf_index", 9));
    refused::<NaryProof<2, 16>>(with(&json, "siblings", json!([])));
    refused::<NaryProof<2, 16>>(with(&json, "root", "0x00"));

    let json = serde_json::to_value(tree.generate_multiproof(&[1, 5]).unwrap()).unwrap();
    refused::<MultiProof<2, 16>>(with(&json, "indices", json!([5, 1])));
    refused::<MultiProof<2, 16>>(with(&json, "indices", json!([])));
    refused::<MultiProof<2, 16>>(with(&json, "tree_size", 5));
    refused::<MultiProof<4, 16>>(json);

    let json = serde_json::to_value(tree.generate_range_proof(1..5).unwrap()).unwrap();
    refused::<RangeProof<2, 16>>(with(&json, "start", 8));
    refused::<RangeProof<2, 16>>(with(&json, "leaves", json!([])));
    refused::<RangeProof<4, 16>>(json);

    let json = tree.generate_consistency_proof(old.size, old.root).unwrap();
    let json = serde_json::to_value(json).unwrap();
    refused::<ConsistencyProof<2, 16>>(with(&json, "new_size", 3));
    refused::<ConsistencyProof<2, 16>>(with(&json, "hashes", json!([])));
    refused::<ConsistencyProof<4, 16>>(json);

    let json = tree.generate_catch_up_proof(old.size, old.root).unwrap();
    let json = serde_json::to_value(json).unwrap();
    refused::<CatchUpProof<2, 16>>(with(&json, "old_size", u64::MAX));
    refused::<CatchUpProof<2, 16>>(with(&json, "frontier", json!([])));
    refused::<CatchUpProof<4, 16>>(json);

    let mut malformed = tree.generate_proof(5).unwrap();
    malformed.levels[0].sibling_count = usize::MAX;
    assert!(serde_json::to_value(&malformed).is_err());

    let json = serde_json::to_value(tree.frontier_at(9).unwrap()).unwrap();
    refused::<FrontierParts<3>>(json.clone());
    let mut parts: FrontierParts<2> = serde_json::from_value(json).unwrap();
    parts.hashes[0][0] ^= 1;
    let imported: Result<Frontier<2, 16>, _> = parts.import(&Blake3Hasher, tree.head().unwrap());
    assert!(matches!(imported, Err(TreeError::RootMismatch { size: 9 })));
}

#[test]
fn a_javascript_proof_is_taken_as_json() {
    let tree = tree::<2>(3);
    let proof = tree.generate_proof(2).unwrap();
    let json = serde_json::to_string(&proof.to_lean_imt().unwrap()).unwrap();
    let theirs: LeanImtProof = serde_json::from_str(&json).unwrap();
    assert_eq!(NaryProof::from_lean_imt(&theirs, 2, 3).unwrap(), proof);
}

#[test]
fn a_javascript_proof_is_taken_in_every_spelling_that_its_programs_have() {
    let mut sibling = [0; 32];
    sibling[30..].copy_from_slice(&[0x01, 0x02]);
    let bare = "0000000000000000000000000000000000000000000000000000000000000102";
    let expected = LeanImtProof {
        root: [0xff; 32],
        leaf: [0; 32],
        index: 1,
        siblings: vec![sibling; 4],
    };
    let root = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    for index in [json!(1), json!("1")] {
        let json = json!({
            "root": root,
            "leaf": "0x0",
            "index": index,
            "siblings": ["258", "0x102", bare, format!("0x{bare}")],
        });
        let read: LeanImtProof = serde_json::from_value(json).unwrap();
        assert_eq!(read, expected);
        let written = serde_json::to_value(&read).unwrap();
        assert_eq!(written["siblings"][0], format!("0x{bare}"));
    }
    let with_sibling = |sibling: Value| {
        let json = json!({ "root": "1", "leaf": "1", "index": 0, "siblings": [sibling] });
        serde_json::from_value::<LeanImtProof>(json)
    };
    for refused in ["", "0x", "0xg", "-1", "1.5", " 1", "1e3", "12ab", "0x1ß"] {
        assert!(with_sibling(refused.into()).is_err(), "{refused:?}");
    }
    assert!(
        with_sibling(json!(5)).is_err(),
        "a number of JSON has 53 bits"
    );
}

/// `Number.parseInt("", 2)` is `NaN`, and that is `null` in JSON.
#[test]
fn the_null_index_of_a_javascript_tree_of_one_leaf_is_read_and_any_other_is_explained() {
    let tree = tree::<2>(1);
    let proof = tree.generate_proof(0).unwrap();
    let mut json = serde_json::to_value(proof.to_lean_imt().unwrap()).unwrap();
    json["index"] = Value::Null;
    let theirs: LeanImtProof = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(NaryProof::from_lean_imt(&theirs, 0, 1).unwrap(), proof);

    json["siblings"] = json!(["1"]);
    let refused = serde_json::from_value::<LeanImtProof>(json).unwrap_err();
    assert!(refused.to_string().contains("NaN"), "{refused}");
}

/// Replaces every byte of a value's JSON by characters of JSON and hex, or removes it: the result
/// is refused, is the same value, or does not verify.
fn every_character_counts<T>(value: &T, accepted: impl Fn(&T) -> bool)
where
    T: Serialize + DeserializeOwned + PartialEq,
{
    assert!(accepted(value));
    let text = serde_json::to_string(value).unwrap().into_bytes();
    let refuse = |changed: &[u8]| {
        if let Ok(read) = serde_json::from_slice::<T>(changed)
            && read != *value
        {
            let text = String::from_utf8_lossy(changed);
            assert!(!accepted(&read), "{text}");
        }
    };
    for at in 0..text.len() {
        let mut changed = text.clone();
        for character in *b"01289afFx-. \",]}" {
            changed[at] = character;
            refuse(&changed);
        }
        changed.remove(at);
        refuse(&changed);
        refuse(&text[..at]);
        refuse(&[&text[..at], &text[at..=at], &text[at..]].concat());
    }
}

#[test]
fn a_changed_text_is_not_read_or_proves_nothing() {
    fn test<const N: usize>() {
        let hasher = &Blake3Hasher;
        let tree = tree::<N>(5);
        let head = tree.head().unwrap();
        let old = tree.snapshot_at(3).unwrap().head().unwrap();
        every_character_counts(&head, |read| *read == head);
        every_character_counts(&tree.generate_proof(4).unwrap(), |proof| {
            proof.verify_against(hasher, head).is_ok()
        });
        every_character_counts(&tree.generate_multiproof(&[1, 4]).unwrap(), |proof| {
            proof.verify_against(hasher, head).is_ok()
        });
        every_character_counts(&tree.generate_range_proof(1..3).unwrap(), |proof| {
            proof.verify_against(hasher, head).is_ok()
        });
        let growth = tree.generate_consistency_proof(3, old.root).unwrap();
        every_character_counts(&growth, |proof| {
            proof.verify_against(hasher, old, head).is_ok()
        });
        let news = tree.generate_catch_up_proof(3, old.root).unwrap();
        every_character_counts(&news, |proof| {
            proof.verify_against(hasher, old, head).is_ok()
        });
        let parts = FrontierParts::<N> {
            size: 5,
            hashes: tree.frontier_at(5).unwrap().hashes().copied().collect(),
        };
        every_character_counts(&parts, |parts| parts.import::<_, 16>(hasher, head).is_ok());
    }
    test::<2>();
    test::<3>();
    test::<16>();
    let tree = tree::<2>(5);
    let theirs = tree.generate_proof(2).unwrap().to_lean_imt().unwrap();
    every_character_counts(&theirs, |theirs| {
        let taken = NaryProof::<2, 16>::from_lean_imt(theirs, 2, 5);
        taken.is_ok_and(|proof| {
            proof
                .verify_against(&Blake3Hasher, tree.head().unwrap())
                .is_ok()
        })
    });
}
