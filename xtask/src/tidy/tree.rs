//! The repository's files, as the checks see them.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::outcome::{Failure, Outcome};
use crate::source::Source;

/// Folders that tools fill; `.git` is a file in a worktree.
const SKIPPED: [&str; 4] = ["target", ".git", "corpus", "artifacts"];

/// The folder with files by others, each in the folder of its package. The checks see their names
/// alone, because no rule here is theirs.
const VENDOR: &str = "crates/server/vendor/";

/// Larger files are data.
const LARGEST_TEXT: u64 = 1 << 20;

/// Every text file of the repository, and the name of every other one.
#[derive(Default)]
pub(crate) struct Tree {
    files: Vec<File>,
    /// Every file and folder, text or not.
    paths: BTreeSet<String>,
    /// Every symbolic link.
    links: Vec<String>,
}

/// One text file.
pub(crate) struct File {
    /// Relative to the root, with `/` on every system.
    pub(crate) path: String,
    pub(crate) text: String,
    source: OnceCell<Source>,
    /// True for a file that only tests compile.
    pub(crate) is_test: bool,
}

impl File {
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The tokens and items of a Rust file, read when they are first asked for.
    pub(crate) fn source(&self) -> &Source {
        self.source.get_or_init(|| Source::parse(&self.text))
    }

    /// True for a source of a published crate.
    pub(crate) fn is_library(&self) -> bool {
        self.is_rust() && self.path.starts_with("crates/") && self.path.contains("/src/")
    }
}

impl Tree {
    /// Reads the repository at `root`.
    pub(crate) fn read(root: &Path) -> Outcome<Self> {
        let mut tree = Self::default();
        tree.read_folder(root, "")?;
        tree.find_test_modules();
        Ok(tree)
    }

