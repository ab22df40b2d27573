//! Libraries print nothing: the published crates' sources have no printing macro, tests aside.

use super::{Finding, Tree};
use crate::rust_text::has_word;

const MACROS: [&str; 4] = ["println!", "print!", "eprintln!", "eprint!"];

/// Finds printing macros in library code.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let library = |path: &str| path.starts_with("crates/") && path.contains("/src/");
    for (file, rust) in tree.rust() {
        if file.is_test || !library(&file.path) {
            continue;
        }
        for (number, line) in rust.lines().filter(|(_, line)| !line.in_test) {
            for name in MACROS.iter().filter(|name| has_word(&line.code, name)) {
                let message =
                    format!("`{name}` in a library; use an error, `stats()` or `tracing`");
                findings.push(Finding::new(&file.path, number, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, source: &str) -> usize {
        check(&Tree::of(&[(path, source)])).len()
    }

    #[test]
    fn printing_libraries_are_found() {
        assert_eq!(found("crates/a/src/b.rs", "fn f() { println!(); }\n"), 1);
        assert_eq!(
            found("crates/a/src/b.rs", "fn f() { eprint!(\"x\"); }\n"),
            1
        );
    }

    #[test]
    fn examples_tests_and_documentation_may_print() {
        assert_eq!(
            found("crates/a/examples/b.rs", "fn f() { println!(); }\n"),
            0
        );
        assert_eq!(
            found("crates/a/src/b.rs", "/// println!();\nfn f() {}\n"),
            0
        );
        let test = "#[cfg(test)]\nmod tests {\n    fn f() { println!(); }\n}\n";
        assert_eq!(found("crates/a/src/b.rs", test), 0);
    }
}
