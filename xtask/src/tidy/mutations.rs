//! The list of mutations fits the sources: every text to find stands there once, and every test named is there.

use std::collections::BTreeSet;

use super::{Finding, Tree};
use crate::mutations::{Mutation, ROWS, all};

/// Finds mutations that no longer can be applied, and what the list as a whole lacks.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let list: Vec<&Mutation> = all().collect();
    check_list(tree, &list)
}

fn check_list(tree: &Tree, list: &[&Mutation]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut names = BTreeSet::new();
    for mutation in list {
        let mut found = |message: String| findings.push(Finding::new(mutation.file, 0, message));
        match tree.file(mutation.file) {
            None => found(format!("mutation `{}`: there is no file", mutation.name)),
            Some(file) => {
                if let Err(failure) = mutation.apply(&file.text) {
                    found(failure.to_string());
                }
            }
        }
        if mutation.find == mutation.put {
            found(format!("mutation `{}` changes nothing", mutation.name));
        }
        if !names.insert(mutation.name) {
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
    use crate::mutations::Test;

    const SAMPLE: Mutation = Mutation {
        name: "sample",
        rows: &[1],
        protects: "the write is synced",
        file: "crates/wal/src/a.rs",
        find: "sync()?;",
        put: "",
        test: Test {
            package: "rotortree-wal",
            target: "wal",
            name: "a_test",
        },
        explained: None,
    };

    fn found(source: &str, list: &[&Mutation]) -> Vec<String> {
        let tree = Tree::of(&[
            ("crates/wal/src/a.rs", source),
            ("crates/wal/tests/wal/main.rs", "fn a_test() {}\n"),
        ]);
        check_list(&tree, list)
            .into_iter()
            .map(|found| found.message)
            .collect()
    }

    #[test]
    fn a_mutation_that_fits_passes() {
        assert_eq!(found("sync()?;\n", &[&SAMPLE]), Vec::<String>::new());
    }

    #[test]
    fn a_text_that_is_gone_or_there_twice_is_found() {
        assert_eq!(found("sync();\n", &[&SAMPLE]).len(), 1);
        assert_eq!(found("sync()?; sync()?;\n", &[&SAMPLE]).len(), 1);
    }

    #[test]
    fn a_file_or_a_test_that_is_gone_is_found() {
        let elsewhere = Mutation {
            file: "crates/wal/src/b.rs",
            ..SAMPLE
        };
        assert_eq!(found("sync()?;\n", &[&elsewhere]).len(), 1);
        let untested = Mutation {
            test: Test {
                name: "another_test",
                ..SAMPLE.test
            },
            ..SAMPLE
        };
        assert_eq!(found("sync()?;\n", &[&untested]).len(), 1);
    }

    #[test]
    fn a_name_twice_a_row_beyond_the_table_and_no_change_are_found() {
        assert_eq!(found("sync()?;\n", &[&SAMPLE, &SAMPLE]).len(), 1);
        let odd = Mutation {
            rows: &[16],
            put: SAMPLE.find,
            ..SAMPLE
        };
        assert_eq!(found("sync()?;\n", &[&odd]).len(), 2);
    }

    #[test]
    fn every_row_of_the_fault_table_has_mutations() {
        for row in ROWS {
            assert!(
                all().any(|mutation| mutation.rows.contains(&row)),
                "row {row} has none"
            );
        }
    }
}
