//! The tests that a changed file concerns.
//!
//! For a file of tests: its own module. For a source: the unit tests of its module, the module of
//! integration tests, or the whole program of them, with the name of one of its modules, and the
//! tests that the list of mutations names for it.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::camino::Utf8Path;
use cargo_metadata::{Metadata, Package, Target};

use crate::mutations::Area;
use crate::outcome::{Failure, Outcome};

/// Filters of tests by package and target, as options of `cargo test`. An empty filter is all.
pub(crate) type Selection = BTreeMap<(String, String), BTreeSet<String>>;

/// The tests for the file at `path`, relative to the root.
pub(crate) fn of(path: &str, metadata: &Metadata, areas: &[Area]) -> Outcome<Selection> {
    let file = metadata.workspace_root.join(path);
    let packages = metadata.packages.iter();
    let package = packages
        .filter(|package| file.starts_with(folder(package)))
        .max_by_key(|package| folder(package).as_str().len());
    let mut selection = Selection::new();
    if let Some(package) = package.filter(|_| file.is_file() && path.ends_with(".rs")) {
        match file.strip_prefix(folder(package).join("src")) {
            Ok(source) => add_source(&mut selection, package, &module_of(source)),
            Err(_) => add_test(&mut selection, package, &file),
        }
        let mutations = areas.iter().flat_map(|area| &area.mutations);
        for mutation in mutations.filter(|mutation| mutation.file == path) {
            let test = &mutation.test;
            add(&mut selection, &test.package, test.option(), &test.name);
        }
    }
    if selection.is_empty() {
        return Err(Failure::new(format!("`{path}` asks for no tests.")));
    }
    Ok(selection)
}

fn add(selection: &mut Selection, package: &str, option: String, filter: &str) {
    let filters = selection.entry((package.to_owned(), option)).or_default();
    filters.insert(filter.to_owned());
}

fn add_source(selection: &mut Selection, package: &Package, module: &str) {
    let is_library = package.targets.iter().any(Target::is_lib);
    let units = if is_library { "--lib" } else { "--bins" };
    add(selection, &package.name, units.to_owned(), module);
    for target in package.targets.iter().filter(|target| target.is_test()) {
        let option = format!("--test {}", target.name);
        for part in module.split_terminator("::") {
            let beside = target.src_path.with_file_name(format!("{part}.rs"));
            if target.name == part {
                add(selection, &package.name, option.clone(), "");
            } else if beside.is_file() {
                add(
                    selection,
                    &package.name,
                    option.clone(),
                    &format!("{part}::"),
                );
            }
        }
    }
}

/// Enters the program of tests or the example that a file is part of, and its module there.
fn add_test(selection: &mut Selection, package: &Package, file: &Utf8Path) {
    let programs = package
        .targets
        .iter()
        .filter(|target| target.is_test() || target.is_example());
    // A program in a folder of its own starts at `main.rs`; the innermost one holds the file.
    let below = |target: &Target| {
        let start = &target.src_path;
        let inside = start.ends_with("main.rs").then(|| start.parent())??;
        Some((
            inside.as_str().len(),
            module_of(file.strip_prefix(inside).ok()?),
        ))
    };
    let held = |target: &Target| match target.src_path == file {
        true => Some((usize::MAX, String::new())),
        false => below(target),
    };
    let innermost = programs
        .filter_map(|target| Some((held(target)?, target)))
        .max_by_key(|(held, _)| held.0);
    let Some(((_, module), target)) = innermost else {
        return;
    };
    if target.is_example() {
        add(
            selection,
            &package.name,
            format!("--example {}", target.name),
            "",
        );
        return;
    }
    // Without a test of its own it serves the modules beside it.
    let has_tests = std::fs::read_to_string(file).is_ok_and(|text| text.contains("#[test]"));
    let parent = module.trim_end_matches("::").rsplit_once("::");
    let filter = match parent {
        _ if has_tests => module.clone(),
        Some((parent, _)) => format!("{parent}::"),
        None => String::new(),
    };
    add(
        selection,
        &package.name,
        format!("--test {}", target.name),
        &filter,
    );
}

fn folder(package: &Package) -> &Utf8Path {
    package
        .manifest_path
        .parent()
        .unwrap_or(&package.manifest_path)
}

/// The path of a file's module with `::` behind it; empty for the root.
fn module_of(file: &Utf8Path) -> String {
    let path = file.with_extension("");
    let parts = path.components().map(|part| part.as_str().to_owned());
    parts
        .filter(|part| !matches!(part.as_str(), "lib" | "main" | "mod"))
        .map(|part| part + "::")
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutations::read;
    use crate::workspace::Workspace;

    /// The selection of a file of the repository, one line for each filter.
    fn selected(path: &str) -> Vec<String> {
        let workspace = Workspace::find().unwrap();
        let areas = read(workspace.root()).unwrap();
        let selection = of(path, &workspace.metadata().unwrap(), &areas).unwrap();
        let mut lines = Vec::new();
        for ((package, target), filters) in selection {
            lines.extend(
                filters
                    .iter()
                    .map(|filter| format!("{package} {target} {filter}")),
            );
        }
        lines
    }

    #[test]
    fn a_source_asks_for_its_module_and_the_tests_that_guard_it() {
        let lines = selected("crates/store/src/cold/open_shard.rs");
        assert!(
            lines.contains(&"rotortree-store --lib cold::open_shard::".to_owned()),
            "{lines:?}"
        );
        assert!(
            lines.contains(&"rotortree-store --test cold ".to_owned()),
            "{lines:?}"
        );
        assert!(lines.len() > 3, "mutations name tests: {lines:?}");
        assert_eq!(selected("xtask/src/args.rs"), ["xtask --bins args::"]);
    }

    #[test]
    fn a_file_of_tests_asks_for_its_own_module() {
        for (path, line) in [
            ("cold/sizes.rs", "--test cold sizes::"),
            ("cold/store.rs", "--test cold "),
            ("engine/shortage/room.rs", "--test engine shortage::room::"),
            ("memory/sparse.rs", "--test memory sparse::"),
            ("tracing.rs", "--test tracing "),
        ] {
            let path = format!("crates/store/tests/{path}");
            assert_eq!(selected(&path), [format!("rotortree-store {line}")]);
        }
        let example = selected("crates/rotortree/examples/append_log/args.rs");
        assert_eq!(example, ["rotortree --example append_log "]);
    }

    #[test]
    fn a_file_that_is_not_rust_or_not_there_asks_for_nothing() {
        let metadata = Workspace::find().unwrap().metadata().unwrap();
        assert!(of("README.md", &metadata, &[]).is_err());
        assert!(of("crates/store/src/no_such_file.rs", &metadata, &[]).is_err());
    }
}
