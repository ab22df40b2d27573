//! An honest frontier, changed, against heads: only the honest one passes, and every imported
//! frontier can be appended to.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rotortree_fuzz::frontier::check_frontier;

fuzz_target!(|input: &[u8]| check_frontier(input));
