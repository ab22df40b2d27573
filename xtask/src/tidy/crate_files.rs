//! Every published crate has its README and changelog, a version above those of the other crate of
//! the same name, and documentation with all features; the repository has its licences.

use super::{Finding, Tree};

/// Versions up to 0.20 of `rotortree` on crates.io are another crate; no version of ours may be
/// taken for one of them.
const FIRST_MINOR: u64 = 21;

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
        let text = tree.file(&format!("{folder}/Cargo.toml"));
        let manifest: Option<toml::Table> = text.and_then(|file| file.text.parse().ok());
        let package = manifest
            .as_ref()
            .and_then(|manifest| manifest.get("package"));
        let field = |name: &str| package.and_then(|package| package.get(name));
        let version = field("version").and_then(toml::Value::as_str);
        let Some(version) = version else {
            let message = "no version of its own: each crate has its own version";
            findings.push(Finding::new(&format!("{folder}/Cargo.toml"), 0, message));
            continue;
        };
        if !is_ours(version) {
            let message = format!(
                "version {version} could be taken for another crate's: ours start at 0.{FIRST_MINOR}"
            );
            findings.push(Finding::new(&format!("{folder}/Cargo.toml"), 0, message));
        }
        let docs = field("metadata").and_then(|metadata| metadata.get("docs")?.get("rs"));
        if docs.and_then(|docs| docs.get("all-features")) != Some(&true.into()) {
            let message = "docs.rs does not build all features: `[package.metadata.docs.rs]`";
            findings.push(Finding::new(&format!("{folder}/Cargo.toml"), 0, message));
        }
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

/// Whether a version is above those of the other crate of the same name.
fn is_ours(version: &str) -> bool {
    let mut numbers = version.split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (0, FIRST_MINOR),
        _ => false,
    }
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

    const MANIFEST: &str =
        "[package]\nversion = \"0.21.0\"\nmetadata.docs.rs.all-features = true\n";

    fn found(files: &[(&str, &str)]) -> usize {
        check(&Tree::sample(&[&ROOT[..], files].concat())).len()
    }

    #[test]
    fn missing_and_empty_files_are_found() {
        assert_eq!(check(&Tree::sample(&[("LICENSE-MIT", "\n")])).len(), 3);
        assert_eq!(found(&[("crates/a/Cargo.toml", MANIFEST)]), 2);
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
        assert_eq!(found(&files(MANIFEST, "## [0.21.0] - 2026-01-01\n")), 0);
        assert_eq!(found(&files(MANIFEST, "## [Unreleased]\n")), 0);
        assert_eq!(found(&files(MANIFEST, "## [0.20.9]\n")), 1);
        assert_eq!(
            found(&files("[package]\nversion.workspace = true\n", "text\n")),
            1
        );
    }

    #[test]
    fn a_version_of_the_other_crate_and_undocumented_features_are_found() {
        let of = |manifest: &str| {
            let files = [
                ("crates/a/Cargo.toml", manifest),
                ("crates/a/README.md", "text\n"),
                ("crates/a/CHANGELOG.md", "## [Unreleased]\n"),
            ];
            found(&files)
        };
        assert_eq!(of(MANIFEST), 0);
        for (version, findings) in [("0.20.9", 1), ("0.1.0", 1), ("1.0.0", 0), ("0.100.0", 0)] {
            assert_eq!(
                of(&MANIFEST.replace("0.21.0", version)),
                findings,
                "{version}"
            );
        }
        assert_eq!(of(&MANIFEST.replace("= true", "= false")), 1);
        assert_eq!(of("[package]\nversion = \"0.21.0\"\n"), 1);
    }
}
