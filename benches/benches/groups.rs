//! Batches of the hashers with kernels of their own, beside the published crates, which hash the
//! same bytes one group at a time; single and growing groups of `Blake3Hasher`. Times are per
//! iteration; throughput counts groups.
//!
//! `cargo bench -p rotortree-benches --bench groups`
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rotortree_hasher::{
    Blake3Hasher, GroupState, Hash, Hasher, Keccak256Hasher, Rfc6962Hasher, Sha256Hasher,
};
use sha2::Digest;

const ARITIES: [usize; 6] = [2, 3, 4, 8, 16, 32];

/// Few enough children to stay in the first-level cache at the small arities.
const GROUPS: usize = 128;

fn children(len: usize) -> Vec<Hash> {
    (0..len)
        .map(|i| *blake3::hash(&i.to_le_bytes()).as_bytes())
        .collect()
}

/// Hashes bytes with a published crate.
type HashBytes = fn(&[u8]) -> Hash;

fn blake3_hash(bytes: &[u8]) -> Hash {
    *blake3::hash(bytes).as_bytes()
}

fn sha256_hash(bytes: &[u8]) -> Hash {
    sha2::Sha256::digest(bytes).into()
}

fn rfc6962_hash(bytes: &[u8]) -> Hash {
    let state = sha2::Sha256::new_with_prefix([1]);
    state.chain_update(bytes).finalize().into()
}

fn keccak256_hash(bytes: &[u8]) -> Hash {
    sha3::Keccak256::digest(bytes).into()
}

/// Full batches by arity, of each function.
fn batches(criterion: &mut Criterion) {
    batches_of(criterion, &Blake3Hasher, "blake3", blake3_hash);
    batches_of(criterion, &Sha256Hasher, "sha2", sha256_hash);
    batches_of(criterion, &Rfc6962Hasher, "sha2 (RFC 6962)", rfc6962_hash);
    batches_of(criterion, &Keccak256Hasher, "sha3", keccak256_hash);
}

fn batches_of<H: Hasher>(criterion: &mut Criterion, hasher: &H, name: &str, one: HashBytes) {
    let title = format!("batch of {GROUPS} groups beside the crate {name}, by arity");
    let mut group = criterion.benchmark_group(title);
    group.throughput(Throughput::Elements(GROUPS as u64));
    for arity in ARITIES.into_iter().filter(|arity| *arity <= H::MAX_ARITY) {
        let children = children(arity * GROUPS);
        let mut parents = [[0; 32]; GROUPS];
        group.bench_function(BenchmarkId::new("hash_groups", arity), |bencher| {
            bencher.iter(|| hasher.hash_groups(arity, black_box(&children), &mut parents));
        });
        group.bench_function(BenchmarkId::new("one by one", arity), |bencher| {
            bencher.iter(|| {
                let groups = black_box(&children).chunks_exact(arity);
                for (group, parent) in groups.zip(&mut parents) {
                    *parent = one(group.as_flattened());
                }
            });
        });
    }
    group.finish();
}

/// Batches that fill the lanes in part, of each function.
fn remainders(criterion: &mut Criterion) {
    remainders_of(criterion, &Blake3Hasher, "BLAKE3");
    remainders_of(criterion, &Sha256Hasher, "SHA-256");
    remainders_of(criterion, &Rfc6962Hasher, "RFC 6962");
    remainders_of(criterion, &Keccak256Hasher, "Keccak-256");
}

fn remainders_of(criterion: &mut Criterion, hasher: &impl Hasher, name: &str) {
    let title = format!("batch of pairs with {name}, by number of groups");
    let mut group = criterion.benchmark_group(title);
    for count in [1, 2, 3, 4, 8, 9, 15, 16, 17, 24, 32, 128] {
        let children = children(2 * count);
        let mut parents = vec![[0; 32]; count];
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new("hash_groups", count), |bencher| {
            bencher.iter(|| hasher.hash_groups(2, black_box(&children), &mut parents));
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
