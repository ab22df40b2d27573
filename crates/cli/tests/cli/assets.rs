//! The completions and manual pages in the repository.

use std::{collections::BTreeMap, fs, path::Path};

use crate::support::Folder;

/// The names and contents of a folder's files.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    files
        .map(|file| {
            let name = file.file_name().into_string().unwrap();
            (name, fs::read_to_string(file.path()).unwrap())
        })
        .collect()
}

#[test]
fn the_committed_files_are_those_of_the_command() {
    let folder = Folder::new();
    folder.run("assets made");
    let made = files(&folder.path("made"));
    let committed = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("assets"));
    assert!(made.contains_key("rotortree-append.1"));
    assert!(made.contains_key("rotortree.bash"));
    for (name, text) in &made {
        let same = committed.get(name) == Some(text);
        assert!(same, "{name} is another one: cargo xtask assets");
    }
    assert_eq!(
        made.len(),
        committed.len(),
        "a file too many: cargo xtask assets"
    );
}
