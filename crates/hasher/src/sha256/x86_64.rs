//! The kernels for x86-64.
//!
//! - [`lanes`]: the frame of the vector kernels, one group per lane, for [`avx512`] and [`avx2`].
//! - [`two_streams`]: two groups at a time with the SHA instructions.

mod avx2;
mod avx512;
mod lanes;
mod two_streams;

pub(super) use avx2::hash_up_to as hash_up_to_8_avx2;
pub(super) use avx512::hash_up_to as hash_up_to_32_avx512;
pub(super) use two_streams::hash as hash_pairwise;
