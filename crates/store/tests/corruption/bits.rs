//! Each byte of each file changed.

use rotortree_store::storage::Reads;

use crate::store::{Outcome, Sample};

fn sweep(sample: &Sample, tail_may_go: bool) -> [usize; 3] {
    let all_bits = std::env::var("ROTORTREE_ALL_BITS").is_ok_and(|value| value == "1");
    let mut outcomes = [0; 3];
    for path in sample.list() {
        let bytes = sample.files.read_file(&path).unwrap();
        for at in 0..bytes.len() {
            let bits = if all_bits { 0..8 } else { at % 8..at % 8 + 1 };
            for bit in bits {
                let told = format!("{} byte {at} bit {bit}", path.display());
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                let damaged = sample.copy();
                damaged.write_file(&path, &changed);
                let outcome = sample.judge(&damaged, &told, tail_may_go);
                outcomes[outcome as usize] += 1;
                if at % 64 == 0 {
                    sample.reads_no_wrong_node(&damaged, Reads::Mapped, &told);
                    sample.reads_no_wrong_node(&damaged, Reads::Positioned, &told);
                }
            }
        }
    }
    outcomes
}

#[test]
fn any_byte_of_a_closed_store_changed_is_an_error_or_the_identical_tree() {
    let outcomes = sweep(&Sample::new(1, true), false);
    println!(
        "closed: {} identical, {} cut and reported, {} refused",
        outcomes[0], outcomes[1], outcomes[2]
    );
    assert!(outcomes[Outcome::Refused as usize] > 4096 && outcomes[Outcome::Cut as usize] > 1000);
}

#[test]
fn any_byte_of_a_store_in_use_changed_is_never_silent_below_what_is_attested() {
    // Only the very last group, which nothing attests, may go.
    let outcomes = sweep(&Sample::new(2, false), true);
    println!(
        "in use: {} identical, {} cut, {} refused",
        outcomes[0], outcomes[1], outcomes[2]
    );
    assert!(outcomes[Outcome::Refused as usize] > 4096);
}
