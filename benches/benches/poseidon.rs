//! `PoseidonHasher` beside `light-poseidon` and, for pairs, `poseidon-lite` in Node: microseconds
//! for a hash, and a group of a million members against its counted hashes. Each figure is the
//! least of several rounds, which alternate between the contenders so that they meet the same
//! machine.
//!
//! `cargo bench -p rotortree-benches --bench poseidon`; `cargo xtask interop --groups` once before
//! it installs `poseidon-lite`.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use light_poseidon::{Poseidon, PoseidonBytesHasher};
use rotortree_hasher::{Hash, Hasher};
use rotortree_lean_imt::{ConcurrentLeanIMT, LeanIMT};
use rotortree_poseidon::PoseidonHasher;

/// Groups of a batch: full lanes, in the first-level cache.
const GROUPS: usize = 64;
const ROUNDS: usize = 30;
const MEMBERS: usize = 1_000_000;

/// Numbers below 2^253, and so below the order of the field.
fn numbers(len: usize) -> Vec<Hash> {
    let number = |i: usize| {
        let mut hash = *blake3::hash(&i.to_le_bytes()).as_bytes();
        hash[0] &= 0x1f;
        hash
    };
    (0..len).map(number).collect()
}

/// Microseconds that `run` takes for each of `count` hashes, if that is less than before.
fn improve(best: &mut f64, count: usize, run: impl FnOnce()) {
    let start = Instant::now();
    run();
    *best = best.min(start.elapsed().as_secs_f64() * 1e6 / count as f64);
}

/// One width: a batch, one group at a time, the peer; and pairs of a batch of `few` groups.
fn width(arity: usize) -> f64 {
    let children = numbers(arity * GROUPS);
    let mut parents = [[0; 32]; GROUPS];
    let hasher = PoseidonHasher::new();
    let Ok(mut peer) = Poseidon::<ark_bn254::Fr>::new_circom(arity) else {
        println!("light-poseidon has no groups of {arity}");
        return f64::NAN;
    };
    let [mut batch, mut single, mut light] = [f64::MAX; 3];
    for _ in 0..ROUNDS {
        improve(&mut batch, GROUPS, || {
            hasher.hash_groups(arity, black_box(&children), &mut parents);
        });
        improve(&mut single, GROUPS, || {
            for group in children.chunks_exact(arity) {
                black_box(hasher.hash_children(black_box(group)));
            }
        });
        improve(&mut light, GROUPS, || {
            for group in children.chunks_exact(arity) {
                let group: Vec<&[u8]> = group.iter().map(|child| child.as_slice()).collect();
                let _ = black_box(peer.hash_bytes_be(black_box(&group)));
            }
        });
    }
    println!(
        "{arity:>8} {batch:>12.2} {single:>14.2} {light:>15.2} {:>13.1} {:>14.1}",
        light / single,
        light / batch,
    );
    batch
}

/// Microseconds of a pair in `poseidon-lite`, as Node prints them.
const IN_NODE: &str = "
const { poseidon2 } = await import('poseidon-lite')
let least = Infinity
for (let round = 0; round < 5; round += 1) {
  const start = process.hrtime.bigint()
  for (let i = 0; i < 200; i += 1) poseidon2([BigInt(i), BigInt(round)])
  least = Math.min(least, Number(process.hrtime.bigint() - start) / 1000 / 200)
}
console.log(least)";

/// The JavaScript library beside one pair here, in turns.
fn in_node() {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/interop/groups");
    let children = numbers(2);
    let [mut ours, mut theirs] = [f64::MAX; 2];
    for _ in 0..3 {
        improve(&mut ours, 200, || {
            for _ in 0..200 {
                black_box(PoseidonHasher::new().hash_children(black_box(&children)));
            }
        });
        let mut node = Command::new("node");
        node.args(["--input-type=module", "--eval", IN_NODE]);
        let told = node.current_dir(&installed).output().ok();
        let told = told.and_then(|told| String::from_utf8(told.stdout).ok());
        let Some(micros) = told.and_then(|told| told.trim().parse::<f64>().ok()) else {
            println!(
                "\nposeidon-lite: not measured; it takes Node and `cargo xtask interop --groups`"
            );
            return;
        };
        theirs = theirs.min(micros);
    }
    println!(
        "\na pair: poseidon-lite in Node {theirs:.1} us, hash_children {ours:.2} us, {:.0}x",
        theirs / ours
    );
}

/// Microseconds a hash of batches that fill the lanes in part.
fn remainders() {
    println!("\npairs in a batch, us a hash");
    for count in [1, 2, 4, 8, 9, 12, 16, 17, 32] {
        let children = numbers(2 * count);
        let mut parents = vec![[0; 32]; count];
        let mut best = f64::MAX;
        for _ in 0..ROUNDS {
            improve(&mut best, count, || {
                PoseidonHasher::new().hash_groups(2, black_box(&children), &mut parents);
            });
        }
        println!("{count:>8} {best:>12.2}");
    }
}

/// A group of a million members on one core, against its hashes.
fn group(hash: f64) -> Result<(), Box<dyn std::error::Error>> {
    let members = numbers(MEMBERS);
    // A binary LeanIMT hashes once for each pair of nodes of a level.
    let mut hashes = 0;
    let mut len = MEMBERS;
    while len > 1 {
        hashes += len / 2;
        len = len.div_ceil(2);
    }
    let [mut one, mut all] = [f64::MAX; 2];
    for _ in 0..3 {
        // The concurrent tree hashes on the calling thread; the other on all of them.
        let tree = ConcurrentLeanIMT::<_, 2, 32>::new(PoseidonHasher::new());
        let mut result = Ok([0; 32]);
        improve(&mut one, hashes, || result = tree.insert_many(&members));
        let mut tree = LeanIMT::<_, 2, 32>::new(PoseidonHasher::new());
        let mut again = Ok([0; 32]);
        improve(&mut all, hashes, || again = tree.insert_many(&members));
        if result? != again? {
            return Err("two trees of the same members differ".into());
        }
    }
    println!("\na group of {MEMBERS} members, {hashes} hashes");
    println!(
        "one core: {one:.3} us a hash, {:.2}x of one in lanes",
        one / hash
    );
    println!(
        "{} threads: {all:.3} us a hash",
        rayon::current_num_threads()
    );
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!(
        "{:>8} {:>12} {:>14} {:>15} {:>13} {:>14}",
        "children",
        "hash_groups",
        "hash_children",
        "light-poseidon",
        "ratio of one",
        "ratio of many",
    );
    let pair = width(2);
    for arity in [3, 4, 8, 12] {
        width(arity);
    }
    in_node();
    remainders();
    group(pair)
}
