//! Every form reads back as the bytes that it was made of, and whatever is done to its text, a
//! proof that still verifies states what the tree has.

use std::sync::Arc;

use rotortree_lean_imt::{
    AnyLeanIMT, AnyProof, AnySnapshot, Blake3Hasher, Hash, SharedHasher, TreeHead, any::Heads,
};
use serde_json::{Value, json};

use crate::{Claim, Format, Subject, TreeHash, one_proof, read};

/// A tree of a few leaves, and a proof about it in one form.
struct Case {
    tree: Arc<dyn AnySnapshot>,
    claim: Claim,
    bytes: Vec<u8>,
    format: Format,
    text: Vec<u8>,
}

impl Case {
    /// Whether a text is read and verifies. What it then states is held against the tree.
    fn holds(&self, text: &[u8]) -> bool {
        let claim = &self.claim;
        let Ok(bytes) = read(text, claim) else {
            return false;
        };
        let Ok(proof) = AnyProof::from_bytes(&bytes, claim.arity) else {
            return false;
        };
        let heads = match claim.old {
            Some(old) => Heads::Two {
                old,
                new: claim.head,
            },
            None => Heads::One(claim.head),
        };
        if proof.verify_against(self.tree.hasher(), heads).is_err() {
            return false;
        }
        let text = || String::from_utf8_lossy(text);
        for (index, leaf) in proof.leaves() {
            assert_eq!(self.tree.get_leaf(index), Ok(*leaf), "{}", text());
        }
        assert_eq!(proof.tree_size(), claim.head.size, "{}", text());
        assert_eq!(
            proof.old_size(),
            claim.old.map(|old| old.size),
            "{}",
            text()
        );
        true
    }
}

fn head(tree: &dyn AnySnapshot) -> TreeHead {
    tree.head().unwrap_or(TreeHead::EMPTY)
}

/// Every form of proofs of each kind about a tree.
fn cases(arity: usize, size: u64, is_little_endian: bool) -> Vec<Case> {
    let mut tree = <dyn AnyLeanIMT>::new(Blake3Hasher, arity).unwrap();
    let leaves: Vec<Hash> = (0..size).map(|at| [at as u8 + 1; 32]).collect();
    tree.insert_many(&leaves).unwrap();
    let tree = tree.snapshot();
    let old = head(&*tree.snapshot_at(size / 2).unwrap());
    let grown = tree.generate_consistency_proof(old.size, old.root).unwrap();
    let caught_up = tree.generate_catch_up_proof(old.size, old.root).unwrap();
    let mut proofs = vec![(None, Some(old), grown), (None, Some(old), caught_up)];
    for index in [0, size - 1] {
        proofs.push((Some(index), None, tree.generate_proof(index).unwrap()));
    }
    proofs.push((None, None, one_proof(&*tree, vec![size - 1, 0, 0]).unwrap()));
    proofs.push((None, None, one_proof(&*tree, (0..size).collect()).unwrap()));
    let mut hash = TreeHash::new("blake3", SharedHasher::new(Blake3Hasher));
    hash.is_little_endian = is_little_endian;
    let hash = Arc::new(hash);
    let mut cases = Vec::new();
    for (index, old, bytes) in proofs {
        let mut subject = Subject::new(Arc::clone(&hash), arity, head(&*tree));
        subject.old = old;
        for &format in Format::ALL {
            let Ok(text) = format.make(&subject, &bytes) else {
                continue;
            };
            let mut claim = Claim::new(subject.head, arity);
            (claim.old, claim.index) = (old, index);
            claim.leaf = index.map(|index| leaves[index as usize]);
            claim.is_little_endian = is_little_endian;
            cases.push(Case {
                tree: Arc::clone(&tree),
                claim,
                bytes: bytes.clone(),
                format,
                text,
            });
        }
    }
    cases
}

