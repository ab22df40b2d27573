//! `info`, `leaves`, `checkpoint`, `backup` and `restore`.

use std::fs;

use crate::support::{Folder, hex, hex_lines, leaves, slow_root};

#[test]
fn info_tells_how_far_the_tree_got_while_it_is_open_and_after() {
    let folder = Folder::new();
    folder.write("leaves", hex_lines(&leaves(700)));
    folder.ok("append tree leaves --create --arity 8");
    let info = folder.json("info tree");
    for (field, value) in [
        ("size", 700),
        ("arity", 8),
        ("checkpointed", 0),
        ("max_depth", 32),
    ] {
        assert_eq!(info[field], value, "{field}");
    }
    assert_eq!(
        (&info["hash"], &info["closed"]),
        (&"blake3".into(), &true.into())
    );
    assert_eq!(info["root"], slow_root(&leaves(700), 8));
    let done = folder.json("checkpoint tree");
    assert_eq!(
        (&done["size"], &done["root"]),
        (&info["size"], &info["root"])
    );
    assert_eq!(folder.json("info tree")["checkpointed"], 700);
    let text = folder.ok("info tree");
    assert!(text.contains("\nsize          700\n"), "{text}");
    assert!(text.contains("\nclosed        in order\n"), "{text}");
}

#[test]
fn leaves_are_printed_as_they_were_appended() {
    let folder = Folder::new();
    let all = leaves(10_000);
    folder.write("leaves", hex_lines(&all));
    folder.ok("append tree leaves --create");
    let prefixed = |range: std::ops::Range<usize>| {
        all[range]
            .iter()
            .map(|leaf| format!("0x{}\n", hex(leaf)))
            .collect::<String>()
    };
    assert_eq!(folder.ok("leaves tree"), prefixed(0..10_000));
    assert_eq!(folder.ok("leaves tree 4095..4098"), prefixed(4095..4098));
    assert_eq!(folder.ok("leaves tree 10000.."), "");
    assert_eq!(
        folder.run("leaves tree ..3 --raw").out,
        all[..3].as_flattened()
    );
    let lines = folder.ok("leaves tree 7..8 --json");
    assert_eq!(
        lines,
        format!("{{\"index\":7,\"leaf\":\"0x{}\"}}\n", hex(&all[7]))
    );
    folder
        .run("leaves tree 5..3")
        .fails(2, "not within the 10000 leaves");
    folder
        .run("leaves tree 0..10001")
        .fails(2, "not within the 10000 leaves");
    folder.run("leaves tree five").fails(2, "a range is A..B");
    // What is printed can be appended.
    let raw = folder.run("leaves tree --raw").out;
    folder
        .run_with("append copy --create --form raw", &raw)
        .ok();
    assert_eq!(folder.ok("head copy"), folder.ok("head tree"));
}

#[test]
fn a_backup_is_extended_and_restored_and_stays_a_backup() {
    let folder = Folder::new();
    let all = leaves(9000);
    folder.write("one", hex_lines(&all[..5000]));
    folder.write("two", hex_lines(&all[5000..]));
    folder.ok("append tree one --create");
    let first = folder.json("backup tree copies/b");
    assert_eq!(
        (&first["before"], &first["size"]),
        (&0.into(), &5000.into())
    );
    folder.ok("append tree two");
    let head = folder.ok("head tree");
    let second = folder.json("backup tree copies/b");
    assert_eq!(
        (&second["before"], &second["size"]),
        (&5000.into(), &9000.into())
    );
    assert_eq!(folder.ok("head copies/b"), head);

    folder
        .run("restore copies/b copies/b")
        .fails(4, "not empty");
    folder.run("restore copies/b tree").fails(4, "not empty");
    // Copied into itself, a tree would have no end.
    for inside in ["copies/b/c", "copies/b/log/c/d", "tree/c"] {
        folder
            .run(&format!("restore copies/b {inside}"))
            .fails(4, "lies in the tree");
        assert!(!folder.path(inside).exists());
    }
    folder
        .run(&format!(
            "restore copies/b back --expect 9001:{}",
            &head[5..]
        ))
        .fails(7, "9001");
    folder
        .run("restore nothing back")
        .fails(4, "there is no tree here");
    assert!(!folder.path("back").exists());
    fs::create_dir(folder.path("back")).unwrap();
    // What a crash leaves is removed, and nothing of others.
    fs::create_dir_all(folder.path("back.unfinished/levels/0")).unwrap();
    fs::write(folder.path("back.unfinished/mine"), "mine").unwrap();
    folder
        .run("restore copies/b back")
        .fails(4, "`mine` is here");
    fs::remove_file(folder.path("back.unfinished/mine")).unwrap();
    let done = folder.json(&format!("restore copies/b back --expect {head}"));
    assert_eq!(
        (&done["size"], &done["root"]),
        (&9000.into(), &slow_root(&all, 4).into())
    );
    assert!(!folder.path("back.unfinished").exists());
    // The restored tree goes on by itself, and the backup is extended as before.
    folder.ok("append back one");
    folder.ok("append tree one");
    assert_eq!(folder.json("backup tree copies/b")["before"], 9000);
    folder.run("backup back copies/b").fails(4, "");
}
