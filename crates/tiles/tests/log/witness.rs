//! Requests to witnesses, and the statuses of their answers.

use rotortree_hasher::Rfc6962Hasher;
use rotortree_lean_imt::TreeHead;
use rotortree_tiles::{
    AddCheckpoint, Checkpoint, Cosigner, KeyKind, Note, Quorum, QuorumError, SecretKey,
    WitnessError, cosignatures,
};

use crate::sample::{ORIGIN, forked_tree, head, key, log, tree};

fn note(head: TreeHead) -> Note {
    Note::signed(Checkpoint::new(ORIGIN, head).to_string(), &[&key()]).unwrap()
}

/// The request for the tree of `size` leaves behind that of `old`.
fn request(old: u64, size: u64) -> String {
    let tree = tree(size);
    AddCheckpoint::new(&tree, old, note(head(&tree)))
        .unwrap()
        .to_string()
}

fn status(body: &str, known: TreeHead) -> u16 {
    let checked =
        AddCheckpoint::parse(body.as_bytes()).and_then(|request| request.check(&log(), known));
    checked.map_or_else(|error| error.status(), |_| 200)
}

#[test]
fn every_growth_is_cosigned_and_nothing_else() {
    let sizes = [0, 1, 2, 3, 7, 8, 255, 256, 300];
    for old in sizes {
        for new in sizes.into_iter().filter(|new| *new >= old) {
            let (body, known) = (request(old, new), head(&tree(old)));
            assert!(body.starts_with(&format!("old {old}\n")));
            assert_eq!(status(&body, known), 200, "{old} to {new}");
            for other in sizes.into_iter().filter(|other| *other != old) {
                assert_eq!(status(&body, head(&tree(other))), 409);
            }
            if old > 0 {
                let fork = head(&forked_tree(old, old - 1));
                let expected = if old == new { 409 } else { 422 };
                assert_eq!(status(&body, fork), expected, "{old} to {new}");
            }
        }
    }
}

#[test]
fn the_statuses_are_those_of_the_specification() {
    let (body, known) = (request(200, 300), head(&tree(200)));
    let lines: Vec<&str> = body.lines().collect();
    let without = |at: usize| [&lines[..at], &lines[at + 1..]].concat().join("\n") + "\n";
    assert_eq!(
        status(&without(1), known),
        422,
        "a proof without its first line"
    );
    assert_eq!(status(&without(0), known), 400, "no old size");
    assert_eq!(status(&body.replace("old 200", "old 0200"), known), 400);
    assert_eq!(status(&body.replace("old 200", "old 301"), known), 400);
    assert_eq!(status(&body.replace("old 200", "new 200"), known), 400);
    assert_eq!(status(&body.replacen("\n\n", "\n", 1), known), 400);
    assert_eq!(
        status(
            &body.replace("example.com/log\n", "example.com/other\n"),
            known
        ),
        404
    );
    assert_eq!(status(&body.replace("\n300\n", "\n301\n"), known), 403);
    let other = SecretKey::from_seed(ORIGIN, KeyKind::Note, &[8; 32]).unwrap();
    let text = Checkpoint::new(ORIGIN, head(&tree(300))).to_string();
    let foreign = Note::signed(text, &[&other]).unwrap();
    let foreign = AddCheckpoint::new(&tree(300), 200, foreign).unwrap();
    assert_eq!(foreign.check(&log(), known), Err(WitnessError::Unsigned));
    let many = body.replacen(
        '\n',
        &format!("\n{}", format!("{}\n", lines[1]).repeat(64)),
        1,
    );
    assert_eq!(status(&many, known), 400);
    // From nothing the proof is empty.
    let with_proof = body.replace("old 200", "old 0");
    assert_eq!(status(&with_proof, TreeHead::EMPTY), 422);
    assert_eq!(status(&body, known), 200);
}

#[test]
fn a_quorum_counts_witnesses_whose_lines_hold() {
    let witness = |seed: u8| {
        SecretKey::from_seed(
            format!("w{seed}.example"),
            KeyKind::Cosignature,
            &[seed; 32],
        )
        .unwrap()
    };
    let (a, b, c) = (witness(1), witness(2), witness(3));
    let keys = [&a, &b, &c].map(|witness| witness.public().clone());
    let quorum = Quorum::new(2, keys.clone()).unwrap();
    let mut note = note(head(&tree(3)));
    let text = note.text().to_owned();

    let answer = format!(
        "{}\n{}\n",
        a.cosign(&text, 1).unwrap(),
        witness(9).cosign(&text, 1).unwrap()
    );
    note.add(cosignatures(answer.as_bytes()).unwrap());
    note.add([b.cosign("another text\n", 1).unwrap()]);
    let too_few = QuorumError::TooFew {
        needed: 2,
        found: 1,
    };
    assert_eq!(quorum.verify(&note), Err(too_few));
    note.add([c.cosign(&text, 2).unwrap()]);
    let found: Vec<&str> = quorum
        .verify(&note)
        .unwrap()
        .iter()
        .map(|line| line.name())
        .collect();
    assert_eq!(found, ["w1.example", "w3.example"]);

    // One witness under two names is one witness.
    let alias = SecretKey::from_seed("alias.example", KeyKind::Cosignature, &[1; 32]).unwrap();
    let both = [a.public().clone(), alias.public().clone()];
    let impossible = QuorumError::Impossible {
        needed: 2,
        witnesses: 1,
    };
    assert_eq!(Quorum::new(2, both).unwrap_err(), impossible);
    assert!(cosignatures(b"nothing").is_err() && cosignatures(b"\xff").is_err());
    let request = AddCheckpoint::parse(request(0, 3).as_bytes()).unwrap();
    let signed = request.check(&log(), TreeHead::EMPTY).unwrap();
    let proof = tree(3).generate_proof(1).unwrap();
    proof.verify_against(&Rfc6962Hasher, signed.head()).unwrap();
}
