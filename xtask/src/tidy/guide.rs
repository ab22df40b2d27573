//! The guide is one book: its summary lists every chapter once, a chapter links to no file outside
//! by a relative path, which the book's pages would not find, and its code is run.

use std::collections::BTreeSet;

use super::links::targets;
use super::{Finding, Tree};

const CHAPTERS: &str = "docs/guide/src/";
const SUMMARY: &str = "docs/guide/src/SUMMARY.md";
/// The doctests of the chapters.
const DOCTESTS: &str = "crates/rotortree/src/guide.rs";

/// Finds chapters that are unlisted, listed twice, not run, or that reach out of the book.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(summary) = tree.file(SUMMARY) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let mut listed = BTreeSet::new();
    for (target, line) in targets(&summary.text) {
        if !listed.insert(target.clone()) {
            findings.push(Finding::new(
                SUMMARY,
                line,
                format!("`{target}` is listed twice"),
            ));
        }
    }
    let doctests = tree.file(DOCTESTS).map_or("", |file| &file.text);
    for file in tree.files() {
        let Some(chapter) = file.path.strip_prefix(CHAPTERS) else {
            continue;
        };
        if file.path != SUMMARY && !listed.contains(chapter) {
            findings.push(Finding::new(
                &file.path,
                0,
                "SUMMARY.md does not list this chapter",
            ));
        }
        let has_code = file.text.lines().any(|line| line.starts_with("```rust"));
        if has_code && !doctests.contains(&format!("\"{chapter}\"")) {
            let message = format!("{DOCTESTS} does not run the code of this chapter");
            findings.push(Finding::new(&file.path, 0, message));
        }
        for (target, line) in targets(&file.text) {
            if target.starts_with("../") {
                let message = format!("`{target}` leaves the book: link to the repository");
                findings.push(Finding::new(&file.path, line, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(summary: &str, chapter: &str, doctests: &str) -> Vec<String> {
        let tree = Tree::sample(&[
            (SUMMARY, summary),
            ("docs/guide/src/a.md", chapter),
            (DOCTESTS, doctests),
        ]);
        check(&tree)
            .into_iter()
            .map(|found| found.message)
            .collect()
    }

    #[test]
    fn a_book_in_order_passes() {
        let good = "[w](https://example.com) [h](#here) [b](b.md)\n```rust\n```\n";
        assert_eq!(
            found("- [A](a.md)\n", good, "A: \"a.md\","),
            Vec::<String>::new()
        );
    }

    #[test]
    fn chapters_are_listed_once() {
        assert_eq!(found("", "", "").len(), 1);
        assert_eq!(found("- [A](a.md)\n- [A](a.md)\n", "", "").len(), 1);
    }

    #[test]
    fn code_that_is_not_run_is_found() {
        assert_eq!(found("- [A](a.md)\n", "```rust,no_run\n```\n", "").len(), 1);
    }

    #[test]
    fn links_out_of_the_book_are_found() {
        assert_eq!(
            found("- [A](a.md)\n", "[x](../../format.md)\n", "").len(),
            1
        );
    }
}
