//! The code of the repository's README is the crate's, which is compiled and run with its documentation.

use std::{fs, path::Path};

fn code(text: &str) -> Vec<String> {
    let rust = text.split("```rust\n").skip(1);
    rust.map(|block| block.split("```").next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn both_readmes_show_the_same_code() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crate_readme = code(&fs::read_to_string(here.join("README.md")).unwrap());
    assert_eq!(crate_readme.len(), 1);
    // A packaged crate is not in the repository.
    if let Ok(text) = fs::read_to_string(here.join("../../README.md")) {
        assert_eq!(code(&text), crate_readme);
    }
}
