//! Every published crate has its README and changelog, and the repository its licences.

use super::{Finding, Tree};

/// Finds missing or empty files, and changelogs that do not know the crate's version.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in ["LICENSE-MIT", "LICENSE-APACHE", "README.md"] {
        require(tree, path, &mut findings);
    }
    for folder in tree.crates() {
        require(tree, &format!("{folder}/README.md"), &mut findings);
        let changelog = format!("{folder}/CHANGELOG.md");
        require(tree, &changelog, &mut findings);
        let manifest = tree.file(&format!("{folder}/Cargo.toml"));
        let version = manifest.and_then(|file| {
            file.text
                .lines()
                .find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'))
        });
        let Some(version) = version else {
            let message = "no `version = \"..\"` line: each crate has its own version";
            findings.push(Finding::new(&format!("{folder}/Cargo.toml"), 0, message));
            continue;
        };
        let known = tree.file(&changelog).is_none_or(|file| {
            file.text.lines().any(|line| {
                line.starts_with(&format!("## [{version}]")) || line.starts_with("## [Unreleased]")
            })
        });
        if !known {
            let message = format!("neither a `## [{version}]` nor a `## [Unreleased]` heading");
            findings.push(Finding::new(&changelog, 0, message));
        }
    }
    findings
}

fn require(tree: &Tree, path: &str, findings: &mut Vec<Finding>) {
    match tree.file(path) {
        None => findings.push(Finding::new(path, 0, "missing")),
        Some(file) if file.text.trim().is_empty() => {
            findings.push(Finding::new(path, 0, "empty"));
        }
        Some(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: [(&str, &str); 3] = [
        ("LICENSE-MIT", "text\n"),
        ("LICENSE-APACHE", "text\n"),
        ("README.md", "text\n"),
    ];

    fn found(files: &[(&str, &str)]) -> usize {
        check(&Tree::of(&[&ROOT[..], files].concat())).len()
    }

    #[test]
    fn missing_and_empty_files_are_found() {
        assert_eq!(check(&Tree::of(&[("LICENSE-MIT", "\n")])).len(), 3);
        assert_eq!(
            found(&[("crates/a/Cargo.toml", "version = \"0.1.0\"\n")]),
            2
        );
    }

    #[test]
    fn a_changelog_knows_the_version() {
        let files = |manifest, changelog| {
            [
                ("crates/a/Cargo.toml", manifest),
                ("crates/a/README.md", "text\n"),
                ("crates/a/CHANGELOG.md", changelog),
            ]
        };
        let version = "version = \"0.1.0\"\n";
        assert_eq!(found(&files(version, "## [0.1.0] - 2026-01-01\n")), 0);
        assert_eq!(found(&files(version, "## [Unreleased]\n")), 0);
        assert_eq!(found(&files(version, "## [0.0.9]\n")), 1);
        assert_eq!(found(&files("version.workspace = true\n", "text\n")), 1);
    }
}
