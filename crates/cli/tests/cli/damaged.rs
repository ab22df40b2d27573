//! `check`, `log` and `recover`, on sound and on damaged trees.

use std::fs;

use crate::support::{Folder, hex_lines, leaves, slow_root};

/// A tree of several batches in its log, all of which but the last are attested.
fn tree(folder: &Folder) {
    folder.write("leaves", hex_lines(&leaves(1000)));
    folder.ok("append tree leaves --create --batch 100 --durability batch");
}

/// The one segment of the log.
fn segment(folder: &Folder) -> std::path::PathBuf {
    let mut segments = fs::read_dir(folder.path("tree/log")).unwrap();
    let segment = segments.next().unwrap().unwrap().path();
    assert!(segments.next().is_none());
    segment
}

fn flip(path: &std::path::Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_sound_tree_is_said_to_be_sound() {
    let folder = Folder::new();
    tree(&folder);
    let said = folder.ok("check tree");
    assert!(said.starts_with("sound: 1000 leaves"), "{said}");
    let dry = folder.json("recover tree");
    assert_eq!(
        (&dry["applied"], &dry["report"]["damage"]),
        (&false.into(), &().into())
    );
    assert!(folder.ok("recover tree").ends_with("nothing was changed\n"));
}

#[test]
fn a_damaged_log_is_told_dumped_cut_and_acknowledged() {
    let folder = Folder::new();
    tree(&folder);
    let whole = folder.ok("log tree");
    assert_eq!(whole.matches("100 leaves\n").count(), 10, "{whole}");
    let dump = folder.ok("log tree --leaves");
    assert!(
        dump.contains("00000000000001f4a5"),
        "leaf 500 is in the dump"
    );

    // Within the sixth batch.
    let lines: Vec<serde_json::Value> = folder
        .ok("log tree --json")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let sixth = lines
        .iter()
        .find(|line| line["event"] == "record" && line["sequence"] == 6);
    let offset = sixth.unwrap()["offset"].as_u64().unwrap();
    flip(&segment(&folder), offset as usize + 200);

    for line in [
        "root tree --at 10",
        "check tree",
        "append tree leaves",
        "prove tree 1",
        "leaves tree",
    ] {
        folder.run(line).fails(6, "`rotortree recover PLACE` shows");
    }
    let dump = folder.ok("log tree");
    assert!(dump.contains("are no group: "), "{dump}");
    let dry = folder.json("recover tree");
    assert_eq!(dry["applied"], false);
    assert_eq!(dry["report"]["size"], 500);
    assert_eq!(dry["report"]["damage"]["valid_size"], 500);
    folder.run("check tree").fails(6, "damaged");

    let done = folder.json("recover tree --apply");
    assert_eq!(
        (&done["applied"], &done["report"]["size"]),
        (&true.into(), &500.into())
    );
    assert!(
        fs::read_dir(folder.path("tree/aside")).unwrap().count() > 0,
        "the bytes are kept"
    );
    assert_eq!(
        folder.ok("head tree"),
        format!("500:{}\n", slow_root(&leaves(500), 4))
    );
    let said = folder.ok("check tree");
    assert!(
        said.contains("cuts of durable leaves that are not acknowledged: 1; "),
        "{said}"
    );
    assert_eq!(
        folder.json("info tree")["cuts"].as_array().unwrap().len(),
        1
    );
    let told = folder.ok("recover tree");
    assert!(told.contains("NOT ACKNOWLEDGED: manifest "), "{told}");
    // From here on no word says that it is not.
    folder.ok("copy tree again");
    let told = folder.ok("recover again --acknowledge");
    assert!(told.contains("\nacknowledged: manifest "), "{told}");
    assert!(!told.contains("NOT ACKNOWLEDGED"), "{told}");
    let done = folder.json("recover tree --acknowledge");
    assert_eq!(done["acknowledged"].as_array().unwrap().len(), 1);
    assert_eq!(done["report"]["cuts"].as_array().unwrap().len(), 0);
    assert_eq!(
        folder.json("info tree")["cuts"].as_array().unwrap().len(),
        0
    );
    // The leaves that were lost are appended again.
    let done = folder.json("append tree leaves --resume");
    assert_eq!(
        (&done["agreed"], &done["root"]),
        (&500.into(), &slow_root(&leaves(1000), 4).into())
    );
}

#[test]
fn a_loss_of_everything_wants_more_than_one_word() {
    let folder = Folder::new();
    tree(&folder);
    flip(&segment(&folder), 700);
    folder.run("check tree").fails(6, "");
    folder.run("recover tree").fails(6, "--accept-loss");
    folder.run("recover tree --apply").fails(6, "--accept-loss");
    folder.run("recover tree --acknowledge").fails(6, "");
    let done = folder.json("recover tree --apply --accept-loss");
    assert_eq!(done["report"]["size"], 0);
    assert_eq!(folder.json("append tree leaves --resume")["size"], 1000);
}

#[test]
fn a_damaged_chunk_is_found_by_check_and_a_backup_is_advised() {
    let folder = Folder::new();
    folder.write("leaves", hex_lines(&leaves(2000)));
    folder.ok("append tree leaves --create");
    folder.ok("checkpoint tree");
    flip(&folder.path("tree/levels/00/000000.chunks"), 5000);
    folder.run("check tree").fails(6, "rotortree restore");
    folder.ok("head tree");
}

#[test]
fn what_has_no_log_is_told() {
    let folder = Folder::new();
    folder.run("log nowhere").fails(4, "");
    fs::create_dir(folder.path("empty")).unwrap();
    folder.run("log empty").fails(4, "there is no log here");
    for line in [
        "info empty",
        "check empty",
        "recover empty",
        "checkpoint empty",
        "leaves empty",
    ] {
        folder.run(line).fails(4, "there is no tree here");
    }
}