fn all_cases() -> Vec<Case> {
    let small = [2, 3, 4, 8, 16].map(|arity| cases(arity, arity as u64 + 2, false));
    let deep = [cases(2, 1, false), cases(2, 11, false), cases(2, 7, true)];
    small.into_iter().chain(deep).flatten().collect()
}

#[test]
fn every_form_reads_back_as_the_bytes_that_it_was_made_of() {
    for format in Format::ALL {
        let of_form = all_cases()
            .into_iter()
            .filter(|case| case.format == *format);
        let mut count = 0;
        for case in of_form {
            assert!(
                case.holds(&case.text),
                "{}",
                String::from_utf8_lossy(&case.text)
            );
            assert_eq!(read(&case.text, &case.claim).unwrap(), case.bytes);
            count += 1;
        }
        assert!(count > 2, "{format:?}: {count}");
    }
}

#[test]
fn no_changed_cut_or_longer_text_is_a_proof_of_anything_else() {
    let (mut refused, mut harmless) = (0, 0);
    for (number, case) in all_cases().into_iter().enumerate() {
        let mut judge = |text: &[u8]| match case.holds(text) {
            true => harmless += 1,
            false => refused += 1,
        };
        // Every fifth byte: those of the next case are others.
        for at in (number % 5..case.text.len()).step_by(5) {
            let mut text = case.text.clone();
            for byte in [b'"', text[at] ^ 1] {
                text[at] = byte;
                judge(&text);
            }
            judge(&case.text[..at]);
        }
        judge(&[&case.text[..], &case.text].concat());
        judge(&[&case.text[..], b"\0"].concat());
    }
    // Words of a document that count for nothing, and spaces.
    assert!(refused > 4 * harmless, "{refused} {harmless}");
}

/// The JSON pointers to every part of a document.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                pointers(item, &format!("{at}/{number}"), all);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                pointers(field, &format!("{at}/{name}"), all);
            }
        }
        _ => {}
    }
}

#[test]
fn no_document_with_a_hostile_part_is_a_proof_of_anything_else() {
    let many = Value::Array(vec![json!("0x0"); 1 << 12]);
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let parts = [
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(u64::MAX),
        json!("18446744073709551616"),
        json!(""),
        json!("0x"),
        json!("0".repeat(1 << 12)),
        json!([]),
        json!({}),
        many,
        deep,
    ];
    for case in all_cases()
        .iter()
        .filter(|case| case.text.starts_with(b"{"))
    {
        let document: Value = serde_json::from_slice(&case.text).unwrap();
        let mut all = Vec::new();
        pointers(&document, "", &mut all);
        for pointer in all {
            for part in &parts {
                let mut hostile = document.clone();
                *hostile.pointer_mut(&pointer).unwrap() = part.clone();
                case.holds(&serde_json::to_vec(&hostile).unwrap());
            }
        }
    }
    let unending = "[".repeat(1 << 20);
    for case in &all_cases()[..4] {
        assert!(!case.holds(format!("{{\"siblings\":{unending}").as_bytes()));
    }
}

#[test]
fn no_hostile_word_of_an_abi_encoding_is_a_proof_of_anything_else() {
    let word = |number: u128| {
        let mut word = [0; 32];
        word[16..].copy_from_slice(&number.to_be_bytes());
        word
    };
    let huge = u128::from(u64::MAX);
    let words = [0, 1, 31, 33, 1 << 40, huge - 31, huge, huge + 1].map(word);
    let words: Vec<Hash> = words.into_iter().chain([[0xff; 32]]).collect();
    let all = all_cases();
    for case in all.iter().filter(|case| case.format == Format::Abi) {
        let digits = case.text.trim_ascii_end().len() - 2;
        for at in (0..digits).step_by(64) {
            for word in &words {
                let mut text = case.text.clone();
                text[2 + at..][..64].copy_from_slice(&crate::hex::encode(word).as_bytes()[2..]);
                let is_same = text == case.text;
                assert_eq!(case.holds(&text), is_same, "word {}: {word:?}", at / 64);
            }
        }
    }
}
