//! Any files as a store - manifest, log, chunks, checksums, strangers - then open it: refused, or a
//! tree in every node.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rotortree_fuzz::store::check_store;

fuzz_target!(|input: &[u8]| check_store(input));
