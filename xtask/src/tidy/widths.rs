//! Comments and prose keep to 100 columns. Code is rustfmt's to break.

use super::{Finding, Tree};

const COLUMNS: usize = 100;

/// The kinds of file that are read at a desk.
const READ: [&str; 7] = [".rs", ".md", ".toml", ".txt", ".yml", ".js", ".css"];

/// Folders of data: source text quoted on one line, lists made by a tool, seeds and vectors.
const DATA: [&str; 4] = [
    "xtask/mutations/",
    "docs/surface/",
    "fuzz/seeds/",
    "/vectors/",
];

/// Finds lines that are longer, tables and lines with a link aside.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files() {
        let is_read = READ.iter().any(|end| file.path.ends_with(end));
        if !is_read || DATA.iter().any(|folder| file.path.contains(folder)) {
            continue;
        }
        for (index, line) in file.text.lines().enumerate() {
            let text = line.trim_start_matches(['/', '!', ' ', '#']);
            let is_code = file.is_rust() && !line.trim_start().starts_with("//");
            let is_free = is_code || text.starts_with('|') || has_link(text);
            let width = line.chars().count();
            if width > COLUMNS && !is_free {
                let message = format!("{width} columns: wrap at {COLUMNS}");
                findings.push(Finding::new(&file.path, index + 1, message));
            }
        }
    }
    findings
}

/// Whether a line has a target that cannot be broken.
fn has_link(line: &str) -> bool {
    ["://", "](", "]: "].iter().any(|mark| line.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, start: &str) -> usize {
        let line = format!("{start}{}\n", "word ".repeat(20));
        check(&Tree::sample(&[(path, &line)])).len()
    }

    #[test]
    fn long_comments_and_prose_are_found() {
        for (path, start) in [
            ("a.rs", "    // a"),
            ("a.rs", "//! a"),
            ("a.md", "a"),
            ("a.yml", "# a"),
        ] {
            assert_eq!(found(path, start), 1, "{path}");
        }
        assert_eq!(found("a.md", ""), 0);
    }

    #[test]
    fn tables_links_code_and_data_are_let_through() {
        for (path, start) in [
            ("a.md", "| a"),
            ("a.rs", "//! | a"),
            ("a.rs", "f(); a"),
            ("a.md", "[a](b) a"),
            ("xtask/mutations/a.toml", "a"),
            ("a.lock", "a"),
        ] {
            assert_eq!(found(path, start), 0, "{path}");
        }
    }
}
