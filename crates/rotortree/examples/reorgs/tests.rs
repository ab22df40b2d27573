//! Compares the follower with a tree that is built anew from the chain.

use rotortree::{Blake3Hasher, LeanIMT, TreeHead};

use crate::{
    chain::{Block, Chain, News},
    follower::Follower,
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
        let mut follower = Follower::open(dir.path()).unwrap();
        let mut replaced = 0;
        for step in 0..150 {
            match chain.next() {
                News::Block(block) => replaced += follower.apply(block).unwrap(),
                News::Final(number) => follower.finalise(number).unwrap(),
            }
            assert_eq!(
                follower.tip().head(),
                head_of(&chain),
                "seed {seed}, step {step}"
            );
            follower.check_tip().unwrap();
            if step % 40 == 39 {
                drop(follower);
                follower = Follower::open(dir.path()).unwrap();
                for block in chain.behind(follower.last_final()) {
                    follower.apply(block.clone()).unwrap();
                }
                assert_eq!(follower.tip().head(), head_of(&chain), "reopened");
            }
        }
        assert!(replaced > 0, "seed {seed} has no reorganisation");
        assert!(follower.durable_size() > 0);
    }
}

#[test]
fn a_block_from_nowhere_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut follower = Follower::open(dir.path()).unwrap();
    let stray = Block {
        number: 9,
        id: 9,
        parent: 8,
        leaves: vec![[1; 32]],
    };
    assert!(follower.apply(stray).is_err());
    assert_eq!(follower.tip().head(), None);
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
