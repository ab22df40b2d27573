//! `index`, and the commands that use it: `find`, `prove` by a leaf's value, `append --unique`.

use std::{
    fs,
    io::Write,
    process::Stdio,
    time::{Duration, Instant},
};

use crate::support::{Folder, hex, hex_lines, leaves, slow_root};

#[test]
fn a_leaf_is_found_by_the_index_and_behind_it_by_a_scan() {
    let folder = Folder::new();
    let all = leaves(3000);
    folder.write("one", hex_lines(&all[..2000]));
    folder.write("two", hex_lines(&all[2000..]));
    folder.ok("append tree one --create");
    let made = folder.json("index tree");
    assert_eq!(
        (&made["size"], &made["added"]),
        (&2000.into(), &2000.into())
    );
    assert!(folder.path("tree.index").exists());
    for index in [0, 1, 999, 1999] {
        let leaf = hex(&all[index]);
        let found = folder.json(&format!("find tree {leaf}"));
        assert_eq!(
            (&found["index"], &found["by"], &found["scanned"]),
            (&index.into(), &"index".into(), &0.into())
        );
        assert_eq!(
            folder.ok(&format!("find tree {leaf}")),
            format!("{index}\n")
        );
    }
    let absent = hex(&[3; 32]);
    folder
        .run(&format!("find tree {absent}"))
        .fails(1, "none of the 2000");

    folder.ok("append tree two");
    let behind = hex(&all[2010]);
    assert_eq!(
        folder.ok(&format!("find tree {behind}")),
        "2010 (by a scan of 11 leaves; the index covers 2000)\n"
    );
    folder
        .run(&format!("find tree {absent}"))
        .fails(1, "none of the 3000");
    let proof = folder.ok(&format!("prove tree {behind}"));
    folder
        .run_with(
            &format!("verify --index 2010 --head {}", folder.ok("head tree")),
            proof.as_bytes(),
        )
        .ok();
    // The index covers a later state than the one that is asked for.
    let earlier = folder.run(&format!("prove tree {} --at 50", hex(&all[60])));
    earlier.fails(1, "is no leaf of the tree");
    folder.ok(&format!("prove tree {} --at 70", hex(&all[60])));
    assert_eq!(folder.json("index tree")["added"], 1000);
    assert_eq!(folder.json(&format!("find tree {behind}"))["by"], "index");
}

#[test]
fn an_index_is_made_and_extended_beside_a_process_that_writes() {
    let folder = Folder::new();
    let all = leaves(2000);
    folder.write("front", hex_lines(&all[..1500]));
    folder.ok("append tree front --create");
    let mut writer = folder.command(["append", "tree", "--form", "raw"]);
    let mut writer = writer.stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = writer.stdin.take().unwrap();
    for (end, added) in [(1700, 1700), (2000, 300)] {
        let from = if end == 1700 { 1500 } else { 1700 };
        pipe.write_all(all[from..end].as_flattened()).unwrap();
        let started = Instant::now();
        while !folder.ok("head tree").starts_with(&format!("{end}:")) {
            assert!(started.elapsed() < Duration::from_secs(60), "no leaf comes");
        }
        folder.run("append tree").fails(5, "another process");
        let made = folder.json("index tree");
        assert_eq!(
            (&made["size"], &made["added"]),
            (&end.into(), &added.into())
        );
        let found = folder.json(&format!("find tree {}", hex(&all[end - 1])));
        assert_eq!(
            (&found["index"], &found["by"]),
            (&(end - 1).into(), &"index".into())
        );
    }
    drop(pipe);
    assert!(writer.wait().unwrap().success());
}

#[test]
fn an_index_that_cannot_be_used_is_told_and_not_believed() {
    let folder = Folder::new();
    let all = leaves(500);
    folder.write("leaves", hex_lines(&all));
    folder.write("others", hex_lines(&leaves(1000)[500..]));
    folder.ok("append tree leaves --create");
    folder.ok("append other others --create");
    folder.ok("index tree");
    folder.ok("index other --index-file elsewhere");
    let find = format!("find tree {}", hex(&all[7]));
    let scan = |said: &str| format!("7 (by a scan of 8 leaves; the index is not used: {said}");
    let told = folder.ok(&format!("{find} --index-file elsewhere"));
    assert!(
        told.starts_with(&scan("the file is of a tree that had another root")),
        "{told}"
    );
    let good = fs::read(folder.path("tree.index")).unwrap();
    folder.write("tree.index", &good[..good.len() / 2]);
    let told = folder.ok(&find);
    assert!(told.starts_with(&scan("the file is damaged")), "{told}");
    folder.write("tree.index", "no index");
    assert!(
        folder.ok(&find).starts_with(&scan("")),
        "{}",
        folder.ok(&find)
    );
    // It is made anew.
    assert_eq!(folder.json("index tree")["added"], 500);
    assert_eq!(folder.json(&find)["by"], "index");
    folder
        .run("index tree --index-file tree/index")
        .fails(2, "beside a tree's directory");
}

#[test]
fn a_leaf_that_the_tree_has_is_refused_by_an_append_of_unique_leaves() {
    let folder = Folder::new();
    let all = leaves(100);
    folder.write("all", hex_lines(&all));
    folder.write("front", hex_lines(&all[..40]));
    folder.write("again", hex_lines(&[&all[40..60], &all[50..51]].concat()));
    folder.ok("append tree front --create --unique");
    folder.run("append tree front --unique").fails(
        3,
        &format!("front: leaf 0, 0x{}, is leaf 0 of the tree", hex(&all[0])),
    );
    let twice = folder.run("append tree again --unique --batch 7");
    assert!(
        twice.err.contains("--resume --unique tree again"),
        "{}",
        twice.err
    );
    twice.fails(3, "again: leaf 20, ");
    let head = format!("60:{}\n", slow_root(&all[..60], 4));
    assert_eq!(
        folder.ok("head tree"),
        head,
        "what stands before the leaf is there"
    );
    let within = folder.run("append new again --create --unique");
    within.fails(3, "is leaf 10 of the tree");
    let rest = folder.json("append tree all --unique --resume");
    assert_eq!((&rest["agreed"], &rest["size"]), (&60.into(), &100.into()));
    // It has kept the index.
    assert_eq!(
        folder.json(&format!("find tree {}", hex(&all[99])))["by"],
        "index"
    );
    // Without the option the leaf is taken, and counted by the index.
    folder.ok("append tree front");
    assert_eq!(folder.json("index tree")["duplicates"], 40);
}
