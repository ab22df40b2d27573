//! The imports between the files of a crate, and the circles among them.
//!
//! A circle of files cannot be read, tested or moved one file at a time. Counted are `use`
//! declarations, and paths that start at `crate`, at `super` or at a child module. Two kinds are
//! left out: what only tests compile, and a parent that re-exports the items of its children.

mod circles;
mod names;
mod resolve;

pub(crate) use self::circles::{Arrows, find as circles};
use self::names::Names;
use self::resolve::{Module, Modules};
use crate::tidy::Tree;

/// The arrows between the files of the package in `folder`, like `crates/wal`.
pub(crate) fn arrows(tree: &Tree, folder: &str) -> Result<Arrows, String> {
    let sources = format!("{folder}/src/");
    let mut modules = Modules::default();
    for file in tree.files().filter(|file| !file.is_test) {
        let Some(name) = file
            .path
            .strip_prefix(&sources)
            .and_then(|path| path.strip_suffix(".rs"))
        else {
            continue;
        };
        let syntax = file
            .source()
            .syntax
            .as_ref()
            .ok_or_else(|| format!("`{}` is not Rust.", file.path))?;
        modules.add(Module {
            file: file.path.clone(),
            path: module_path(name),
            names: Names::of(syntax),
        });
    }
    Ok(modules.arrows())
}

/// The module that `src/<name>.rs` holds, from the root of its crate.
fn module_path(name: &str) -> Vec<String> {
    let mut path: Vec<String> = name.split('/').map(str::to_owned).collect();
    if matches!(
        path.last().map(String::as_str),
        Some("mod" | "lib" | "main")
    ) {
        path.pop();
    }
    path
}

#[cfg(test)]
mod tests;
