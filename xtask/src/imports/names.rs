//! The names that one file declares, takes from elsewhere, and passes on.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};

use crate::source::{attributes, is_for_tests};

/// A path as it is written, segment by segment.
pub(super) type Path = Vec<String>;

/// The names in the syntax of one file, without items that only tests compile.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The modules that it declares in other files.
    pub(super) children: BTreeSet<String>,
    /// The names that `use` declarations of the file's own module bring into it.
    pub(super) imports: BTreeMap<String, Path>,
    /// The modules whose names `use path::*` brings into it.
    pub(super) globs: Vec<Path>,
    /// The paths that it takes names from. Those that it only passes on are apart.
    pub(super) taken: Vec<Path>,
    /// The paths of `pub use` declarations.
    pub(super) passed_on: Vec<Path>,
}

impl Names {
    /// Reads the names of a file.
    pub(super) fn of(file: &syn::File) -> Self {
        let mut reader = Reader::default();
        reader.visit_file(file);
        reader.names
    }
}

#[derive(Default)]
struct Reader {
    names: Names,
    /// The inline modules around the place that is read.
    inside: Vec<String>,
}

impl Reader {
    /// Enters one `use` declaration, which may be a whole tree of paths.
    fn read_use(&mut self, tree: &syn::UseTree, before: &Path, public: bool) {
        let mut path = before.clone();
        match tree {
            syn::UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                self.read_use(&tree.tree, &path, public);
            }
            syn::UseTree::Name(name) => {
                let name = name.ident.to_string();
                if name != "self" {
                    path.push(name);
                }
                let last = path.last().cloned().unwrap_or_default();
                self.enter(last, path, public);
            }
            syn::UseTree::Rename(rename) => {
                if rename.ident != "self" {
                    path.push(rename.ident.to_string());
                }
                self.enter(rename.rename.to_string(), path, public);
            }
            syn::UseTree::Glob(_) => {
                self.names.globs.push(self.outside(path.clone()));
                self.take(path, public);
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.read_use(tree, before, public);
                }
            }
        }
    }

    fn enter(&mut self, name: String, path: Path, public: bool) {
        let path = self.outside(path);
        if self.inside.is_empty() {
            self.names.imports.insert(name, path.clone());
        }
        self.take_outside(path, public);
    }

    fn take(&mut self, path: Path, public: bool) {
        let path = self.outside(path);
        self.take_outside(path, public);
    }

    fn take_outside(&mut self, path: Path, public: bool) {
        if public {
            self.names.passed_on.push(path);
        } else {
            self.names.taken.push(path);
        }
    }

    /// The path as the file's own module would write it.
    fn outside(&self, mut path: Path) -> Path {
        let mut depth = self.inside.len();
        while depth > 0 && path.first().is_some_and(|first| first == "super") {
            path.remove(0);
            depth -= 1;
        }
        if depth < self.inside.len() && path.first().is_none_or(|first| first != "super") {
            path.insert(0, "self".to_owned());
        }
        path
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !attributes(item).iter().any(is_for_tests) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if module.content.is_none() {
            self.names.children.insert(module.ident.to_string());
            return;
        }
        self.inside.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.inside.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let public = !matches!(item.vis, syn::Visibility::Inherited);
        self.read_use(&item.tree, &Vec::new(), public);
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {
        // `pub(in crate::a)` takes no name.
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Path = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        // One name alone comes from a `use`, which is read by itself, or from this file.
        if segments.len() > 1 {
            self.take(segments, false);
        }
        visit::visit_path(self, path);
    }
}
