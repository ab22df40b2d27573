//! No paths of one machine in code, examples or documents.

use super::{Finding, Tree};

/// Folders that only exist on some machines, in two halves so that this file passes its own check.
const FOLDERS: [&str; 6] = [
    concat!("/", "home/"),
    concat!("/", "root/"),
    concat!("/", "tmp/"),
    concat!("/", "work/"),
    concat!("/", "Users/"),
    concat!(":\\", "Users"),
];

/// The one path that the API page's examples open.
const EXAMPLE: &str = concat!("/", "tmp/rotortree");

/// Finds absolute paths into machine folders.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files().filter(|file| !file.path.ends_with(".lock")) {
        for (index, line) in file.text.lines().enumerate() {
            for folder in FOLDERS {
                if line
                    .match_indices(folder)
                    .any(|(at, _)| is_absolute(line, at) && !is_example(&line[at..]))
                {
                    let message = format!("a machine's path under `{folder}`");
                    findings.push(Finding::new(&file.path, index + 1, message));
                }
            }
        }
    }
    findings
}

/// Whether a path starts at `at`, and does not merely go on there.
fn is_absolute(line: &str, at: usize) -> bool {
    line[at..].starts_with(':')
        || !line[..at]
            .chars()
            .next_back()
            .is_some_and(|c| c.is_alphanumeric() || "._-/~}>)*".contains(c))
}

/// Whether `path` is the example's, and not a longer name.
fn is_example(path: &str) -> bool {
    path.strip_prefix(EXAMPLE)
        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || "._-/".contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> usize {
        check(&Tree::sample(&[("a.rs", line)])).len()
    }

    #[test]
    fn machine_paths_are_found() {
        for folder in FOLDERS {
            assert_eq!(found(&format!("open(\"{folder}x\")")), 1, "{folder}");
        }
        assert_eq!(found(concat!("\"C:\\", "Users\\me\"")), 1);
    }

    #[test]
    fn paths_that_merely_go_on_are_not() {
        assert_eq!(found(concat!("https://example.com/", "home/x")), 0);
        assert_eq!(found(concat!("docs/", "work/x")), 0);
    }

    #[test]
    fn the_example_path_is_let_through_and_no_other() {
        assert_eq!(found(&format!("PathBuf::from(\"{EXAMPLE}\")")), 0);
        assert_eq!(found(&format!("PathBuf::from(\"{EXAMPLE}-2\")")), 1);
        assert_eq!(found(&format!("PathBuf::from(\"{EXAMPLE}/wal\")")), 1);
    }
}
