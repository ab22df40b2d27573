//! Follows a chain with reorganisations: finalised blocks in a durable tree, the others in forks over it.
//!
//! ```text
//! cargo run --release --example reorgs -- [BLOCKS]
//! ```
//!
//! An append-only tree cannot take leaves back, and need not. Only what is final goes into it, each block as one entry together
//! with its number and id. A block that is not final yet is a fork: a tree in memory that goes on from a snapshot and shares its
//! nodes. A reorganisation drops forks. After a crash the metadata tells where to go on.

mod chain;
mod follower;
#[cfg(test)]
mod tests;

use std::{
    error::Error,
    io::{self, Write},
};

use crate::{
    chain::{Chain, News},
    follower::Follower,
};

fn main() -> Result<(), Box<dyn Error>> {
    let blocks = match std::env::args().nth(1) {
        Some(word) => word
            .parse()
            .map_err(|_| format!("`{word}` is not a number of blocks"))?,
        None => 200,
    };
    let dir = tempfile::tempdir()?;
    let mut out = io::stdout().lock();
    let mut chain = Chain::new(7);

    let mut follower = Follower::open(dir.path())?;
    follow(&mut chain, &mut follower, blocks / 2, &mut out)?;
    writeln!(out, "stopped without closing anything that is not final")?;
    drop(follower);

    let mut follower = Follower::open(dir.path())?;
    match follower.last_final() {
        Some(last) => writeln!(out, "resumed behind block {}", last.number)?,
        None => writeln!(out, "started over: no block had been final")?,
    }
    for block in chain.behind(follower.last_final()) {
        follower.apply(block.clone())?;
    }
    follow(&mut chain, &mut follower, blocks - blocks / 2, &mut out)?;

    let head = follower.tip().head();
    writeln!(
        out,
        "tip: {} leaves, of which {} are final and durable",
        head.map_or(0, |head| head.size),
        follower.durable_size(),
    )?;
    Ok(())
}

/// Hears of so many blocks and checks a proof at the tip after each.
fn follow(
    chain: &mut Chain,
    follower: &mut Follower,
    blocks: u64,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let mut heard = 0;
    while heard < blocks {
        match chain.next() {
            News::Block(block) => {
                heard += 1;
                let number = block.number;
                let dropped = follower.apply(block)?;
                if dropped > 0 {
                    writeln!(out, "block {number} replaced {dropped} of the last blocks")?;
                }
                follower.check_tip()?;
            }
            News::Final(number) => follower.finalise(number)?,
        }
    }
    Ok(())
}
