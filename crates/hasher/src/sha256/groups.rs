//! Batches of equal groups: divides them among the kernels.

use super::chain;
#[cfg(target_arch = "x86_64")]
use super::form::Form;
#[cfg(target_arch = "x86_64")]
use super::x86_64;
use crate::hash::Hash;
#[cfg(target_arch = "x86_64")]
use crate::x86_64::cpu::{Avx2, Avx512, Sha};

/// The most groups between two calls of `work`: as many as the widest kernel hashes at a time.
#[cfg(target_arch = "x86_64")]
const RUN: usize = 32;

/// Hashes any number of groups, and calls `work` before each run with its number of children.
pub(super) fn hash(
    prefix: Option<u8>,
    arity: usize,
    children: &[Hash],
    parents: &mut [Hash],
    work: impl FnMut(usize),
) {
    #[cfg(target_arch = "x86_64")]
    if parents.len() > 1 {
        if let Some(cpu) = Avx512::detect() {
            return hash_with(prefix, arity, children, parents, work, |form, c, p| {
                hash_avx512(cpu, form, c, p);
            });
        }
        if let Some(cpu) = Sha::detect() {
            return hash_with(prefix, arity, children, parents, work, |form, c, p| {
                x86_64::hash_pairwise(cpu, form, c, p);
            });
        }
        if let Some(cpu) = Avx2::detect() {
            return hash_with(prefix, arity, children, parents, work, |form, c, p| {
                hash_avx2(cpu, form, c, p);
            });
        }
    }
    hash_each(prefix, arity, children, parents, work);
}

/// Hashes runs of groups with `kernel`.
#[cfg(target_arch = "x86_64")]
pub(super) fn hash_with(
    prefix: Option<u8>,
    arity: usize,
    children: &[Hash],
    parents: &mut [Hash],
    mut work: impl FnMut(usize),
    kernel: impl Fn(&Form<'_>, &[Hash], &mut [Hash]),
) {
    let mut computed = None;
    let form = Form::new(prefix, arity, &mut computed);
    for (children, parents) in children.chunks(RUN * arity).zip(parents.chunks_mut(RUN)) {
        work(children.len());
        kernel(&form, children, parents);
    }
}

/// Hashes up to 32 groups. The wide kernel takes the same time for any number of them. Below these
/// bounds the others are faster.
#[cfg(target_arch = "x86_64")]
pub(super) fn hash_avx512(cpu: Avx512, form: &Form<'_>, children: &[Hash], parents: &mut [Hash]) {
    match (parents.len(), Sha::detect()) {
        (..=10, Some(cpu)) => x86_64::hash_pairwise(cpu, form, children, parents),
        (..=3, None) => hash_each(form.prefix, form.arity, children, parents, |_| {}),
        _ => x86_64::hash_up_to_32_avx512(cpu, form, children, parents),
    }
}

/// Hashes up to 32 groups.
#[cfg(target_arch = "x86_64")]
pub(super) fn hash_avx2(cpu: Avx2, form: &Form<'_>, children: &[Hash], parents: &mut [Hash]) {
    for (children, parents) in children.chunks(8 * form.arity).zip(parents.chunks_mut(8)) {
        match parents.len() {
            3.. => x86_64::hash_up_to_8_avx2(cpu, form, children, parents),
            _ => hash_each(form.prefix, form.arity, children, parents, |_| {}),
        }
    }
}

/// Hashes group by group.
pub(super) fn hash_each(
    prefix: Option<u8>,
    arity: usize,
    children: &[Hash],
    parents: &mut [Hash],
    mut work: impl FnMut(usize),
) {
    for (group, parent) in children.chunks_exact(arity).zip(parents) {
        work(arity);
        *parent = chain::hash(chain::compress, prefix, group);
    }
}
