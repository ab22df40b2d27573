//! Unsafe code is quarantined: one list names every file that has any, and every crate without
//! any forbids it.

use super::{Finding, Tree};
use crate::source::Token;

/// Every file, or folder of one module, that may hold unsafe code, and why it has to.
const ALLOWED: &[(&str, &str)] = &[
    (
        "benches/src/memory/",
        "a counting allocator, and settings of malloc",
    ),
    (
        "crates/hasher/src/blake3/x86_64/",
        "vector instructions, after the processor was asked for them",
    ),
    (
        "crates/lean-imt/src/memory/pages.rs",
        "advice to the system about memory",
    ),
    ("crates/lean-imt/src/prefetch.rs", "hints to the cache"),
    (
        "crates/lean-imt/src/memory/streaming.rs",
        "stores around the cache",
    ),
    (
        "crates/lean-imt/src/memory/segment.rs",
        "raw memory with one writer and many readers",
    ),
    (
        "crates/lean-imt/tests/allocation.rs",
        "an allocator that counts, to show that verifying allocates nothing",
    ),
    (
        "crates/rotortree/tests/fork/forked.rs",
        "forking, and ending a forked child without the exit handlers of its parent",
    ),
    (
        "crates/rotortree/tests/foreign/no_thread.rs",
        "the user of a process of its own, and how many threads that user may have",
    ),
    (
        "crates/store/src/file_layer/os/map.rs",
        "memory mappings of immutable chunks",
    ),
    (
        "crates/store/src/fork.rs",
        "having the system tell of forks",
    ),
    (
        "crates/store/tests/memory/allocator.rs",
        "an allocator that counts, to bound what opening hostile stores takes",
    ),
    (
        "xtask/no-std-proof/src/main.rs",
        "a program without std names its own entry point",
    ),
    (
        "xtask/no-std-proof/src/bump.rs",
        "a program without std brings its own allocator",
    ),
];

/// Finds unsafe code outside the list, entries of the list without any, and crates without any
/// that do not forbid it.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    check_against(tree, ALLOWED)
}

fn check_against(tree: &Tree, allowed: &[(&str, &str)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut with_unsafe = Vec::new();
    for file in tree.rust().filter(|file| file.text.contains("unsafe")) {
        let is_unsafe = |token: &&Token| file.text[token.place.clone()] == *"unsafe";
        let Some(first) = file.source().tokens.iter().find(is_unsafe) else {
            continue;
        };
        let number = *first.lines.start();
        with_unsafe.push(file.path.as_str());
        if !allowed.iter().any(|(entry, _)| covers(entry, &file.path)) {
            let message = "unsafe code outside the list in xtask/src/tidy/unsafe_code.rs";
            findings.push(Finding::new(&file.path, number, message));
        }
    }
    for (entry, _) in allowed {
        if !with_unsafe.iter().any(|path| covers(entry, path)) {
            let message = "in the list of unsafe files, but has no unsafe code";
            findings.push(Finding::new(entry, 0, message));
        }
    }
    for package in tree.packages() {
        let sources = format!("{package}/src/");
        if with_unsafe.iter().any(|path| path.starts_with(&sources)) {
            continue;
        }
        for root in ["lib.rs", "main.rs"] {
            let root = format!("{sources}{root}");
            if tree.file(&root).is_some_and(|file| {
                !file
                    .text
                    .lines()
                    .any(|line| line.trim() == "#![forbid(unsafe_code)]")
            }) {
                let message = "a crate without unsafe code says `#![forbid(unsafe_code)]`";
                findings.push(Finding::new(&root, 0, message));
            }
        }
    }
    findings
}

/// Whether the list's entry stands for `path`: it is that file, or a folder around it.
fn covers(entry: &str, path: &str) -> bool {
    entry == path || (entry.ends_with('/') && path.starts_with(entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: (&str, &str) = ("crates/a/Cargo.toml", "");

    #[test]
    fn unsafe_code_outside_the_list_is_found() {
        let tree = Tree::sample(&[
            MANIFEST,
            ("crates/a/src/lib.rs", "mod b;\n"),
            ("crates/a/src/b.rs", "fn f() {\n    unsafe { g() }\n}\n"),
        ]);
        let findings = check_against(&tree, &[]);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].line, 2);
        assert!(check_against(&tree, &[("crates/a/src/b.rs", "reason")]).is_empty());
        assert!(check_against(&tree, &[("crates/a/src/", "reason")]).is_empty());
        assert!(!check_against(&tree, &[("crates/a/sr", "reason")]).is_empty());
    }

    #[test]
    fn a_listed_file_without_unsafe_code_is_found() {
        let tree = Tree::sample(&[
            MANIFEST,
            ("crates/a/src/lib.rs", "#![forbid(unsafe_code)]\n"),
        ]);
        assert_eq!(
            check_against(&tree, &[("crates/a/src/lib.rs", "reason")]).len(),
            1
        );
        assert_eq!(
            check_against(&tree, &[("crates/a/src/gone.rs", "reason")]).len(),
            1
        );
    }

    #[test]
    fn a_crate_without_unsafe_code_forbids_it() {
        let source = "//! No `unsafe` here.\nconst S: &str = \"unsafe\";\n";
        let tree = Tree::sample(&[MANIFEST, ("crates/a/src/lib.rs", source)]);
        assert_eq!(check_against(&tree, &[]).len(), 1);
        let tree = Tree::sample(&[
            MANIFEST,
            ("crates/a/src/lib.rs", "#![forbid(unsafe_code)]\n"),
        ]);
        assert!(check_against(&tree, &[]).is_empty());
    }
}
