//! Batches, single groups and growing groups of `Blake3Hasher`, beside `blake3::hash` of the same
//! bytes one group at a time. Times are per iteration; throughput counts groups.
//!
//! `cargo bench -p rotortree-benches --bench groups`
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rotortree_hasher::{Blake3Hasher, GroupState, Hash, Hasher};

const ARITIES: [usize; 6] = [2, 3, 4, 8, 16, 32];

/// Few enough children to stay in the first-level cache at the small arities.
const GROUPS: usize = 128;

fn children(len: usize) -> Vec<Hash> {
    (0..len)
        .map(|i| *blake3::hash(&i.to_le_bytes()).as_bytes())
        .collect()
}

fn one_by_one(arity: usize, children: &[Hash], parents: &mut [Hash]) {
    for (group, parent) in children.chunks_exact(arity).zip(parents) {
        *parent = *blake3::hash(group.as_flattened()).as_bytes();
    }
}

/// Full batches by arity.
fn batches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("batch of 128 groups, by arity");
    group.throughput(Throughput::Elements(GROUPS as u64));
    for arity in ARITIES {
        let children = children(arity * GROUPS);
        let mut parents = [[0; 32]; GROUPS];
        group.bench_function(BenchmarkId::new("hash_groups", arity), |bencher| {
            bencher.iter(|| Blake3Hasher.hash_groups(arity, black_box(&children), &mut parents));
        });
        group.bench_function(BenchmarkId::new("blake3::hash", arity), |bencher| {
            bencher.iter(|| one_by_one(arity, black_box(&children), &mut parents));
        });
    }
    group.finish();
}

/// Batches that fill the lanes in part.
fn remainders(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("batch of pairs, by number of groups");
    for count in [1, 2, 3, 4, 8, 9, 15, 16, 17, 24] {
        let children = children(2 * count);
        let mut parents = vec![[0; 32]; count];
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new("hash_groups", count), |bencher| {
            bencher.iter(|| Blake3Hasher.hash_groups(2, black_box(&children), &mut parents));
        });
    }
    group.finish();
}

/// One group, each hash a child of the next group: what climbing a tree after an insert costs.
fn single(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one group after the other, by arity");
    for arity in ARITIES {
        let mut children = children(arity);
        group.bench_function(BenchmarkId::new("hash_children", arity), |bencher| {
            bencher.iter(|| children[0] = Blake3Hasher.hash_children(black_box(&children)));
        });
        group.bench_function(BenchmarkId::new("blake3::hash", arity), |bencher| {
            bencher.iter(|| {
                let parent = blake3::hash(black_box(&children).as_flattened());
                children[0] = *parent.as_bytes();
            });
        });
    }
    group.finish();
}

/// A group that grows from two children to the arity, hashed at every step.
fn growing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("growing group, by arity");
    for arity in [4, 8, 16] {
        let children = children(arity);
        group.throughput(Throughput::Elements(arity as u64 - 1));
        group.bench_function(BenchmarkId::new("hash_resuming", arity), |bencher| {
            bencher.iter(|| {
                let mut state = GroupState::default();
                for len in 2..=arity {
                    let group = black_box(&children[..len]);
                    black_box(Blake3Hasher.hash_resuming(&mut state, len, group));
                }
            });
        });
        group.bench_function(BenchmarkId::new("blake3::hash", arity), |bencher| {
            bencher.iter(|| {
                for len in 2..=arity {
                    black_box(blake3::hash(black_box(children[..len].as_flattened())));
                }
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500))
        .sample_size(30);
    targets = batches, remainders, single, growing
}
criterion_main!(benches);
