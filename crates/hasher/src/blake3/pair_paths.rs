//! Paths of pairs. AVX-512 takes sixteen or 32 at a time; a single path stays in vector registers
//! where a chain of vector operations is fast; other numbers of paths take the way that every
//! hasher has.

#[cfg(target_arch = "x86_64")]
use super::x86_64;
use super::{chain, groups};
use crate::hash::Hash;
use crate::pair_path::{self, PairPath};
#[cfg(target_arch = "x86_64")]
use crate::x86_64::{
    cpu::{Avx2, Avx512},
    latency,
};

/// Implements [`Hasher::hash_pair_paths`](crate::Hasher::hash_pair_paths).
pub(super) fn hash<'a>(
    paths: &mut [PairPath],
    steps: usize,
    sibling: impl Fn(usize, usize) -> &'a Hash,
) {
    #[cfg(target_arch = "x86_64")]
    if paths.len() != 1 || !latency::is_shorter_without_vectors() {
        if let Some(cpu) = Avx512::detect() {
            return hash_avx512(cpu, groups::most_avx512(), paths, steps, sibling);
        }
        if let Some(cpu) = Avx2::detect() {
            return hash_avx2(cpu, paths, steps, sibling);
        }
    }
    hash_by_groups(paths, steps, sibling);
}

/// Runs of `most` paths, 16 or 32, and narrower kernels for the rest.
#[cfg(target_arch = "x86_64")]
pub(super) fn hash_avx512<'a>(
    cpu: Avx512,
    most: usize,
    paths: &mut [PairPath],
    steps: usize,
    sibling: impl Fn(usize, usize) -> &'a Hash,
) {
    pair_path::assert_steps(steps);
    let (runs, rest) = match most {
        32 => paths.as_chunks_mut::<32>(),
        _ => (&mut [][..], paths),
    };
    for (run, paths) in runs.iter_mut().enumerate() {
        x86_64::climb_32_avx512(cpu, paths, steps, |lane, step| {
            sibling(32 * run + lane, step)
        });
    }
    let first = 32 * runs.len();
    hash_by_sixteen(cpu, rest, steps, |path, step| sibling(first + path, step));
}

/// Narrower kernels take a remainder that would leave half of the lanes unused.
#[cfg(target_arch = "x86_64")]
fn hash_by_sixteen<'a>(
    cpu: Avx512,
    paths: &mut [PairPath],
    steps: usize,
    sibling: impl Fn(usize, usize) -> &'a Hash,
) {
    let (runs, rest) = paths.as_chunks_mut::<16>();
    for (run, paths) in runs.iter_mut().enumerate() {
        x86_64::climb_16_avx512(cpu, paths, steps, |lane, step| {
            sibling(16 * run + lane, step)
        });
    }
    let first = 16 * runs.len();
    let len = rest.len();
    match rest {
        [] => {}
        [path] => x86_64::climb_avx512(cpu, path, steps, |step| sibling(first, step)),
        _ if len <= 8 => hash_by_groups(rest, steps, |path, step| sibling(first + path, step)),
        _ => {
            let mut all = [PairPath::default(); 16];
            all[..len].copy_from_slice(rest);
            x86_64::climb_16_avx512(cpu, &mut all, steps, |lane, step| {
                sibling(first + lane.min(len - 1), step)
            });
            rest.copy_from_slice(&all[..len]);
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) fn hash_avx2<'a>(
    cpu: Avx2,
    paths: &mut [PairPath],
    steps: usize,
    sibling: impl Fn(usize, usize) -> &'a Hash,
) {
    pair_path::assert_steps(steps);
    match paths {
        [path] => x86_64::climb_avx2(cpu, path, steps, |step| sibling(0, step)),
        _ => hash_by_groups(paths, steps, sibling),
    }
}

/// The way that every hasher has: step by step, with the kernel for groups of two.
pub(super) fn hash_by_groups<'a>(
    paths: &mut [PairPath],
    steps: usize,
    sibling: impl Fn(usize, usize) -> &'a Hash,
) {
    pair_path::hash_all(
        paths,
        steps,
        sibling,
        |pair| chain::hash(chain::compress, pair),
        |pairs, parents| groups::hash(2, pairs, parents, |_| {}),
    );
}
