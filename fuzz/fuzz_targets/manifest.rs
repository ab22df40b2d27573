//! Any bytes as a manifest, also with a checksum made to fit: decoding never panics, and has one
//! encoding for each value.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rotortree_fuzz::store::check_manifest;

fuzz_target!(|input: &[u8]| check_manifest(input));
