//! Checks of the repository's files that the compiler and clippy do not make.
//!
//! Each check is one file with one function from the [`Tree`] to its findings, entered in
//! [`CHECKS`]. The checks only read the tree, so that their tests can hand them a bad sample.

mod copies;
mod crate_files;
mod feature_comments;
mod figures;
mod finding;
mod guide;
mod length;
mod links;
mod machine_paths;
mod markers;
mod module_docs;
mod mutations;
mod orphans;
mod shapes;
mod test_names;
mod tree;
mod voice;
mod whitespace;
mod widths;
mod words;

pub(crate) use finding::Finding;
pub(crate) use tree::{File, Tree};

/// A check of the whole tree.
type Check = fn(&Tree) -> Vec<Finding>;

/// Every check.
const CHECKS: &[Check] = &[
    module_docs::check,
    length::check,
    markers::check,
    whitespace::check,
    widths::check,
    voice::check,
    orphans::check,
    machine_paths::check,
    links::check,
    guide::check,
    figures::check,
    test_names::check,
    copies::check,
    crate_files::check,
    feature_comments::check,
    shapes::check,
    mutations::check,
];

/// The findings of all checks, by file and line.
pub(crate) fn findings(tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<Finding> = CHECKS.iter().flat_map(|check| check(tree)).collect();
    findings.sort();
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn the_repository_is_tidy() {
        let workspace = Workspace::find().unwrap();
        let tree = Tree::read(workspace.root()).unwrap();
        let findings: Vec<String> = findings(&tree).iter().map(Finding::to_string).collect();
        assert!(findings.is_empty(), "\n{}", findings.join("\n"));
    }

    #[test]
    fn findings_come_from_every_check_in_order() {
        let tree = Tree::sample(&[
            ("crates/b/src/lib.rs", "\t//! Docs.\n"),
            ("crates/a/src/lib.rs", "fn a() {}\n"),
        ]);
        let findings = findings(&tree);
        assert!(findings.is_sorted());
        assert!(findings.iter().any(|finding| finding.path.contains("/a/")));
        assert!(findings.iter().any(|finding| finding.path.contains("/b/")));
    }
}
