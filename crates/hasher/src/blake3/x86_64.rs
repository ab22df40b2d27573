//! The kernels for x86-64.
//!
//! - [`lanes`]: the frame of the batch kernels, one group per vector lane. [`rounds_avx512`] and
//!   [`rounds_avx2`] are the seven rounds. The kernels [`avx512`], [`avx512vl`] and [`avx2`]
//!   combine these; [`avx512_twice`] has two vectors side by side.
//! - [`pair_paths_avx512`]: the same for nodes that climb from pair to pair.
//! - [`rows`]: one compression of one group, as fast as its chain of dependencies allows.

mod avx2;
mod avx512;
mod avx512_twice;
mod avx512vl;
mod lanes;
mod pair_paths_avx512;
mod rounds_avx2;
mod rounds_avx512;
mod rows;

pub(super) use avx2::hash_up_to_8 as hash_up_to_8_avx2;
pub(super) use avx512::hash_up_to_16 as hash_up_to_16_avx512;
pub(super) use avx512_twice::hash_up_to_32 as hash_up_to_32_avx512;
pub(super) use avx512vl::hash_up_to_8 as hash_up_to_8_avx512;
pub(super) use pair_paths_avx512::{climb_16_avx512, climb_32_avx512};
pub(super) use rows::{climb_avx2, climb_avx512, compress_avx2, compress_avx512};
