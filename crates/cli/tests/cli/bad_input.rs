//! Input that has no leaf, proof or head: told with its place, and nothing durable is lost.

use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, Write};
use std::process::Stdio;

use crate::support::{Folder, hex_lines, leaves, slow_root};

#[test]
fn a_bad_line_is_told_with_line_column_and_what_was_found() {
    let folder = Folder::new();
    let good = leaves(5);
    let lines = hex_lines(&good);
    for (name, bad, said) in [
        (
            "short",
            "0xabc",
            "line 7, column 6: 3 hex digits, not 64, in `0xabc`",
        ),
        (
            "letter",
            "12x4",
            "line 7, column 3: `x` behind 2 hex digits",
        ),
        (
            "binary",
            "\u{1}\u{2}",
            "line 7, column 1: `\\u{1}` behind 0 hex digits",
        ),
    ] {
        folder.write(name, format!("# header\n{lines}{bad}\n{lines}"));
        let run = folder.run(&format!("append tree-{name} {name} --create --batch 2"));
        run.fails(3, said);
        // The leaves before it are in the tree.
        let head = folder.ok(&format!("head tree-{name}"));
        assert_eq!(head, format!("5:{}\n", slow_root(&good, 4)));
        folder.write(name, format!("{lines}{lines}"));
        let done = folder.json(&format!("append tree-{name} {name} --resume"));
        assert_eq!((&done["agreed"], &done["size"]), (&5.into(), &10.into()));
    }
    let long = "f".repeat(70_000);
    folder.write("long", &long);
    folder
        .run("append tree long --create")
        .fails(3, "line 1, column 65537: no line end within 65536");
    folder.write("utf16", b"\xff\xfe1\x002\x00\n\x00");
    folder
        .run("append tree utf16")
        .fails(3, "UTF-16, where UTF-8 is wanted");
}

#[test]
fn a_short_record_and_bad_json_are_told() {
    let folder = Folder::new();
    folder.ok("init tree");
    folder.write("raw", [7; 32 * 3 + 5]);
    folder
        .run("append tree raw --form raw")
        .fails(3, "raw: the last record has 5 bytes, and a leaf has 32");
    folder.run("append tree raw --form raw").fails(
        3,
        "`rotortree append --resume --form raw tree raw` goes on from there",
    );
    assert!(folder.ok("head tree").starts_with("6:"));
    for (text, said) in [
        ("[\"12\", \"xyz\"]", "at line 1 column"),
        ("[\"12\",\n 12]", "at line 2 column"),
        ("[\"12\"", "EOF"),
        ("[\"12\"] []", "trailing characters"),
        ("{}", "`{` behind 0 hex digits"),
    ] {
        folder.write("json", text);
        folder.run("append tree json").fails(3, said);
    }
    folder
        .run("append tree nothing")
        .fails(3, "nothing: there is no such file");
    folder.run("append tree tree").fails(3, "a directory");
}

#[test]
fn a_leaf_that_the_hash_function_refuses_is_named() {
    let folder = Folder::new();
    folder.write(
        "leaves",
        format!("{}{}\n", hex_lines(&[[1; 32], [2; 32]]), "f".repeat(64)),
    );
    folder
        .run("append p leaves --create --hash poseidon")
        .fails(3, "leaf 2, 0xffff");
    assert!(folder.ok("head p").starts_with("2:"));
}

#[test]
fn a_file_that_changes_while_it_is_read_is_told() {
    let folder = Folder::new();
    folder.ok("init tree");
    // Longer than what the decoder holds, so that it still reads when the file grows.
    folder.write("growing", hex_lines(&leaves(200_000)));
    let mut command = folder.command([
        "append",
        "tree",
        "growing",
        "--batch",
        "1000",
        "--durability",
        "batch",
    ]);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut file = OpenOptions::new()
        .append(true)
        .open(folder.path("growing"))
        .unwrap();
    while folder.ok("head tree").starts_with("0:") {}
    file.write_all(hex_lines(&leaves(1)).as_bytes()).unwrap();
    let mut run = child.wait_with_output().unwrap();
    let said = String::from_utf8(std::mem::take(&mut run.stderr)).unwrap();
    assert_eq!(run.status.code(), Some(3), "{said}");
    assert!(
        said.contains("the file changed while it was read"),
        "{said}"
    );
    assert!(said.contains("append --resume tree growing"), "{said}");
    let done = folder.json("append tree growing --resume");
    assert_eq!(done["size"], 200_001);
}

#[test]
fn a_file_that_is_cut_while_it_is_read_is_told() {
    let folder = Folder::new();
    let all = leaves(200_000);
    folder.write("cut", hex_lines(&all));
    let line = "append tree cut --create --batch 100 --durability batch";
    let mut command = folder.command(line.split(' '));
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    while folder.run("head tree").code != Some(0) {}
    let file = OpenOptions::new().write(true).open(folder.path("cut"));
    file.unwrap().set_len(65 * 100).unwrap();
    let run = child.wait_with_output().unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(3), "{said}");
    assert!(
        said.contains("the file changed while it was read"),
        "{said}"
    );
    // What was read of it is there, and whole.
    let head = folder.ok("head tree");
    let size: usize = head.split(':').next().unwrap().parse().unwrap();
    assert_eq!(
        head.trim(),
        format!("{size}:{}", slow_root(&all[..size], 4))
    );
}

