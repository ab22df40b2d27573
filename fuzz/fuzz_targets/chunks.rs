//! Any bytes as chunk files under an honest manifest: every node read is the honest one or an
//! error, and verification finds every other node.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rotortree_fuzz::levels::check_chunks;

fuzz_target!(|input: &[u8]| check_chunks(input));
