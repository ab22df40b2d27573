//! The list of mutations fits the sources: every text to find stands there once, and every test
//! named is there.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Tree};
use crate::mutations::{AREAS, Code, FOLDER, Mutation, ROWS, parse};

/// Finds mutations that no longer can be applied, and what the list as a whole lacks.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut list = Vec::new();
    // A tree without any list is a sample of another check's tests.
    for area in AREAS.iter().filter(|_| tree.exists(FOLDER)) {
        let path = format!("{FOLDER}/{area}.toml");
        let text = tree.file(&path).map_or("", |file| &file.text);
        match parse(text) {
            Ok(mutations) => list.extend(mutations),
            Err(error) => findings.push(Finding::new(&path, 0, error)),
        }
    }
    findings.extend(check_list(tree, &list));
    findings
}

fn check_list(tree: &Tree, list: &[Mutation]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut names = BTreeSet::new();
    let mut codes = BTreeMap::new();
    for mutation in list {
        let mut found = |message: String| findings.push(Finding::new(&mutation.file, 0, message));
        match tree.file(&mutation.file) {
            None => found(format!("mutation `{}`: there is no file", mutation.name)),
            Some(file) => {
                let code = codes
                    .entry(&file.path)
                    .or_insert_with(|| Code::of(&file.text));
                if let Err(failure) = mutation.apply(code) {
                    found(failure.to_string());
                }
            }
        }
        if mutation.find == mutation.put {
            found(format!("mutation `{}` changes nothing", mutation.name));
        }
        if !names.insert(&mutation.name) {
            found(format!("two mutations are called `{}`", mutation.name));
        }
        if mutation.rows.is_empty() || mutation.rows.iter().any(|row| !ROWS.contains(row)) {
            found(format!("mutation `{}`: no such row", mutation.name));
        }
        if !is_there(tree, mutation) {
            found(format!(
                "mutation `{}`: there is no test `{}` in {}",
                mutation.name, mutation.test.name, mutation.test.package
            ));
        }
    }
    findings
}

/// Whether the package has a function of the test's name.
fn is_there(tree: &Tree, mutation: &Mutation) -> bool {
    let folder = format!("{}/", mutation.test.folder());
    let function = format!("fn {}(", mutation.test.name);
    tree.files()
        .filter(|file| file.path.starts_with(&folder))
        .any(|file| file.text.contains(&function))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutations::read;
    use crate::workspace::Workspace;

    fn found(source: &str, list: &[Mutation]) -> usize {
        let tree = Tree::sample(&[
            ("crates/wal/src/a.rs", source),
            ("crates/wal/tests/wal/main.rs", "fn a_test() {}\n"),
        ]);
        check_list(&tree, list).len()
    }

    #[test]
    fn a_mutation_that_fits_passes() {
        assert_eq!(found("sync()?;\n", &[Mutation::sample()]), 0);
        assert_eq!(found("sync(\n)?;\n", &[Mutation::sample()]), 0);
    }

    #[test]
    fn a_text_that_is_gone_or_there_twice_is_found() {
        assert_eq!(found("sync();\n", &[Mutation::sample()]), 1);
        assert_eq!(found("sync()?; sync()?;\n", &[Mutation::sample()]), 1);
    }

    #[test]
    fn a_file_or_a_test_that_is_gone_is_found() {
        let mut elsewhere = Mutation::sample();
        elsewhere.file = "crates/wal/src/b.rs".to_owned();
        assert_eq!(found("sync()?;\n", &[elsewhere]), 1);
        let mut untested = Mutation::sample();
        untested.test.name = "another_test".to_owned();
        assert_eq!(found("sync()?;\n", &[untested]), 1);
    }

    #[test]
    fn a_name_twice_a_row_beyond_the_table_and_no_change_are_found() {
        let sample = Mutation::sample();
        assert_eq!(found("sync()?;\n", &[sample.clone(), sample.clone()]), 1);
        let odd = Mutation {
            rows: vec![*ROWS.end() + 1],
            put: sample.find.clone(),
            ..sample
        };
        assert_eq!(found("sync()?;\n", &[odd]), 2);
    }

    #[test]
    fn every_row_of_the_fault_table_has_mutations() {
        let areas = read(Workspace::find().unwrap().root()).unwrap();
        let mutations: Vec<&Mutation> = areas.iter().flat_map(|area| &area.mutations).collect();
        for row in ROWS {
            assert!(
                mutations
                    .iter()
                    .any(|mutation| mutation.rows.contains(&row)),
                "row {row} has none"
            );
        }
    }
}
