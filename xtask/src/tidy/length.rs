//! Files stay small: past 400 lines outside tests a file states its reason.

use super::{Finding, Tree};

/// The most lines, tests not counted, that need no reason.
const LIMIT: usize = 400;

/// The comment that states a reason; at least one word must follow it.
const REASON: &str = "// tidy: long file because ";

/// Finds long files that state no reason, and reasons that are no longer needed.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust().filter(|file| !file.is_test) {
        let mut length = file.text.lines().count();
        if length > LIMIT {
            length -= file.source().test_lines().len();
        }
        let excused = file.text.lines().any(|line| {
            line.trim()
                .strip_prefix(REASON)
                .is_some_and(|reason| !reason.trim().is_empty())
        });
        if length > LIMIT && !excused {
            let message = format!(
                "{length} lines without tests; split the file (limit {LIMIT}), or write `{REASON}...`"
            );
            findings.push(Finding::new(&file.path, 0, message));
        } else if length <= LIMIT && excused {
            let message = format!("only {length} lines: take the `{}` out", REASON.trim());
            findings.push(Finding::new(&file.path, 0, message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> usize {
        check(&Tree::sample(&[("crates/a/src/lib.rs", source)])).len()
    }

    #[test]
    fn a_long_file_needs_a_reason() {
        let long = "fn f() {}\n".repeat(LIMIT + 1);
        assert_eq!(found(&long), 1);
        assert_eq!(found(&format!("{REASON}\n{long}")), 1);
        assert_eq!(found(&format!("{REASON}one table\n{long}")), 0);
    }

    #[test]
    fn a_short_file_needs_none() {
        let short = "fn f() {}\n".repeat(LIMIT);
        assert_eq!(found(&short), 0);
        assert_eq!(found(&format!("fn f() {{}}\n{REASON}one table\n")), 1);
    }

    #[test]
    fn tests_do_not_count() {
        let tests = format!(
            "#[cfg(test)]\nmod tests {{\n{}}}\n",
            "fn f() {}\n".repeat(LIMIT)
        );
        assert_eq!(found(&tests), 0);
        let long = "fn f() {}\n".repeat(LIMIT + 1);
        assert!(check(&Tree::sample(&[("crates/a/tests/a.rs", &long)])).is_empty());
    }
}
