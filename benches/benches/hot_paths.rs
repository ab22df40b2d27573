//! The hot paths under criterion, for working on one of them:
//! `cargo bench -p rotortree-benches -- insert`.
//!
//! The table of `docs/performance.md`, with its limits and ratios, is `cargo xtask bench`.
#![forbid(unsafe_code)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rotortree_benches::contender::{MemoryTree, Ours};
use rotortree_benches::context::{indices, leaves};
use rotortree_lean_imt::{Blake3Hasher, NaryProof, TreeHead};

const LEAVES: usize = 1_000_000;

/// A tree of so many leaves.
fn tree<const N: usize>(size: usize) -> Ours<N> {
    let mut tree = Ours::empty();
    tree.insert_many(&leaves(0, size)).expect("it fits");
    tree
}

fn insert(criterion: &mut Criterion) {
    fn of<const N: usize>(criterion: &mut Criterion) {
        let mut tree = tree::<N>(LEAVES);
        let mut numbers = indices(1 << 16, u64::MAX).into_iter().cycle();
        let mut group = criterion.benchmark_group("insert");
        group.throughput(Throughput::Elements(1));
        group.bench_function(format!("N = {N}, behind 1 M"), |bencher| {
            bencher.iter(|| {
                let mut leaf = [0; 32];
                leaf[..8].copy_from_slice(&numbers.next().unwrap_or_default().to_le_bytes());
                tree.insert(black_box(leaf)).expect("it fits")
            });
        });
        group.finish();
    }
    of::<2>(criterion);
    of::<4>(criterion);
    of::<16>(criterion);
}

fn insert_many(criterion: &mut Criterion) {
    fn of<const N: usize>(criterion: &mut Criterion) {
        let leaves = leaves(0, 1 << 16);
        let mut group = criterion.benchmark_group("insert_many");
        group.throughput(Throughput::Elements(leaves.len() as u64));
        group.bench_function(format!("N = {N}, 64 Ki into an empty tree"), |bencher| {
            bencher.iter_batched(
                Ours::<N>::empty,
                |mut tree| {
                    tree.insert_many(black_box(&leaves)).expect("it fits");
                    tree
                },
                BatchSize::LargeInput,
            );
        });
        group.finish();
    }
    of::<2>(criterion);
    of::<4>(criterion);
    of::<16>(criterion);
}

fn snapshot(criterion: &mut Criterion) {
    let tree = tree::<2>(LEAVES - 1);
    criterion.bench_function("snapshot", |bencher| bencher.iter(|| tree.snapshot()));
}

fn proofs(criterion: &mut Criterion) {
    const BATCH: usize = 256;
    let snapshot = tree::<2>(LEAVES).snapshot();
    let head: TreeHead = snapshot.head().expect("the tree is not empty");
    let chosen = indices(BATCH, LEAVES as u64);
    let proofs: Vec<_> = chosen
        .iter()
        .map(|index| snapshot.generate_proof(*index).expect("the leaf is there"))
        .collect();
    let mut at = (0..BATCH).cycle();
    let mut group = criterion.benchmark_group("proof");
    group.bench_function("generate", |bencher| {
        bencher.iter(|| snapshot.generate_proof(black_box(chosen[at.next().unwrap_or(0)])));
    });
    group.bench_function("verify", |bencher| {
        bencher.iter(|| proofs[at.next().unwrap_or(0)].verify_against(&Blake3Hasher, head));
    });
    group.throughput(Throughput::Elements(BATCH as u64));
    group.bench_function("verify a batch of 256", |bencher| {
        bencher.iter(|| NaryProof::verify_batch(&Blake3Hasher, head, black_box(&proofs)));
    });
    group.finish();
}

criterion_group!(benches, insert, insert_many, snapshot, proofs);
criterion_main!(benches);
