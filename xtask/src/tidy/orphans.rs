//! Every source and test is compiled: a file that is no target and that no `mod` names is dead.

use super::{File, Finding, Tree};

/// Finds files below `src` and `tests` that nothing names.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in tree.packages() {
        let manifest = format!("{package}/Cargo.toml");
        let manifest = tree.file(&manifest).map_or("", |file| &file.text);
        for kind in ["src", "tests"] {
            let folder = format!("{package}/{kind}/");
            for file in tree.rust() {
                let Some(path) = file.path.strip_prefix(&folder) else {
                    continue;
                };
                let parts: Vec<&str> = path.split('/').collect();
                let is_target = match parts[..] {
                    ["lib.rs" | "main.rs"] | ["bin", _] => true,
                    [_] | [_, "main.rs"] if kind == "tests" => {
                        !manifest.contains("autotests = false")
                            || manifest.contains(&format!("\"tests/{path}\""))
                    }
                    _ => false,
                };
                if !is_target && !is_declared(tree, file) {
                    let message = "no target and no `mod` names this file: it is never compiled";
                    findings.push(Finding::new(&file.path, 0, message));
                }
            }
        }
    }
    findings
}

/// Whether the file of the module around it declares this one, or any file by its path.
fn is_declared(tree: &Tree, file: &File) -> bool {
    let module = file.path.trim_end_matches(".rs").trim_end_matches("/mod");
    let (folder, name) = module.rsplit_once('/').unwrap_or(("", module));
    let parents = ["main.rs", "lib.rs", "mod.rs"].map(|root| format!("{folder}/{root}"));
    let declares = |path: &String| {
        let declaration = format!("mod {name};");
        tree.file(path)
            .is_some_and(|file| file.text.contains(&declaration))
    };
    // The last two parts of a path are as good as all of it here.
    let ending: Vec<&str> = file.path.rsplitn(3, '/').take(2).collect();
    let by_path = format!("{}/{}\"", ending[1], ending[0]);
    let alone = format!("path = \"{}\"", ending[0]);
    parents.iter().any(declares)
        || declares(&format!("{folder}.rs"))
        || tree
            .rust()
            .any(|of| of.text.contains(&by_path) || of.text.contains(&alone))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let findings = check(&Tree::sample(files));
        findings.into_iter().map(|found| found.path).collect()
    }

    #[test]
    fn a_file_that_nothing_names_is_found() {
        let files = [
            ("crates/a/Cargo.toml", ""),
            (
                "crates/a/src/lib.rs",
                "mod b;\n#[path = \"other.rs\"]\nmod c;\n",
            ),
            ("crates/a/src/b.rs", "mod c;\n"),
            ("crates/a/src/b/c.rs", ""),
            ("crates/a/src/b/d.rs", ""),
            ("crates/a/src/other.rs", ""),
            ("crates/a/src/dead.rs", ""),
            ("crates/a/tests/e.rs", ""),
            ("crates/a/tests/f/main.rs", "mod g;\n"),
            ("crates/a/tests/f/g.rs", ""),
            ("crates/a/tests/f/dead.rs", ""),
        ];
        let dead = ["src/b/d.rs", "src/dead.rs", "tests/f/dead.rs"];
        assert_eq!(found(&files), dead.map(|path| format!("crates/a/{path}")));
    }

    #[test]
    fn a_test_of_a_package_that_lists_its_tests_is_listed_or_a_module() {
        let files = [
            (
                "crates/a/Cargo.toml",
                "autotests = false\npath = \"tests/b.rs\"\n",
            ),
            ("crates/a/tests/b.rs", ""),
            ("crates/a/tests/main.rs", "mod c;\n"),
            ("crates/a/tests/c.rs", ""),
            ("crates/a/tests/dead.rs", ""),
        ];
        assert_eq!(found(&files), ["crates/a/tests/dead.rs"]);
    }
}
