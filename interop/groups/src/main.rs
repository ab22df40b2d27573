//! Random histories, exchanged with the LeanIMT of zk-kit in JavaScript and in Rust and with the
//! groups of Semaphore.
//!
//! `cargo xtask interop --groups` installs the JavaScript packages and runs this program. Its
//! argument is the folder with them; `--seed N` after it repeats a run. One document of questions
//! goes to `node/exchange.mjs`, one of answers comes back, and everything in it is compared.
#![forbid(unsafe_code)]

mod exchange;
mod history;
mod outcome;
mod rust_peer;

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use history::{History, Kind, Random};
use outcome::Outcome;

fn main() -> Outcome<()> {
    let mut args = std::env::args().skip(1);
    let folder: PathBuf = args.next().ok_or("the first argument is a folder")?.into();
    let seed = match (args.next().as_deref(), args.next()) {
        (Some("--seed"), Some(seed)) => seed.parse()?,
        (None, None) => SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as u64,
        _ => return Err("after the folder may stand `--seed N`".into()),
    };
    println!("seed {seed}: `--seed {seed}` after the folder repeats this run");
    let mut random = Random::new(seed);
    let histories = [
        History::new(Kind::Tree, &mut random),
        History::new(Kind::Group, &mut random),
    ];
    for history in &histories {
        println!("{}", history.summary());
        rust_peer::compare(history)?;
    }
    println!("zk-kit-lean-imt: every root and proof is equal");
    exchange::compare(&folder, &histories)
}
