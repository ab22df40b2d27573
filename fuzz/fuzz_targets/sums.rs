//! Any bytes as files of checksums under an honest manifest: every node read is the honest one or
//! an error, and verification finds every other node.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rotortree_fuzz::levels::check_sums;

fuzz_target!(|input: &[u8]| check_sums(input));
