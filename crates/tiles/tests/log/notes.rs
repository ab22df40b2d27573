//! Notes and keys, in the spellings of other programs.

use proptest::prelude::*;
use rotortree_tiles::{
    Cosigner, KeyError, KeyKind, Note, NoteError, PublicKey, SecretKey, SignError, Signature,
    Signer,
};

/// The example of the documentation of Go's `golang.org/x/mod/sumdb/note`.
const SECRET: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
const LINE: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";

#[test]
fn the_note_of_the_go_package_is_made_and_verified() {
    let key = SecretKey::parse(SECRET).unwrap();
    assert_eq!(key.public().to_string(), PUBLIC);
    let note = Note::signed(TEXT, &[&key]).unwrap();
    assert_eq!(note.to_string(), format!("{TEXT}\n{LINE}\n"));
    let public: PublicKey = PUBLIC.parse().unwrap();
    assert_eq!(note.verify(&[&public]).unwrap().len(), 1);
}

#[test]
fn no_secret_is_printed() {
    let key = SecretKey::parse(SECRET).unwrap();
    assert_eq!(key.expose(), SECRET);
    let debug = format!("{key:?} {key:#?}");
    assert!(
        debug.contains(PUBLIC) && !debug.contains("AYEKFAL"),
        "{debug}"
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    assert_eq!(SecretKey::from_file(&file).unwrap().public(), key.public());
    std::fs::write(&file, SECRET.replace("c74f20a3", "c74f20a4")).unwrap();
    let error = SecretKey::from_file(&file).unwrap_err();
    assert_eq!(error, KeyError::Id);
    assert!(matches!(
        SecretKey::from_file(folder.path()),
        Err(KeyError::Unavailable(_))
    ));
}

#[test]
fn keys_with_another_spelling_are_refused() {
    let parse = |text: &str| text.parse::<PublicKey>().unwrap_err();
    assert_eq!(parse(""), KeyError::Spelling);
    assert_eq!(parse("a+b"), KeyError::Spelling);
    assert_eq!(
        parse(&PUBLIC.replace("c74f20a3", "C74F20A3")),
        KeyError::Spelling
    );
    assert_eq!(parse(&PUBLIC.replace("c74f20a3", "c74f20a4")), KeyError::Id);
    assert_eq!(parse(&PUBLIC.replace("PeterNeumann", "")), KeyError::Name);
    assert_eq!(
        parse(&PUBLIC.replace("PeterNeumann", "Peter Neumann")),
        KeyError::Name
    );
    assert_eq!(parse(&PUBLIC.replace("+ARpc", "+AxpC")), KeyError::Kind);
    assert_eq!(parse("a+00000000+AQ=="), KeyError::Kind);
    // Without its feature, ML-DSA is a kind of its own that is not known.
    #[cfg(not(feature = "ml-dsa"))]
    assert!(matches!(
        SecretKey::from_seed("w.example", KeyKind::MlDsaCosignature, &[3; 32]),
        Err(KeyError::Kind)
    ));
    assert!(SecretKey::parse(PUBLIC).is_err() && PUBLIC.parse::<PublicKey>().is_ok());
}

#[test]
fn bytes_that_are_no_note_are_refused() {
    let good = format!("{TEXT}\n{LINE}\n");
    for bad in [
        String::new(),
        TEXT.to_owned(),
        format!("{TEXT}\n"),
        format!("{TEXT}\n{LINE}"),
        format!("{TEXT}{LINE}\n"),
        format!("\n{LINE}\n"),
        format!("{TEXT}\n{LINE}\n\n"),
        format!("{TEXT}\n-- PeterNeumann AAAAAAA=\n"),
        format!("{TEXT}\n\u{2014} PeterNeumann AAAA\n"),
        format!("{TEXT}\n\u{2014} PeterNeumann AAAAAA==\n"),
        format!("{TEXT}\n\u{2014}  AAAAAAA=\n"),
        format!("{TEXT}\n\u{2014} Peter+Neumann AAAAAAA=\n"),
        good.replace("then", "\tthen"),
        good.replace("then", "\0then"),
        format!("{TEXT}\n{}", format!("{LINE}\n").repeat(101)),
        format!("{}{good}", "x".repeat(1 << 20)),
    ] {
        let parsed = Note::parse(bad.as_bytes());
        let shown: String = bad.chars().take(120).collect();
        assert!(
            matches!(parsed, Err(NoteError::Malformed { .. })),
            "{shown:?}"
        );
    }
    assert!(Note::parse(b"\xff\n\n").is_err());
    assert!(Note::parse(format!("{TEXT}\n{}", format!("{LINE}\n").repeat(100)).as_bytes()).is_ok());
    let key = SecretKey::parse(SECRET).unwrap();
    assert!(Note::signed("no newline", &[&key]).is_err());
    assert!(Note::signed("a\ttab\n", &[&key]).is_err());
}

#[test]
fn only_the_lines_of_known_keys_count() {
    let key = SecretKey::parse(SECRET).unwrap();
    let public = key.public();
    let (name, id) = public.id();
    let line = |name: &str, id, bytes: &[u8]| Signature::new(name, id, bytes.to_vec()).unwrap();
    let held = key.sign(TEXT).unwrap();
    let strange = [
        line("other", id, held.bytes()),
        line(name, id ^ 1, held.bytes()),
    ];

    let mut note = Note::signed(TEXT, &[]).unwrap();
    assert_eq!(note.verify(&[public]), Err(NoteError::NoKnownSignature));
    note.add(strange);
    assert_eq!(note.verify(&[public]), Err(NoteError::NoKnownSignature));
    note.add([held]);
    assert_eq!(note.verify(&[public]).unwrap().len(), 1);
    assert_eq!(note.signatures().len(), 3);
    note.add([line(name, id, &[7; 64])]);
    assert!(matches!(
        note.verify(&[public]),
        Err(NoteError::FalseSignature { .. })
    ));
    assert_eq!(
        note.signatures().len(),
        3,
        "a second line of a key replaces the first"
    );
}

#[test]
fn a_cosignature_signs_the_time() {
    let witness = SecretKey::from_seed("w.example", KeyKind::Cosignature, &[3; 32]).unwrap();
    let line = witness.cosign(TEXT, 1_679_315_147).unwrap();
    assert_eq!(
        (line.timestamp(), line.bytes().len()),
        (Some(1_679_315_147), 72)
    );
    assert!(witness.public().verify(TEXT, &line));
    let (name, id) = witness.public().id();
    for (at, bit) in [(0, 0x80), (7, 1), (8, 1), (71, 0x80)] {
        let mut bytes = line.bytes().to_vec();
        bytes[at] ^= bit;
        let line = Signature::new(name, id, bytes).unwrap();
        assert!(!witness.public().verify(TEXT, &line), "byte {at}");
    }
    let cut = Signature::new(name, id, line.bytes()[..64].to_vec()).unwrap();
    assert!(!witness.public().verify(TEXT, &cut));
    // The same point as a key for notes is another key.
    let as_note = SecretKey::from_seed("w.example", KeyKind::Note, &[3; 32]).unwrap();
    assert!(!as_note.public().verify(TEXT, &line));
    assert!(matches!(as_note.cosign(TEXT, 1), Err(SignError::False)));
    assert_ne!(as_note.public().id(), witness.public().id());
    // A time beyond 2^63 - 1 has no place in a cosignature.
    let late = witness.cosign(TEXT, 1 << 63).unwrap();
    assert!(!witness.public().verify(TEXT, &late));
}

proptest! {
    /// No bytes make the reader panic, and what it reads it writes again.
    #[test]
    fn a_note_is_written_as_it_was_read(text in "[ -~\n]{0,80}\n", tail in "[ -~\n\u{2014}]{0,80}") {
        let bytes = format!("{text}\n{LINE}\n{tail}");
        if let Ok(note) = Note::parse(bytes.as_bytes()) {
            prop_assert_eq!(note.to_string(), bytes);
        }
    }
}
