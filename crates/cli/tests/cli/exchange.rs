//! `import`, `publish` and `copy`: to and from other programs and places.

use std::{
    fs,
    io::Write,
    process::Stdio,
    time::{Duration, Instant},
};

use crate::support::{Folder, hex_lines, leaves};

/// The export of a group of the members 1, 2 and 3, as Semaphore writes it: above them circomlib's
/// Poseidon of 1 and 2, and of that and 3.
const GROUP: &str = include_str!("group.json");

#[test]
fn a_group_of_semaphore_is_imported_with_its_root() {
    let folder = Folder::new();
    folder.write("group.json", GROUP);
    let nodes: Vec<Vec<String>> = serde_json::from_str(GROUP).unwrap();
    let done = folder.json("import group group.json");
    assert_eq!((&done["size"], &done["appended"]), (&3.into(), &3.into()));
    let root = folder.ok("root group");
    let proof = folder.json("prove group 2 --format semaphore");
    assert_eq!(proof["root"], root.trim());
    // Their root, in decimal, is the same number.
    let head = format!("3:{}", nodes[2][0]);
    let json = serde_json::to_vec(&proof).unwrap();
    let verify = format!("verify --hash poseidon --index 2 --head {head}");
    folder.run_with(&verify, &json).ok();
    assert_eq!(folder.json("import group group.json")["appended"], 0);

    // A group that grew is imported again; one that differs is refused.
    let other = GROUP.replacen("\"1\"", "\"4\"", 1);
    folder.write("other.json", &other);
    folder
        .run("import group other.json")
        .fails(3, "node 0 of level 1");
    folder.write("short.json", "[[\"5\"]]");
    folder.run("import group short.json").fails(7, "leaf 0");
    folder.write("zero.json", "[[\"0\"]]");
    folder
        .run("import zero zero.json")
        .fails(3, "a removed member");
    assert!(!folder.path("zero").exists());
    folder.ok("import zero zero.json --zeros");
    folder.write("large.json", format!("[[\"0x{}\"]]", "f".repeat(64)));
    folder.run("import large large.json").fails(3, "large.json");
    folder
        .run("import group group.json --hash blake3")
        .fails(3, "node 0 of level 1");
    fs::create_dir(folder.path("old")).unwrap();
    folder.run("import group old").fails(3, "import-0x");
    folder.ok("init four");
    folder
        .run("import four group.json")
        .fails(4, "N = 4 and blake3");
}

#[test]
fn a_log_is_published_and_goes_on() {
    let folder = Folder::new();
    let lines = |count: u64| {
        (0..count)
            .map(|line| format!("entry {line}\n"))
            .collect::<String>()
    };
    folder.write("lines", lines(300));
    folder.ok("append log lines --create --hash rfc6962 --hash-lines");
    let publish = "publish log www --origin example.com/log --key key --entries lines";
    folder.run(publish).fails(3, "--create-key makes a key");
    let done = folder.json(&format!("{publish} --create-key"));
    assert_eq!(done["size"], 300);
    assert!(
        done["public_key"]
            .as_str()
            .unwrap()
            .starts_with("example.com/log+")
    );
    let note = fs::read_to_string(folder.path("www/checkpoint")).unwrap();
    assert!(note.starts_with("example.com/log\n300\n"), "{note}");
    assert!(folder.path("www/tile/0/000").exists());
    // Everything in the folder is public: the tree's own files are not.
    for inside in ["log", "log/www"] {
        folder
            .run(&publish.replace("www", inside))
            .fails(4, "lies in the tree");
    }
    assert!(!folder.path("log/www").exists() && !folder.path("log/tile").exists());
    folder
        .run(&format!("{publish} --create-key"))
        .fails(8, "key");

    folder.write("lines", lines(700));
    folder.ok("append log lines --resume --hash-lines");
    let done = folder.json(publish);
    assert_eq!(done["size"], 700);
    assert_eq!(folder.json(publish)["tiles"], 0);

    // Another tree does not continue from what was signed.
    folder.write("others", lines(800).replace("entry", "other"));
    folder.ok("append fork others --create --hash rfc6962 --hash-lines");
    let fork = publish
        .replace("publish log", "publish fork")
        .replace("lines", "others");
    folder.run(&fork).fails(7, "");
    folder
        .run(&publish.replace("entries lines", "entries others"))
        .ok();
    folder.write("lines2", lines(699));
    folder.ok("append more lines2 --create --hash rfc6962 --hash-lines");
    let more = publish
        .replace("log www", "more www")
        .replace("--entries lines", "--entries lines2");
    folder.run(&more).fails(7, "");
    folder.ok("init blake");
    folder
        .run(&publish.replace("publish log", "publish blake"))
        .fails(2, "--hash rfc6962");
}

#[test]
fn entries_that_are_not_those_of_the_leaves_are_refused() {
    let folder = Folder::new();
    folder.write("lines", "a\nb\nc\n");
    folder.write("short", "a\nb\n");
    folder.write("wrong", "a\nb\nd\n");
    folder.ok("append log lines --create --hash rfc6962 --hash-lines");
    let publish = "publish log www --origin o/l --key key --entries";
    folder
        .run(&format!("{publish} short --create-key"))
        .fails(3, "there are 2 lines");
    folder.run(&format!("{publish} wrong")).fails(3, "2");
    folder.ok(&format!("{publish} lines"));
}

#[test]
fn a_copy_has_the_same_tree_and_a_tree_in_use_is_backed_up_and_not_copied() {
    let folder = Folder::new();
    folder.write("leaves", hex_lines(&leaves(5000)));
    folder.ok("append tree leaves --create");
    folder.ok("copy tree deep/er/copy");
    let (tree, copy) = (folder.json("info tree"), folder.json("info deep/er/copy"));
    assert_eq!(tree["tree_id"], copy["tree_id"]);
    assert_eq!(tree["root"], copy["root"]);
    folder.ok("append deep/er/copy leaves");

    let mut command = folder.command(["append", "tree"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let line = hex_lines(&leaves(1));
    let pipe = child.stdin.as_mut().unwrap();
    pipe.write_all(line.as_bytes()).unwrap();
    // Once its leaf is there, the process has the tree open.
    let started = Instant::now();
    while !folder.ok("head tree").starts_with("5001:") {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "the leaf does not come"
        );
    }
    folder.run("copy tree other").fails(5, "");
    assert!(!folder.path("other").exists());
    assert_eq!(folder.json("backup tree other")["size"], 5001);
    assert_eq!(folder.ok("head other"), folder.ok("head tree"));
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}
