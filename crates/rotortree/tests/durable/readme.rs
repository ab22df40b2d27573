//! The code of the READMEs is the example `first_steps`, which is run with the tests.

use std::{fs, path::Path};

fn code(text: &str) -> &str {
    let (_, after) = text.split_once("```rust,no_run\n").unwrap();
    after.split_once("```").unwrap().0
}

#[test]
fn both_readmes_show_the_example() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let example = fs::read_to_string(here.join("examples/first_steps.rs")).unwrap();
    let readme = fs::read_to_string(here.join("README.md")).unwrap();
    assert!(example.contains(code(&readme)));
    // A packaged crate is not in the repository.
    if let Ok(text) = fs::read_to_string(here.join("../../README.md")) {
        assert_eq!(code(&text), code(&readme));
    }
}
