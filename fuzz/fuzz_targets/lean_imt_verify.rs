//! An honest proof, changed: an accepted proof is true.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rotortree_fuzz::lean_imt::check_mutation;

fuzz_target!(|input: &[u8]| check_mutation(input));
