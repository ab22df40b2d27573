//! The lists of mutations: one TOML file per area, in `xtask/mutations`.
//!
//! A text to find is as short as it can be and still stand alone; where code moves,
//! `cargo xtask tidy` says which entry no longer fits.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::Mutation;
use crate::outcome::{Failure, Outcome};

/// The folder of the lists, relative to the root.
pub(crate) const FOLDER: &str = "xtask/mutations";

/// The areas in the order in which they are tried: lower crates first, so that little is built
/// anew.
pub(crate) const AREAS: [&str; 19] = [
    "proofs",
    "memory",
    "tiles",
    "poseidon",
    "log",
    "chunks",
    "files",
    "recovery",
    "readers",
    "engine",
    "shortage",
    "foreign",
    "index",
    "processes",
    "bucket",
    "simulation",
    "server",
    "cli",
    "import",
];

/// One area and its mutations.
#[derive(Debug)]
pub(crate) struct Area {
    pub(crate) name: &'static str,
    pub(crate) mutations: Vec<Mutation>,
}

/// The content of a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    mutation: Vec<Mutation>,
}

/// Reads the lists of the repository at `root`.
pub(crate) fn read(root: &Path) -> Outcome<Vec<Area>> {
    AREAS
        .iter()
        .map(|name| {
            let path = format!("{FOLDER}/{name}.toml");
            let text =
                fs::read_to_string(root.join(&path)).map_err(|error| Failure::io(&path, &error))?;
            let mutations =
                parse(&text).map_err(|error| Failure::new(format!("{path}: {error}")))?;
            Ok(Area { name, mutations })
        })
        .collect()
}

/// The mutations of one file.
pub(crate) fn parse(text: &str) -> Result<Vec<Mutation>, String> {
    toml::from_str::<Contents>(text)
        .map(|contents| contents.mutation)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::super::Code;
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn the_lists_of_the_repository_are_read() {
        let areas = read(Workspace::find().unwrap().root()).unwrap();
        assert_eq!(areas.len(), AREAS.len());
        assert!(areas.iter().all(|area| !area.mutations.is_empty()));
    }

    /// `text` as rustfmt lays it out in narrow lines.
    fn narrow(text: &str) -> String {
        let mut child = Command::new("rustfmt")
            .args(["--edition", "2024", "--config", "max_width=72"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(text.as_bytes()).unwrap();
        drop(input);
        let output = child.wait_with_output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn mutations_survive_another_layout() {
        let root = Workspace::find().unwrap().root().to_owned();
        let areas = read(&root).unwrap();
        let mut codes = BTreeMap::new();
        let mut lost = Vec::new();
        for mutation in areas.iter().flat_map(|area| &area.mutations) {
            let code = codes.entry(&mutation.file).or_insert_with(|| {
                let text = fs::read_to_string(root.join(&mutation.file)).unwrap();
                let narrow = narrow(&text);
                assert_ne!(narrow, "", "{}", mutation.file);
                Code::of(&narrow)
            });
            // The layout may give the body of a closure its braces.
            if mutation.apply(code).is_err() && !mutation.find.contains('|') {
                lost.push(&mutation.name);
            }
        }
        assert!(lost.is_empty(), "{} of them: {lost:?}", lost.len());
    }

    #[test]
    fn a_misspelt_field_and_a_test_of_two_words_are_refused() {
        let good = "[[mutation]]\nname = 'a'\nrows = [1]\nprotects = 'b'\nfile = 'c'\nfind = 'd'\n\
                    put = 'e'\ntest = 'rotortree-wal wal f'\n";
        assert_eq!(parse(good).unwrap().len(), 1);
        assert!(parse(&good.replace("put", "puts")).is_err());
        assert!(parse(&good.replace("rotortree-wal wal f", "wal f")).is_err());
    }
}
