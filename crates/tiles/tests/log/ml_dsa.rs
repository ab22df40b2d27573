//! Cosignatures with ML-DSA-44.

use rotortree_tiles::{
    Checkpoint, Cosigner, KeyError, KeyKind, Note, PublicKey, Quorum, SecretKey, SignError,
    Signature,
};

use crate::sample::{ORIGIN, head, key, tree};

const TIME: u64 = 1_679_315_147;

fn text() -> String {
    Checkpoint::new(ORIGIN, head(&tree(300))).to_string()
}

fn witness(name: &str) -> SecretKey {
    SecretKey::from_seed(name, KeyKind::MlDsaCosignature, &[3; 32]).unwrap()
}

#[test]
fn a_cosignature_holds_for_its_time_name_and_checkpoint_alone() {
    let (witness, text) = (witness("w.example"), text());
    let public = witness.public();
    let line = witness.cosign(&text, TIME).unwrap();
    assert_eq!(
        (line.timestamp(), line.bytes().len()),
        (Some(TIME), 8 + 2420)
    );
    assert!(public.verify(&text, &line));
    assert_eq!(
        witness.cosign(&text, TIME).unwrap(),
        line,
        "the same each time"
    );
    assert!(
        public.verify(&text, &witness.cosign(&text, 0).unwrap()),
        "it says nothing of a time"
    );
    let late = witness.cosign(&text, 1 << 63).unwrap();
    assert!(!public.verify(&text, &late));

    let (name, id) = public.id();
    for at in [0, 7, 8, 39, 40, 1000, 2343, 2344, 2427] {
        let mut bytes = line.bytes().to_vec();
        bytes[at] ^= 1;
        let line = Signature::new(name, id, bytes).unwrap();
        assert!(!public.verify(&text, &line), "byte {at}");
    }
    for len in [1, 7, 8, 72, 2427] {
        let cut = Signature::new(name, id, line.bytes()[..len].to_vec()).unwrap();
        assert!(!public.verify(&text, &cut), "{len} bytes");
    }
    for (from, to) in [
        ("example.com/log", "example.com/lag"),
        ("300", "301"),
        ("\n", "\r\n"),
    ] {
        assert!(!public.verify(&text.replacen(from, to, 1), &line), "{from}");
    }
    // No statement is made about extension lines.
    assert!(public.verify(&format!("{text}extension\n"), &line));
}

/// Unlike Ed25519's, the message has the name of the cosigner.
#[test]
fn the_same_key_under_another_name_is_another_cosigner() {
    let [a, b] = ["a.example", "b.example"].map(witness);
    let line = a.cosign(&text(), TIME).unwrap();
    let (name, id) = b.public().id();
    let moved = Signature::new(name, id, line.bytes().to_vec()).unwrap();
    assert!(!b.public().verify(&text(), &moved));
    // A quorum counts keys, not names.
    let both = [a.public().clone(), b.public().clone()];
    assert!(Quorum::new(2, both).is_err());
}

#[test]
fn keys_are_spelled_as_those_of_ed25519() {
    let key = witness("w.example");
    let spelled = key.public().to_string();
    let parsed: PublicKey = spelled.parse().unwrap();
    assert_eq!(
        (&parsed, parsed.kind()),
        (key.public(), KeyKind::MlDsaCosignature)
    );
    let again = SecretKey::parse(&key.expose()).unwrap();
    assert_eq!(again.public(), key.public());
    assert!(!format!("{key:?}").contains("PRIVATE"));
    for len in [0, 32, 1311, 1313] {
        let wrong = PublicKey::new("w.example", KeyKind::MlDsaCosignature, &vec![1; len]);
        assert_eq!(wrong, Err(KeyError::Kind), "{len} bytes");
    }
    assert_eq!(
        PublicKey::new("w", KeyKind::Note, &[1; 1312]),
        Err(KeyError::Kind)
    );
}

#[test]
fn what_is_no_checkpoint_is_not_signed() {
    let refused = |witness: SecretKey, text: &str| witness.cosign(text, TIME).unwrap_err();
    assert!(matches!(
        refused(witness("w"), "a text\n"),
        SignError::Text(_)
    ));
    assert!(matches!(
        refused(witness(&"w".repeat(256)), &text()),
        SignError::Text(_)
    ));
}

#[test]
fn both_kinds_of_witnesses_make_a_quorum() {
    let classic = SecretKey::from_seed("c.example", KeyKind::Cosignature, &[4; 32]).unwrap();
    let witness = witness("w.example");
    let keys = [&classic, &witness].map(|key| key.public().clone());
    let quorum = Quorum::new(2, keys).unwrap();
    let mut note = Note::signed(text(), &[&key(), &witness]).unwrap();
    assert!(quorum.verify(&note).is_err(), "one of two");
    note.add([classic.cosign(note.text(), TIME).unwrap()]);
    let note = Note::parse(note.to_string().as_bytes()).unwrap();
    assert_eq!(quorum.verify(&note).unwrap().len(), 2);
}
