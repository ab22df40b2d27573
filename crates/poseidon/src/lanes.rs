//! Many groups at a time: one in each lane of AVX-512 vectors, with IFMA's multiplications of 52
//! bits.
//!
//! Eight lanes leave the multipliers idle for much of the time, because a product waits for the one
//! before. So sixteen groups are hashed in two sets of lanes, whose instructions alternate.

mod cpu;
mod limbs;
mod numbers;
#[cfg(test)]
mod tests;

use rotortree_hasher::Hash;

pub(crate) use self::cpu::Ifma;
use self::limbs::Limbs;
use self::numbers::{LANES, Lanes, Numbers};
use crate::cache::Cache;
use crate::order::ByteOrder;
use crate::scalar;
use crate::schedule::Schedule;

static SCHEDULES: Cache<Limbs> = Cache::new();

/// The most groups that are hashed at a time.
pub(crate) const MOST: usize = 2 * LANES;

/// The hash of each of 1 to [`MOST`] groups of `arity` children.
pub(crate) fn hash_up_to_16<O: ByteOrder>(
    cpu: Ifma,
    arity: usize,
    children: &[Hash],
    parents: &mut [Hash],
) {
    let derive = |children| scalar::schedule(children).map(|constant| Limbs::new(*constant));
    let schedule = SCHEDULES.get(arity, derive);
    if parents.len() > LANES {
        hash_sets::<O, 2>(cpu, schedule, children, parents);
    } else {
        hash_sets::<O, 1>(cpu, schedule, children, parents);
    }
}

/// The hash of each group, in `SETS` sets of lanes. Lanes without a group repeat the last one.
fn hash_sets<O: ByteOrder, const SETS: usize>(
    cpu: Ifma,
    schedule: &Schedule<Limbs>,
    children: &[Hash],
    parents: &mut [Hash],
) {
    let arity = schedule.width - 1;
    let last = parents.len() - 1;
    let lanes = Lanes::<SETS>::new(cpu);
    let hashes = lanes.hash(schedule, |i| {
        Numbers::from_fn(|lane| O::read(&children[lane.min(last) * arity + i]))
    });
    for (lane, parent) in parents.iter_mut().enumerate() {
        *parent = O::write(hashes.number(lane));
    }
}
