//! Every feature of a published crate says in Cargo.toml what it adds.

use super::{Finding, Tree};

/// Finds features, `default` aside, without a comment in the line above.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for folder in tree.crates() {
        let Some(file) = tree.file(&format!("{folder}/Cargo.toml")) else {
            continue;
        };
        let mut in_features = false;
        let mut in_value = false;
        let mut commented = false;
        for (index, line) in file.text.lines().map(str::trim).enumerate() {
            if line.starts_with('[') && !in_value {
                in_features = line == "[features]";
            }
            if in_value {
                // The list of a feature goes on over several lines.
                in_value = !line.contains(']');
            } else if let Some((name, value)) = line.split_once('=')
                && in_features
                && !line.starts_with('#')
            {
                in_value = !value.contains(']');
                let name = name.trim();
                if !commented && name != "default" {
                    let message = format!("feature `{name}` has no comment in the line above");
                    findings.push(Finding::new(&file.path, index + 1, message));
                }
            }
            commented = line.starts_with('#');
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(manifest: &str) -> Vec<usize> {
        check(&Tree::of(&[("crates/a/Cargo.toml", manifest)]))
            .into_iter()
            .map(|found| found.line)
            .collect()
    }

    #[test]
    fn a_feature_without_a_comment_is_found() {
        assert_eq!(
            found("[features]\ndefault = []\na = []\n# B.\nb = []\nc = []\n"),
            [3, 6]
        );
    }

    #[test]
    fn lists_over_several_lines_are_one_feature() {
        assert_eq!(
            found("[features]\n# A.\na = [\n  \"dep:x\",\n]\nb = []\n"),
            [6]
        );
    }

    #[test]
    fn other_tables_need_no_comments() {
        assert!(
            found("[package]\nname = \"a\"\n[features]\n[dependencies]\nx = \"1\"\n").is_empty()
        );
    }
}
