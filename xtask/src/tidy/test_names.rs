//! Tests that a document names are there.

use std::collections::HashSet;

use super::{Finding, Tree};

/// A name with so many underscores is a sentence, as tests are called.
const UNDERSCORES: usize = 5;

/// Finds names of tests in Markdown that no function has.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let functions: HashSet<&str> = tree
        .rust()
        .flat_map(|file| file.text.split("fn ").skip(1))
        .filter_map(|behind| behind.split('(').next())
        .collect();
    let mut findings = Vec::new();
    for file in tree.files().filter(|file| file.path.ends_with(".md")) {
        for (index, line) in file.text.lines().enumerate() {
            let spans = line.split('`').skip(1).step_by(2);
            for name in spans.filter(|span| is_sentence(span) && !functions.contains(span)) {
                let message = format!("there is no function `{name}`");
                findings.push(Finding::new(&file.path, index + 1, message));
            }
        }
    }
    findings
}

fn is_sentence(span: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    span.chars().all(is_word) && span.matches('_').count() >= UNDERSCORES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(document: &str) -> usize {
        let source = "#[test]\nfn a_name_of_five_or_six() {}\n";
        check(&Tree::sample(&[
            ("a.md", document),
            ("crates/a/src/lib.rs", source),
        ]))
        .len()
    }

    #[test]
    fn a_test_that_is_gone_is_found() {
        assert_eq!(found("run `a_name_of_five_or_six`\n"), 0);
        assert_eq!(
            found("run `a_name_of_five_or_ten`, `a_name_of_five_or_six_b`\n"),
            2
        );
    }

    #[test]
    fn short_names_and_other_text_are_left_alone() {
        assert_eq!(found("`a_field`, a_b_c_d_e_f, `a_b_c(d_e_f)`\n"), 0);
    }
}
