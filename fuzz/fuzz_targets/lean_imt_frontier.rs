//! An honest frontier, changed, against heads: only the honest one passes, and whatever is imported is a tree to go on from.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rotortree_fuzz::frontier::check_frontier;

fuzz_target!(|input: &[u8]| check_frontier(input));
