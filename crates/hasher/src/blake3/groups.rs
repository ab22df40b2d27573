//! Batches of equal groups: divides them among the kernels.
//!
//! Each kernel calls `work` between its steps, with the number of children in the next step.

use super::chain;
#[cfg(target_arch = "x86_64")]
use super::x86_64;
use crate::hash::Hash;
#[cfg(target_arch = "x86_64")]
use crate::x86_64::{
    cpu::{Avx2, Avx512},
    latency,
};

/// Hashes any number of groups of 1 to 32 children.
pub(super) fn hash(arity: usize, children: &[Hash], parents: &mut [Hash], work: impl FnMut(usize)) {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(cpu) = Avx512::detect() {
            return hash_avx512(cpu, most_avx512(), arity, children, parents, work);
        }
        if let Some(cpu) = Avx2::detect() {
            return hash_avx2(cpu, arity, children, parents, work);
        }
    }
    hash_each(arity, children, parents, work);
}

/// The most groups that AVX-512 hashes at a time on this CPU. A round is a chain of operations that
/// wait for each other. Where they take two cycles, a second vector takes no time of its own.
#[cfg(target_arch = "x86_64")]
pub(super) fn most_avx512() -> usize {
    if latency::is_shorter_without_vectors() {
        32
    } else {
        16
    }
}

/// Hashes with runs of `most` groups, 16 or 32. A kernel takes the same time for any number of used
/// lanes. Below these bounds the next narrower kernel is faster.
#[cfg(target_arch = "x86_64")]
pub(super) fn hash_avx512(
    cpu: Avx512,
    most: usize,
    arity: usize,
    children: &[Hash],
    parents: &mut [Hash],
    mut work: impl FnMut(usize),
) {
    for (children, parents) in children.chunks(most * arity).zip(parents.chunks_mut(most)) {
        match parents.len() {
            17.. => x86_64::hash_up_to_32_avx512(cpu, arity, children, parents, &mut work),
            9.. => x86_64::hash_up_to_16_avx512(cpu, arity, children, parents, &mut work),
            2.. => x86_64::hash_up_to_8_avx512(cpu, arity, children, parents, &mut work),
            _ => hash_each(arity, children, parents, &mut work),
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) fn hash_avx2(
    cpu: Avx2,
    arity: usize,
    children: &[Hash],
    parents: &mut [Hash],
    mut work: impl FnMut(usize),
) {
    for (children, parents) in children.chunks(8 * arity).zip(parents.chunks_mut(8)) {
        match parents.len() {
            2.. => x86_64::hash_up_to_8_avx2(cpu, arity, children, parents, &mut work),
            _ => hash_each(arity, children, parents, &mut work),
        }
    }
}

fn hash_each(arity: usize, children: &[Hash], parents: &mut [Hash], mut work: impl FnMut(usize)) {
    for (group, parent) in children.chunks_exact(arity).zip(parents) {
        work(arity);
        *parent = chain::hash(chain::compress, group);
    }
}
