//! `rotortree-contenders TREE HASH`: measures a tree by other people, task by task.
//!
//! `cargo xtask bench contenders` runs one of these beside its own process for each contender, and
//! all of them take turns. A task is a line of standard input: the work, how often, and a path
//! where nothing is yet. The answer is a line of standard output: the seconds. A folder of its own
//! and processes of their own keep the dependencies of these trees out of every other build.
#![forbid(unsafe_code)]

mod inputs;
mod session;
mod tree;
mod trees;

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use crate::session::{Session, Work};
use crate::tree::{Blake3, Outcome, Sha256};
use crate::trees::{
    commonware::Commonware, ct_merkle::CtMerkle, pmtree::Pmtree, rs_merkle::RsMerkle,
    semaphore::Semaphore, zk_kit::ZkKit,
};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let served = match words[..] {
        ["commonware", "blake3"] => {
            serve(Session::<Commonware<commonware_cryptography::Blake3>>::default())
        }
        ["commonware", "sha256"] => {
            serve(Session::<Commonware<commonware_cryptography::Sha256>>::default())
        }
        ["ct-merkle", "sha256"] => serve(Session::<CtMerkle>::default()),
        ["pmtree", "blake3"] => serve(Session::<Pmtree>::default()),
        ["rs-merkle", "blake3"] => serve(Session::<RsMerkle<Blake3>>::default()),
        ["rs-merkle", "sha256"] => serve(Session::<RsMerkle<Sha256>>::default()),
        ["semaphore", "blake3"] => serve(Session::<Semaphore<Blake3>>::default()),
        ["semaphore", "sha256"] => serve(Session::<Semaphore<Sha256>>::default()),
        ["zk-kit", "blake3"] => serve(Session::<ZkKit<Blake3>>::default()),
        ["zk-kit", "sha256"] => serve(Session::<ZkKit<Sha256>>::default()),
        _ => Err("The words are a tree and a hash function that it takes.".into()),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{}: {failure}", words.join(" "));
            ExitCode::FAILURE
        }
    }
}

fn serve<W: Work>(mut work: W) -> Outcome<()> {
    for line in io::stdin().lock().lines() {
        let line = line?;
        let [name, count, path] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else {
            return Err(format!("`{line}` is not a work, a number and a path.").into());
        };
        let took = work.run(name, count.parse()?, path.as_ref())?;
        println!("{:e}", took.as_secs_f64());
        io::stdout().flush()?;
    }
    Ok(())
}
