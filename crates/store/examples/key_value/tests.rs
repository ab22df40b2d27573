//! The example as tests.

use super::{Database, check_contract, grow};

#[test]
fn the_backend_keeps_the_contract() {
    check_contract();
}

#[test]
fn a_tree_grows_over_several_openings_with_chunks_and_log_in_the_database() {
    let database = Database::default();
    for round in 1..=3 {
        let head = grow(&database, 3000).expect("the tree works");
        assert_eq!(head.map(|head| head.size), Some(round * 3000));
    }
}
