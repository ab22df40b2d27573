//! Sixteen groups at a time with AVX-512.
#![expect(unsafe_code, reason = "calls a function with target features")]

use core::arch::x86_64::*;

use super::lanes::lane_kernel;
use super::rounds_avx512::rounds_of_16 as rounds;
use crate::blake3::spec::{IV, PAIR_LEN, SINGLE_LEN, flags};
use crate::hash::Hash;
use crate::x86_64::cpu::Avx512;
use crate::x86_64::lane_groups::LaneGroups;
use crate::x86_64::zmm::{load_pairs, load_singles, splat, store, xor};

lane_kernel!(hash_up_to_16(Avx512), lanes: 16, vector: __m512i, features: "avx512f,avx512vl");
