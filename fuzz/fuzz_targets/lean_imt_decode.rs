//! Any bytes as a head, a frontier or a proof: decoding never panics, and has one encoding for each
//! value.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rotortree_fuzz::lean_imt::check_decode;

fuzz_target!(|input: &[u8]| check_decode(input));
