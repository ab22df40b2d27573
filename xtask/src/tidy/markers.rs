//! Nothing is left for later: no stub macros in code, no reminders in comments, no half of a merge
//! anywhere.

use super::{Finding, Tree};
use crate::rust_text::has_word;

const MACROS: [&str; 3] = ["todo!", "unimplemented!", "dbg!"];
const REMINDERS: [&str; 3] = ["TODO", "FIXME", "XXX"];

/// What a merge begins and ends the lines of a conflict with.
const CONFLICTS: [&str; 2] = ["<<<<<<< ", ">>>>>>> "];

/// Finds stub macros in Rust code, reminders in the comments of every kind of source, and conflicts
/// of a merge in any file.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, rust) in tree.rust() {
        for (number, line) in rust.lines() {
            for name in MACROS.iter().filter(|name| has_word(&line.code, name)) {
                findings.push(Finding::new(
                    &file.path,
                    number,
                    format!("`{name}` in code"),
                ));
            }
            for word in reminders(&line.comment) {
                findings.push(reminder(&file.path, number, word));
            }
        }
    }
    let commented = |path: &str| path.ends_with(".toml") || path.ends_with(".yml");
    for file in tree.files().filter(|file| commented(&file.path)) {
        for (index, line) in file.text.lines().enumerate() {
            for word in reminders(line) {
                findings.push(reminder(&file.path, index + 1, word));
            }
        }
    }
    for file in tree.files() {
        for (index, line) in file.text.lines().enumerate() {
            if CONFLICTS.iter().any(|mark| line.starts_with(mark)) {
                let message = "a conflict of a merge: settle it";
                findings.push(Finding::new(&file.path, index + 1, message));
            }
        }
    }
    findings
}

fn reminders(text: &str) -> impl Iterator<Item = &'static str> {
    REMINDERS
        .into_iter()
        .filter(move |word| has_word(text, word))
}

fn reminder(path: &str, line: usize, word: &str) -> Finding {
    Finding::new(path, line, format!("{word}: do it, or open an issue"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn stub_macros_are_found_in_code_only() {
        assert_eq!(found("a.rs", "fn f() { todo!() }\n"), 1);
        assert_eq!(found("a.rs", "fn f() { unimplemented!(); dbg!(1); }\n"), 2);
        assert_eq!(found("a.rs", "// todo! is denied\nlet s = \"todo!\";\n"), 0);
    }

    #[test]
    fn reminders_are_found_in_comments_only() {
        assert_eq!(found("a.rs", "// FIXME later\n/* XXX */\n"), 2);
        assert_eq!(found("a.rs", "const TODO: u8 = 0; // TODOS\n"), 0);
        assert_eq!(found("a.toml", "a = 1 # TODO\n"), 1);
    }

    #[test]
    fn conflicts_are_found_in_every_file() {
        let conflict = "- one\n<<<<<<< HEAD\n- two\n=======\n- three\n>>>>>>> other\n";
        assert_eq!(found("CHANGELOG.md", conflict), 2);
        assert_eq!(found("a.md", "Title\n=======\n\n> a quote\n"), 0);
    }
}
