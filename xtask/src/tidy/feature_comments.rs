//! Every feature of a published crate says in Cargo.toml what it adds.

use toml_edit::Document;

use super::{Finding, Tree};

/// Finds features, `default` aside, without a comment in the line above.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for folder in tree.crates() {
        let path = format!("{folder}/Cargo.toml");
        let text = tree.file(&path).map_or("", |file| &file.text);
        let manifest = match Document::parse(text) {
            Ok(manifest) => manifest,
            Err(error) => {
                findings.push(Finding::new(&path, 0, error.to_string()));
                continue;
            }
        };
        let features = manifest.get("features").and_then(|item| item.as_table());
        let Some(features) = features else {
            continue;
        };
        for (name, _) in features {
            let decor = features.key(name).map(|key| key.leaf_decor());
            let above = decor.and_then(|decor| decor.prefix()?.span());
            let is_commented = above.is_some_and(|span| text[span].trim_end().contains('#'));
            if name != "default" && !is_commented {
                let message = format!("feature `{name}` has no comment in the line above");
                findings.push(Finding::new(&path, 0, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(manifest: &str) -> usize {
        check(&Tree::sample(&[("crates/a/Cargo.toml", manifest)])).len()
    }

    #[test]
    fn a_feature_without_a_comment_is_found() {
        let features = "default = []\na = []\n# B.\nb = []\nc = []\n";
        assert_eq!(found(&format!("[features]\n{features}")), 2);
        assert_eq!(
            found("[features]\n# A.\na = [\n  \"dep:x\",\n]\nb = []\n"),
            1
        );
    }

    #[test]
    fn other_tables_need_no_comments() {
        let manifest = "[package]\nname = \"a\"\n[features]\n[dependencies]\nx = \"1\"\n";
        assert_eq!(found(manifest), 0);
    }

    #[test]
    fn a_manifest_that_is_no_toml_is_found() {
        assert_eq!(found("[features\n"), 1);
    }
}
