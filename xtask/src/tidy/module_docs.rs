//! Every Rust file opens with `//!` documentation.

use super::{Finding, Tree};

/// Finds files whose first line is not module documentation.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust()
        .filter(|file| {
            !file
                .text
                .lines()
                .find(|line| !line.trim().is_empty())
                .is_some_and(|line| line.starts_with("//! "))
        })
        .map(|file| {
            Finding::new(
                &file.path,
                1,
                "open with `//!`: what the file is for, and what it leaves to others",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_module_docs_is_found() {
        let tree = Tree::sample(&[
            ("a.rs", "//! Docs.\n"),
            ("b.rs", "\n// Not docs.\nfn b() {}\n"),
            ("c.rs", ""),
            ("d.rs", "//!\nfn d() {}\n"),
            ("e.md", "# Not Rust\n"),
        ]);
        let paths: Vec<String> = check(&tree).into_iter().map(|found| found.path).collect();
        assert_eq!(paths, ["b.rs", "c.rs", "d.rs"]);
    }
}
