//! The kernels for x86-64: [`lanes`] is the frame, for [`avx512`] and [`avx2`].

mod avx2;
mod avx512;
mod lanes;

pub(super) use avx2::hash_up_to as hash_up_to_4_avx2;
pub(super) use avx512::hash_up_to as hash_up_to_8_avx512;
