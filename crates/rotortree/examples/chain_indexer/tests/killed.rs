//! An indexer that is killed at any moment, again and again, beside one that never is.
//!
//! `ROTORTREE_KILLS` sets the number of kills.

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use rotortree::{Blake3Hasher, LeanIMT, TreeHead};

use super::head_of;
use crate::{
    chain::{Block, Chain, News},
    indexer::Indexer,
};

const DIRECTORY: &str = "CHAIN_INDEXER_DIRECTORY";
const STEP: &str = "CHAIN_INDEXER_STEP";

const SEED: u64 = 11;

/// Kills unless the environment says otherwise: a few seconds.
const KILLS: u64 = 25;

/// The longest that a process lives on, in microseconds: some blocks.
const LONGEST: u64 = 20_000;

/// The chain after so many messages.
fn chain_at(step: u64) -> Chain {
    let mut chain = Chain::new(SEED);
    (0..step).for_each(|_| drop(chain.next()));
    chain
}

fn hear(indexer: &mut Indexer, news: News) {
    match news {
        News::Block(block) => drop(indexer.apply(block).unwrap()),
        News::Final(number) => indexer.finalise(number).unwrap(),
    }
}

/// Goes on where the indexer stopped, with the chain as it is now.
fn resume(dir: &Path, chain: &Chain) -> Indexer {
    let mut indexer = Indexer::open(dir).unwrap();
    for block in chain.behind(indexer.last_final()) {
        indexer.apply(block.clone()).unwrap();
    }
    indexer
}

/// The process that is killed is a test of this very program.
#[test]
fn follows_the_chain_if_it_is_told_a_directory() {
    let Some(dir) = env::var_os(DIRECTORY) else {
        return;
    };
    let step: u64 = env::var(STEP).unwrap().parse().unwrap();
    let mut chain = chain_at(step);
    let mut indexer = resume(dir.as_ref(), &chain);
    let mut out = io::stdout().lock();
    for step in step + 1.. {
        hear(&mut indexer, chain.next());
        writeln!(out, "\nheard {step}").unwrap();
    }
}

/// Kills a process that goes on from a step, some time after it has told so many messages. Returns
/// the last one that it told.
fn kill_one(dir: &Path, step: u64, messages: u64, after: Duration) -> u64 {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args([
            "tests::killed::follows_the_chain_if_it_is_told_a_directory",
            "--exact",
            "--nocapture",
        ])
        .env(DIRECTORY, dir)
        .env(STEP, step.to_string());
    let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    // A line is written as a whole or not at all.
    let mut heard = lines.filter_map(|line| {
        let line = line.unwrap();
        let step = line.strip_prefix("heard ")?;
        Some(step.parse().unwrap())
    });
    let mut last = step;
    for _ in 0..messages {
        last = heard.next().expect("it goes on until it is killed");
    }
    thread::sleep(after);
    process.kill().unwrap();
    process.wait().unwrap();
    heard.last().unwrap_or(last)
}

fn head_after(blocks: &[Block]) -> Option<TreeHead> {
    let mut tree = LeanIMT::<_, 4, 24>::new(Blake3Hasher);
    for block in blocks.iter().filter(|block| !block.leaves.is_empty()) {
        tree.insert_many(&block.leaves).unwrap();
    }
    tree.head()
}

#[test]
fn an_indexer_that_was_killed_is_where_one_is_that_never_was() {
    let kills = env::var("ROTORTREE_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    let [dir, never] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let mut step = 0;
    for kill in 0..kills {
        // Some die while they open the tree, the others anywhere between two messages; the chain
        // goes on before the next process begins.
        let after = Duration::from_micros(kill * 7_919_311 % LONGEST);
        step = kill_one(dir.path(), step, kill % 4 * 5, after) + kill % 3;
        let chain = chain_at(step);
        let indexer = resume(dir.path(), &chain);
        assert_eq!(indexer.tip().head(), head_of(&chain), "step {step}");
        let last = indexer.last_final();
        let settled = &chain.behind(None)[..last.map_or(0, |last| last.number as usize)];
        assert_eq!(
            last.map(|last| last.id),
            settled.last().map(|block| block.id)
        );
        assert_eq!(indexer.durable_head(), head_after(settled), "step {step}");
    }
    // To the next block that is final.
    let mut chain = chain_at(step);
    let mut indexer = resume(dir.path(), &chain);
    loop {
        let news = chain.next();
        let is_final = matches!(news, News::Final(_));
        hear(&mut indexer, news);
        step += 1;
        if is_final {
            break;
        }
    }
    let mut chain = Chain::new(SEED);
    let mut other = Indexer::open(never.path()).unwrap();
    (0..step).for_each(|_| hear(&mut other, chain.next()));
    assert_eq!(indexer.last_final(), other.last_final());
    assert_eq!(indexer.durable_head(), other.durable_head());
    assert_eq!(indexer.tip().head(), other.tip().head());
    println!(
        "{kills} kills over {step} messages, block {:?}",
        indexer.last_final()
    );
    assert!(step > kills, "{step} messages");
}
