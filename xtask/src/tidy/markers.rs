//! Nothing is left for later: no reminders in sources and settings, no half of a merge anywhere.
//!
//! Macros that stand for code to come are denied by clippy.

use super::words::has_word;
use super::{Finding, Tree};

/// In two halves, so that this file passes its own check.
const REMINDERS: [&str; 3] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

/// The marks with which a merge begins and ends the lines of a conflict.
const CONFLICTS: [&str; 2] = ["<<<<<<< ", ">>>>>>> "];

/// The kinds of file that are searched for reminders.
const SOURCES: [&str; 3] = [".rs", ".toml", ".yml"];

/// Finds reminders in every kind of source, and conflicts of a merge in any file.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files() {
        let is_source = SOURCES.iter().any(|end| file.path.ends_with(end));
        for (index, line) in file.text.lines().enumerate() {
            let mut found = |message| findings.push(Finding::new(&file.path, index + 1, message));
            for word in REMINDERS {
                if is_source && has_word(line, word) {
                    found(format!("{word}: do it, or open an issue"));
                }
            }
            if CONFLICTS.iter().any(|mark| line.starts_with(mark)) {
                found("a conflict of a merge: settle it".to_owned());
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Tree::sample(&[(path, text)])).len()
    }

    #[test]
    fn reminders_are_found_as_words() {
        for word in REMINDERS {
            assert_eq!(found("a.rs", &format!("// {word}: later\n")), 1);
            assert_eq!(found("a.toml", &format!("a = 1 # {word}\n")), 1);
            assert_eq!(found("a.rs", &format!("// {word}S\n")), 0);
            assert_eq!(found("a.md", &format!("{word}\n")), 0);
        }
    }

    #[test]
    fn conflicts_are_found_in_every_file() {
        let conflict = "- one\n<<<<<<< HEAD\n- two\n=======\n- three\n>>>>>>> other\n";
        assert_eq!(found("CHANGELOG.md", conflict), 2);
        assert_eq!(found("a.md", "Title\n=======\n\n> a quote\n"), 0);
    }
}