    /// A tree of the given paths and texts.
    pub(crate) fn of(files: Vec<(String, String)>) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            for (at, _) in path.match_indices('/') {
                tree.paths.insert(path[..at].to_owned());
            }
            tree.add(path, text);
        }
        tree.find_test_modules();
        tree
    }

    /// A small tree for tests.
    #[cfg(test)]
    pub(crate) fn sample(files: &[(&str, &str)]) -> Self {
        let owned = |&(path, text): &(&str, &str)| (path.to_owned(), text.to_owned());
        Self::of(files.iter().map(owned).collect())
    }

    /// The text files.
    pub(crate) fn files(&self) -> impl Iterator<Item = &File> {
        self.files.iter()
    }

    /// The Rust files.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is_rust())
    }

    /// The text file at `path`.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The symbolic links.
    pub(crate) fn links(&self) -> impl Iterator<Item = &str> {
        self.links.iter().map(String::as_str)
    }

    /// True when `path` is a file or folder; the root is the empty path.
    pub(crate) fn exists(&self, path: &str) -> bool {
        path.is_empty() || self.paths.contains(path)
    }

    /// The folders of the published crates, like `crates/wal`.
    pub(crate) fn crates(&self) -> Vec<&str> {
        self.packages()
            .into_iter()
            .filter(|folder| folder.starts_with("crates/"))
            .collect()
    }

    /// The folders of all packages.
    pub(crate) fn packages(&self) -> Vec<&str> {
        self.files
            .iter()
            .filter_map(|file| file.path.strip_suffix("/Cargo.toml"))
            .collect()
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str) -> Outcome<()> {
        let failed = |error| Failure::io(folder.display(), &error);
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let path = if prefix.is_empty() {
                name.clone()
            } else {
                format!("{prefix}/{name}")
            };
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                // A module may be called as a folder that tools fill.
                let is_module = entry.path().with_extension("rs").is_file();
                let is_skipped =
                    SKIPPED.contains(&name.as_str()) || name.starts_with("mutants.out");
                if is_module || !is_skipped {
                    self.read_folder(&entry.path(), &path)?;
                    self.paths.insert(path);
                }
            } else if kind.is_file() && !SKIPPED.contains(&name.as_str()) {
                self.read_file(&entry.path(), path)?;
            } else if kind.is_symlink() && !SKIPPED.contains(&name.as_str()) {
                self.links.push(path);
            }
        }
        Ok(())
    }

    fn read_file(&mut self, file: &Path, path: String) -> Outcome<()> {
        let failed = |error| Failure::io(file.display(), &error);
        let length = fs::metadata(file).map_err(failed)?.len();
        let is_vendored = path
            .strip_prefix(VENDOR)
            .is_some_and(|rest| rest.contains('/'));
        if length > LARGEST_TEXT || is_vendored {
            self.paths.insert(path);
            return Ok(());
        }
        match String::from_utf8(fs::read(file).map_err(failed)?) {
            Ok(text) => self.add(path, text),
            Err(_) => {
                self.paths.insert(path);
            }
        }
        Ok(())
    }

    fn add(&mut self, path: String, text: String) {
        self.paths.insert(path.clone());
        let is_test = path
            .split('/')
            .any(|part| part == "tests" || part == "tests.rs");
        self.files.push(File {
            path,
            text,
            source: OnceCell::new(),
            is_test,
        });
    }

    /// Marks the files of modules declared under `#[cfg(test)]`.
    fn find_test_modules(&mut self) {
        let mut prefixes = Vec::new();
        let with_tests = |file: &&File| file.text.contains("(test");
        for file in self.rust().filter(with_tests) {
            let stem = file.path.trim_end_matches(".rs");
            let folder = match stem.rsplit_once('/') {
                Some((folder, "lib" | "main" | "mod")) => folder,
                _ => stem,
            };
            for name in file.source().test_modules() {
                prefixes.push(format!("{folder}/{name}.rs"));
                prefixes.push(format!("{folder}/{name}/"));
            }
        }
        for file in &mut self.files {
            file.is_test |= prefixes.iter().any(|prefix| file.path.starts_with(prefix));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn the_repository_is_read() {
        let tree = Tree::read(Workspace::find().unwrap().root()).unwrap();
        assert!(tree.file("xtask/src/tidy/tree.rs").is_some());
        assert!(tree.exists("xtask/src"));
        assert!(tree.exists(""));
        assert!(!tree.exists("xtask/src/no_such_file.rs"));
        assert!(tree.crates().contains(&"crates/rotortree"));
        assert!(!tree.crates().contains(&"xtask"));
        assert!(tree.files().all(|file| !file.path.starts_with("target/")));
        // The module `target` of a crate is none of the folders that cargo fills.
        assert!(tree.file("crates/tiles/src/target/directory.rs").is_some());
        // Files by others are names.
        assert!(tree.exists("crates/server/vendor/noble-hashes/utils.js"));
        let read = |path: &str| tree.file(&format!("{VENDOR}{path}")).is_some();
        assert!(read("README.md") && !read("noble-hashes/utils.js"));
    }

    #[test]
    fn files_that_only_tests_compile_are_known() {
        let tree = Tree::sample(&[
            (
                "crates/a/src/lib.rs",
                "mod b;\n#[cfg(test)]\nmod reference;\n",
            ),
            ("crates/a/src/reference.rs", ""),
            ("crates/a/src/b.rs", "#[cfg(test)]\nmod model;\n"),
            ("crates/a/src/b/model.rs", ""),
            ("crates/a/src/b/tests.rs", ""),
            ("crates/a/tests/c.rs", ""),
            ("benches/src/lib.rs", ""),
        ]);
        let tests: Vec<&str> = tree
            .files()
            .filter(|file| file.is_test)
            .map(|file| file.path.as_str())
            .collect();
        assert_eq!(
            tests,
            [
                "crates/a/src/reference.rs",
                "crates/a/src/b/model.rs",
                "crates/a/src/b/tests.rs",
                "crates/a/tests/c.rs",
            ]
        );
    }
}
