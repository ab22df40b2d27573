//! Batches of equal groups: divides them among the kernels.

use sha3::Digest;

#[cfg(target_arch = "x86_64")]
use super::x86_64;
use crate::hash::Hash;
#[cfg(target_arch = "x86_64")]
use crate::x86_64::cpu::{Avx2, Avx512};

/// Hashes one group.
pub(super) fn hash_one(children: &[Hash]) -> Hash {
    sha3::Keccak256::digest(children.as_flattened()).into()
}

/// Hashes any number of groups. Calls `work` before each run of groups with its number of children.
pub(super) fn hash(arity: usize, children: &[Hash], parents: &mut [Hash], work: impl FnMut(usize)) {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(cpu) = Avx512::detect() {
            return hash_runs::<8>(arity, children, parents, work, |children, parents| {
                x86_64::hash_up_to_8_avx512(cpu, arity, children, parents);
            });
        }
        if let Some(cpu) = Avx2::detect() {
            return hash_runs::<4>(arity, children, parents, work, |children, parents| {
                x86_64::hash_up_to_4_avx2(cpu, arity, children, parents);
            });
        }
    }
    hash_each(arity, children, parents, work);
}

/// Hashes group by group.
pub(super) fn hash_each(
    arity: usize,
    children: &[Hash],
    parents: &mut [Hash],
    mut work: impl FnMut(usize),
) {
    for (group, parent) in children.chunks_exact(arity).zip(parents) {
        work(arity);
        *parent = hash_one(group);
    }
}

/// Hashes runs of `LANES` groups with the kernel, and a single group without.
#[cfg(target_arch = "x86_64")]
pub(super) fn hash_runs<const LANES: usize>(
    arity: usize,
    children: &[Hash],
    parents: &mut [Hash],
    mut work: impl FnMut(usize),
    kernel: impl Fn(&[Hash], &mut [Hash]),
) {
    let runs = children.chunks(LANES * arity);
    for (children, parents) in runs.zip(parents.chunks_mut(LANES)) {
        work(children.len());
        match parents {
            [parent] => *parent = hash_one(children),
            _ => kernel(children, parents),
        }
    }
}