#[test]
fn proofs_that_are_none_or_of_another_tree_are_told_apart() {
    let folder = Folder::new();
    folder.write("hundred", hex_lines(&leaves(100)));
    folder.write("more", hex_lines(&leaves(101)));
    folder.ok("append a hundred --create");
    folder.ok("append b more --create");
    folder.ok("append two hundred --create --arity 2");
    let head = folder.ok("head a");
    let verify =
        |name: &str, more: &str| folder.run(&format!("verify {name} {more} --head {head}"));
    folder.ok("prove a 5 --out good.json");
    verify("good.json", "").ok();
    verify("good.json", "--index 5").ok();
    verify("good.json", "--index 6").fails(1, "not for the index");
    verify("good.json", "--hash sha256").fails(1, "does not hold");
    folder.ok("prove b 5 --out of-b.json");
    verify("of-b.json", "").fails(1, "about a tree of 101 leaves");
    folder.ok("prove two 5 --out two.json");
    verify("two.json", "").fails(1, "N = 2, not 4");
    verify("two.json", "--arity 2").fails(1, "does not hold");
    verify("good.json", "--arity 5").fails(2, "choose");
    verify("good.json", "--old 3:7").fails(2, "--old");

    folder.ok("prove a 5 --format bytes --out good");
    let good = fs::read(folder.path("good")).unwrap();
    let mut bytes = good.clone();
    *bytes.last_mut().unwrap() ^= 1;
    folder.write("flipped", &bytes);
    verify("flipped", "").fails(1, "does not hold");
    bytes.clone_from(&good);
    bytes[1] = 2;
    folder.write("version", &bytes);
    verify("version", "").fails(3, "version 2");
    for (name, content, said) in [
        ("cut", &good[..50], "end too early"),
        ("empty", &b""[..], "end too early"),
        ("text", b"a proof, honestly", "not an encoding"),
        ("object", b"{\"size\": 4}", "the JSON is no proof"),
        ("json", b"{\"proof\":", "EOF"),
        ("odd", b"0x123", "pairs of hex digits"),
        (
            "words",
            &[b"0x".as_slice(), &[b'0'; 128]].concat(),
            "not those of a proof",
        ),
    ] {
        folder.write(name, content);
        verify(name, "").fails(3, said);
    }
    folder.run("verify missing --head 1:2").fails(8, "missing");
    folder
        .run("verify good.json --head nothing")
        .fails(8, "neither SIZE:ROOT nor a file");
    folder.write("head", "12:zz");
    folder
        .run("verify good.json --head head")
        .fails(3, "head: the root of the head");
}

#[cfg(unix)]
#[test]
fn a_full_disk_and_a_read_only_place_are_told() {
    use std::os::unix::{fs::PermissionsExt, process::CommandExt};

    let folder = Folder::new();
    folder.ok("init tree");
    let run = folder
        .command(["head", "tree"])
        .stdout(OpenOptions::new().write(true).open("/dev/full").unwrap())
        .stderr(Stdio::piped())
        .output();
    // Only Linux has the device.
    if let Ok(run) = run {
        assert_eq!(run.status.code(), Some(8));
    }
    let mode = |name: &str, mode| {
        fs::set_permissions(folder.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    folder.write("one", hex_lines(&leaves(1)));
    mode("tree", 0o555);
    mode("", 0o755);
    folder.ok("head tree");
    let append = |user: Option<u32>| {
        let mut command = folder.command(["append", "tree", "one"]);
        if let Some(user) = user {
            command.uid(user);
        }
        command.output()
    };
    // Rights do not bind the superuser, so the append is that of a user without any.
    let is_root = fs::write(folder.path("tree/probe"), "").is_ok();
    match append(is_root.then_some(65_534)) {
        Ok(run) => {
            let said = String::from_utf8(run.stderr).unwrap();
            assert_eq!(run.status.code(), Some(8), "{said}");
            assert!(said.contains("tree"), "{said}");
        }
        // That user may not run the binary where it was built.
        Err(error) => assert!(is_root, "{error}"),
    }
    mode("tree", 0o755);
    let mut file = OpenOptions::new()
        .read(true)
        .open(folder.path("tree/MANIFEST"))
        .unwrap();
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    file.rewind().unwrap();
    bytes[20] ^= 1;
    folder.write("tree/MANIFEST", bytes);
    folder.run("head tree").fails(6, "restore");
}

/// They are told at their first bytes, or the command would end with the memory.
#[test]
#[cfg(unix)]
fn files_without_an_end_are_no_heads_proofs_or_exports() {
    let folder = Folder::new();
    folder.ok("init tree");
    let leaf = hex_lines(&leaves(1));
    folder.write("leaf", &leaf);
    folder.ok("append tree leaf");
    folder.ok("prove tree 0 --out proof");
    folder
        .run("verify proof --head /dev/zero")
        .fails(3, "/dev/zero");
    folder
        .run("import other /dev/zero")
        .fails(3, "/dev/zero: expected value at line 1 column 1");
    assert!(!folder.path("other").exists());
    let head = folder.ok("head tree");
    folder
        .run(&format!("verify /dev/zero --head {head}"))
        .fails(3, "longer than any proof");
}
