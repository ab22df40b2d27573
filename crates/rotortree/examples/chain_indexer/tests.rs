//! The transcript is what the example tells, and the indexer agrees with a tree that is built anew
//! from the chain.

mod killed;

use rotortree::{Blake3Hasher, LeanIMT, TreeHead};

use crate::{
    chain::{Block, Chain, News},
    indexer::Indexer,
    run,
};

fn head_of(chain: &Chain) -> Option<TreeHead> {
    let mut tree = LeanIMT::<_, 4, 24>::new(Blake3Hasher);
    let leaves = chain.leaves();
    if !leaves.is_empty() {
        tree.insert_many(&leaves).unwrap();
    }
    tree.head()
}

#[test]
fn the_tip_is_the_tree_of_the_chain_whatever_was_replaced() {
    for seed in 0..8 {
        let dir = tempfile::tempdir().unwrap();
        let mut chain = Chain::new(seed);
        let mut indexer = Indexer::open(dir.path()).unwrap();
        let mut replaced = 0;
        for step in 0..150 {
            match chain.next() {
                News::Block(block) => replaced += indexer.apply(block).unwrap(),
                News::Final(number) => indexer.finalise(number).unwrap(),
            }
            assert_eq!(
                indexer.tip().head(),
                head_of(&chain),
                "seed {seed}, step {step}"
            );
            indexer.check_tip().unwrap();
            if step % 40 == 39 {
                drop(indexer);
                indexer = Indexer::open(dir.path()).unwrap();
                for block in chain.behind(indexer.last_final()) {
                    indexer.apply(block.clone()).unwrap();
                }
                assert_eq!(indexer.tip().head(), head_of(&chain), "reopened");
            }
        }
        assert!(replaced > 0, "seed {seed} has no reorganisation");
        assert!(indexer.durable_size() > 0);
    }
}

/// Every head that a block of any branch had is accepted while its block stands, and no longer.
#[test]
fn roots_are_accepted_as_long_as_their_blocks_stand() {
    for seed in 0..4 {
        let dir = tempfile::tempdir().unwrap();
        let mut chain = Chain::new(seed);
        let mut indexer = Indexer::open(dir.path()).unwrap();
        let mut seen: Vec<TreeHead> = Vec::new();
        let mut refused = 0;
        for _ in 0..120 {
            match chain.next() {
                News::Block(block) => drop(indexer.apply(block).unwrap()),
                News::Final(number) => indexer.finalise(number).unwrap(),
            }
            seen.extend(indexer.tip().head());
            let mut tree = LeanIMT::<_, 4, 24>::new(Blake3Hasher);
            let mut standing = Vec::new();
            for block in chain
                .behind(None)
                .iter()
                .filter(|block| !block.leaves.is_empty())
            {
                tree.insert_many(&block.leaves).unwrap();
                standing.extend(tree.head());
            }
            for head in &seen {
                let stands = standing.contains(head).then_some(*head);
                assert_eq!(indexer.accepts(&head.root), stands, "seed {seed}: {head}");
                refused += u32::from(stands.is_none());
            }
        }
        assert!(refused > 0, "seed {seed} replaced no head");
    }
}

#[test]
fn the_transcript_is_what_it_tells() {
    let mut out = Vec::new();
    run([].into_iter(), &mut out).unwrap();
    let told = String::from_utf8(out).unwrap();
    let transcript = include_str!("transcript.out").replace("\r\n", "\n");
    assert_eq!(told, transcript, "\n{told}");
}

#[test]
fn a_block_from_nowhere_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut indexer = Indexer::open(dir.path()).unwrap();
    let stray = Block {
        number: 9,
        id: 9,
        parent: 8,
        leaves: vec![[1; 32]],
    };
    assert!(indexer.apply(stray).is_err());
    assert_eq!(indexer.tip().head(), None);
}

#[test]
fn the_command_line_takes_a_number_of_blocks_and_nothing_else() {
    let told = |words: &[&str]| {
        let mut out = Vec::new();
        let words: Vec<_> = words.iter().map(std::ffi::OsString::from).collect();
        run(words.into_iter(), &mut out)
            .map(|()| String::from_utf8(out).unwrap())
            .map_err(|error| error.to_string())
    };
    assert!(told(&["--help"]).unwrap().starts_with("usage"));
    assert!(told(&["0"]).unwrap().contains("tip: 0 leaves"));
    assert!(told(&["12"]).unwrap().contains("are final and durable"));
    for word in ["-1", "many", "", "18446744073709551616"] {
        assert_eq!(
            told(&[word]).unwrap_err(),
            format!("`{word}` is not a number of blocks")
        );
    }
    assert!(
        told(&["1", "2"])
            .unwrap_err()
            .starts_with("`2` is not understood")
    );
}
