//! No trailing blanks, no tabs in Rust, no carriage returns, one newline at the end.

use super::{Finding, Tree};

/// The kinds of file that people edit.
const EDITED: [&str; 9] = [
    ".rs", ".md", ".toml", ".yml", ".sh", ".js", ".css", ".html", ".ci/run",
];

/// Finds invisible blanks.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let edited = |path: &str| EDITED.iter().any(|end| path.ends_with(end));
    for file in tree.files().filter(|file| edited(&file.path)) {
        for (index, line) in file.text.split('\n').enumerate() {
            let message = if line.ends_with('\r') {
                "carriage return: lines end in a newline alone"
            } else if line.ends_with([' ', '\t']) {
                "trailing blank"
            } else if line.contains('\t') && file.path.ends_with(".rs") {
                "tab"
            } else {
                continue;
            };
            findings.push(Finding::new(&file.path, index + 1, message));
        }
        if !file.text.is_empty() && (!file.text.ends_with('\n') || file.text.ends_with("\n\n")) {
            findings.push(Finding::new(&file.path, 0, "end with exactly one newline"));
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
    fn invisible_blanks_are_found() {
        assert_eq!(found("a.rs", "a\nb\n"), 0);
        assert_eq!(found("a.rs", "a \nb\t\n"), 2);
        assert_eq!(found("a.rs", "\ta\n"), 1);
        assert_eq!(found("a.md", "a\r\n"), 1);
    }

    #[test]
    fn a_file_ends_with_one_newline() {
        assert_eq!(found("a.toml", "a"), 1);
        assert_eq!(found("a.toml", "a\n\n"), 1);
        assert_eq!(found("a.toml", ""), 0);
    }

    #[test]
    fn other_files_are_left_alone() {
        assert_eq!(found("LICENSE-APACHE", "\ta \n\n"), 0);
    }
}
