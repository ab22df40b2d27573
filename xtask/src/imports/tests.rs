//! Small trees of files, and the arrows expected of them.

use super::*;
use crate::workspace::Workspace;

fn arrows_of(files: &[(&str, &str)]) -> Vec<String> {
    let arrows = arrows(&Tree::sample(files), "crates/a").unwrap();
    let mut lines = Vec::new();
    for (from, targets) in arrows {
        for to in targets {
            let short = |path: &str| path.replace("crates/a/src/", "");
            lines.push(format!("{} {}", short(&from), short(&to)));
        }
    }
    lines
}

#[test]
fn a_use_is_an_arrow_to_the_file_that_declares_the_name() {
    let lines = arrows_of(&[
        ("crates/a/src/lib.rs", "mod b; mod c; pub use b::Part;"),
        ("crates/a/src/b.rs", "pub struct Part;"),
        ("crates/a/src/c.rs", "use crate::Part;"),
        ("crates/a/src/c/d.rs", "use super::super::b::Part;"),
    ]);
    assert_eq!(lines, ["c.rs b.rs", "c/d.rs b.rs"]);
}

#[test]
fn a_parent_that_uses_a_child_has_an_arrow_and_one_that_re_exports_it_has_none() {
    let lines = arrows_of(&[
        ("crates/a/src/lib.rs", "mod b; use self::b::Part;"),
        ("crates/a/src/b.rs", "mod c; pub(crate) use c::Part;"),
        ("crates/a/src/b/c.rs", "pub struct Part;"),
    ]);
    assert_eq!(lines, ["lib.rs b/c.rs"]);
}

#[test]
fn a_path_in_code_is_an_arrow_and_so_is_an_imported_module() {
    let lines = arrows_of(&[
        (
            "crates/a/src/lib.rs",
            "mod b; mod c; mod d; fn run() { b::run() }",
        ),
        ("crates/a/src/b.rs", "pub fn run() {}"),
        ("crates/a/src/c.rs", "fn run() { crate::b::run() }"),
        ("crates/a/src/d.rs", "use super::b; fn run() { b::run() }"),
    ]);
    assert_eq!(lines, ["c.rs b.rs", "d.rs b.rs", "lib.rs b.rs"]);
}

#[test]
fn what_only_tests_compile_has_no_arrow() {
    let lines = arrows_of(&[
        ("crates/a/src/lib.rs", "mod b; mod c;"),
        ("crates/a/src/b.rs", "pub struct Part;"),
        (
            "crates/a/src/c.rs",
            "#[cfg(test)] mod tests { use crate::b::Part; }\n\
             #[cfg(all(test, not(loom)))] use crate::b::Part;",
        ),
    ]);
    assert_eq!(lines, [""; 0]);
}

#[test]
fn an_inline_module_belongs_to_its_file() {
    let lines = arrows_of(&[
        ("crates/a/src/lib.rs", "mod b; mod c;"),
        (
            "crates/a/src/b.rs",
            "mod inner { use super::Whole; } struct Whole;",
        ),
        (
            "crates/a/src/c.rs",
            "mod inner { use super::super::b::Part; }",
        ),
    ]);
    assert_eq!(lines, ["c.rs b.rs"]);
}

#[test]
fn circles_are_found_whole() {
    let tree = Tree::sample(&[
        ("crates/a/src/lib.rs", "mod b; mod c; mod d; mod e;"),
        ("crates/a/src/b.rs", "use crate::c::C;"),
        ("crates/a/src/c.rs", "use crate::d::D;"),
        ("crates/a/src/d.rs", "use crate::b::B;"),
        ("crates/a/src/e.rs", "use crate::b::B;"),
    ]);
    let circles = circles(&arrows(&tree, "crates/a").unwrap());
    let circle = ["b", "c", "d"].map(|name| format!("crates/a/src/{name}.rs"));
    assert_eq!(circles, [circle.to_vec()]);
}

#[test]
fn the_arrows_of_the_repository_are_seen() {
    let tree = Tree::read(Workspace::find().unwrap().root()).unwrap();
    let arrows = arrows(&tree, "crates/wal").unwrap();
    let scanner = &arrows["crates/wal/src/scanner.rs"];
    assert!(scanner.contains("crates/wal/src/group.rs"), "{scanner:?}");
}
