//! Batches of equal groups: which kernel hashes how many of them.

use super::chain;
#[cfg(target_arch = "x86_64")]
use super::x86_64::{self, Avx2, Avx512};
use crate::hasher::Hash;

/// Hashes any number of groups of 1 to 32 children.
pub(super) fn hash(arity: usize, children: &[Hash], parents: &mut [Hash]) {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(cpu) = Avx512::detect() {
            return hash_avx512(cpu, arity, children, parents);
        }
        if let Some(cpu) = Avx2::detect() {
            return hash_avx2(cpu, arity, children, parents);
        }
    }
    chain::hash_each(chain::compress, arity, children, parents);
}

/// A kernel takes the same time however few of its lanes are used. The bounds below are where the
/// next narrower one begins to be faster.
#[cfg(target_arch = "x86_64")]
pub(super) fn hash_avx512(cpu: Avx512, arity: usize, children: &[Hash], parents: &mut [Hash]) {
    for (children, parents) in children.chunks(16 * arity).zip(parents.chunks_mut(16)) {
        match parents.len() {
            9.. => x86_64::hash_up_to_16_avx512(cpu, arity, children, parents),
            2.. => x86_64::hash_up_to_8_avx512(cpu, arity, children, parents),
            _ => chain::hash_each(chain::compress, arity, children, parents),
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) fn hash_avx2(cpu: Avx2, arity: usize, children: &[Hash], parents: &mut [Hash]) {
    for (children, parents) in children.chunks(8 * arity).zip(parents.chunks_mut(8)) {
        match parents.len() {
            2.. => x86_64::hash_up_to_8_avx2(cpu, arity, children, parents),
            _ => chain::hash_each(chain::compress, arity, children, parents),
        }
    }
}
