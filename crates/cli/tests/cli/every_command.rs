//! What holds for every command: its JSON has the fields that the page tells, a closed pipe is no
//! failure, and a place without a tree is told.

use std::{collections::BTreeSet, fs, process::Stdio};

use serde_json::Value;

use crate::support::{Folder, hex, hex_lines, leaves};

const PAGE: &str = include_str!("../../../../docs/cli.md");

/// A folder for all of the lines below, which are run in their order.
fn prepared() -> Folder {
    let folder = Folder::new();
    folder.write("leaves", hex_lines(&leaves(300)));
    folder.write("lines", "a\nb\nc\n");
    folder.write("group.json", "[[\"5\"]]");
    folder.ok("append log lines --create --hash rfc6962 --hash-lines");
    folder.ok("append there leaves --create");
    let head = folder.ok("head there");
    folder.write("head", head);
    folder.ok("prove there 7 --out proof.json");
    folder
}

/// A run of each command, but for `serve`, which has tests of its own.
fn lines() -> Vec<String> {
    let leaf = hex(&leaves(300)[7]);
    let fixed = [
        "init tree",
        "append tree leaves",
        "head tree",
        "root tree",
        "prove tree 7",
        "prove-many tree 0..3",
        "consistency tree 100",
        "index tree",
        "verify proof.json --head head",
        "leaves tree 0..3",
        "info tree",
        "check tree",
        "log tree",
        "recover tree",
        "recover tree --acknowledge",
        "checkpoint tree",
        "backup tree backup",
        "copy tree copy",
        "import group group.json",
        "publish log www --origin o/l --key key --create-key --entries lines",
        "bench measured --leaves 1000 --rounds 1",
    ];
    let find = format!("find tree {leaf}");
    fixed
        .iter()
        .map(|line| (*line).to_owned())
        .chain([find])
        .collect()
}

/// The fields that the page tells of a command's document.
fn documented(command: &str) -> BTreeSet<String> {
    let section = PAGE.split("\n## JSON\n").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let row = section.lines().find(|line| {
        let cell = line.split('|').nth(1).unwrap_or_default();
        cell.split(", ")
            .any(|name| name.trim() == format!("`{command}`"))
    });
    let row = row.unwrap_or_else(|| panic!("the page has no row of {command}"));
    let cell = row.split('|').nth(2).unwrap();
    // Behind these words are the fields of parts, and in front of those no field.
    let cell = cell.split(": a list of `").next().unwrap();
    let cell = cell.split("for each leaf: ").last().unwrap();
    let fields = cell
        .split(", ")
        .filter_map(|part| part.trim().strip_prefix('`'));
    let fields = fields.map(|field| field.split('`').next().unwrap().to_owned());
    fields.collect()
}

fn keys(document: &Value) -> BTreeSet<String> {
    document.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn the_documents_have_the_fields_that_the_page_tells() {
    let folder = prepared();
    let init = documented("init");
    for line in lines() {
        let command = line.split(' ').next().unwrap();
        let printed = folder.ok(&format!("--json {line}"));
        for document in printed.lines() {
            let document: Value = serde_json::from_str(document).unwrap();
            let has = keys(&document);
            match command {
                "prove" | "prove-many" | "consistency" => {
                    for field in ["kind", "arity", "hash", "head", "leaves", "proof"] {
                        assert!(has.contains(field), "{line}: {document}");
                    }
                    assert_eq!(has.contains("old"), command == "consistency", "{document}");
                }
                "log" => assert!(has.contains("event"), "{document}"),
                _ => {
                    let mut told = documented(command);
                    if command == "info" {
                        told.extend(init.iter().cloned());
                    }
                    if !has.contains("old") {
                        told.remove("old");
                    }
                    assert_eq!(has, told, "{line}");
                }
            }
        }
    }
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let folder = prepared();
    for line in lines() {
        let mut command = folder.command(line.split(' '));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let run = child.wait_with_output().unwrap();
        let said = String::from_utf8(run.stderr).unwrap();
        assert_eq!((run.status.code(), &*said), (Some(0), ""), "{line}");
    }
}

#[test]
fn a_place_without_a_tree_is_told_by_every_command_and_left_as_it_is() {
    let folder = prepared();
    fs::create_dir(folder.path("empty")).unwrap();
    fs::create_dir(folder.path("music")).unwrap();
    folder.write("music/song", "la");
    folder.write("file", "no directory");
    let wants_a_tree = |line: &str| {
        !["init", "import", "bench", "verify"].contains(&line.split(' ').next().unwrap())
    };
    for line in lines() {
        let words: Vec<&str> = line.split(' ').collect();
        for place in ["missing", "empty", "music", "file"] {
            let is_fine = !wants_a_tree(&line) && ["missing", "empty"].contains(&place);
            if words[0] == "verify" || is_fine {
                continue;
            }
            let mut words = words.clone();
            words[1] = place;
            let run = folder.run(&words.join(" "));
            assert_eq!(run.code, Some(4), "{words:?}: {}", run.err);
            assert!(run.err.starts_with("rotortree: "), "{words:?}: {}", run.err);
            assert!(run.err.contains("\n  next: "), "{words:?}: {}", run.err);
            assert!(run.err.contains(place), "{words:?}: {}", run.err);
            assert_eq!(run.err.lines().count(), 2, "{words:?}: {}", run.err);
        }
    }
    assert!(!folder.path("missing").exists() && !folder.path("empty.index").exists());
    assert_eq!(fs::read_dir(folder.path("empty")).unwrap().count(), 0);
    assert_eq!(fs::read_dir(folder.path("music")).unwrap().count(), 1);
    assert_eq!(fs::read(folder.path("file")).unwrap(), b"no directory");
}
