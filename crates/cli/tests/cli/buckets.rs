//! Places that are URLs: the same commands, and copies from directory to bucket and back. The
//! bucket is a folder, through the client of object stores.

use crate::support::{Folder, hex_lines, leaves, slow_root};

#[test]
fn a_bucket_takes_every_command_that_a_directory_takes() {
    let folder = Folder::new();
    let all = leaves(3000);
    folder.write("one", hex_lines(&all[..2000]));
    folder.write("all", hex_lines(&all));
    std::fs::create_dir(folder.path("store")).unwrap();
    let url = format!("file://{}", folder.path("store/tree").display());
    folder.ok(&format!("init {url}"));
    folder.ok(&format!("append {url} one"));
    let done = folder.json(&format!("append {url} all --resume"));
    assert_eq!(
        (&done["agreed"], &done["root"]),
        (&2000.into(), &slow_root(&all, 4).into())
    );
    let head = folder.ok(&format!("head {url}"));
    let proof = folder.ok(&format!("prove {url} 2999"));
    folder
        .run_with(&format!("verify --head {head}"), proof.as_bytes())
        .ok();
    folder.ok(&format!("check {url}"));
    folder.ok(&format!("log {url}"));
    assert_eq!(folder.json(&format!("info {url}"))["size"], 3000);

    // To a directory, and back to another bucket.
    folder.ok(&format!("copy {url} tree --expect {head}"));
    assert_eq!(folder.ok("head tree"), head);
    let other = format!("file://{}", folder.path("store/other").display());
    folder.ok(&format!("backup tree {other}"));
    assert_eq!(folder.ok(&format!("head {other}")), head);
    let third = format!("file://{}", folder.path("store/third").display());
    folder.ok(&format!("copy tree {third}"));
    assert_eq!(folder.ok(&format!("head {third}")), head);
    let (copy, tree) = (
        folder.json(&format!("info {third}")),
        folder.json("info tree"),
    );
    assert_eq!(copy["backup_of"], tree["tree_id"]);

    // A copy that has a part of the leaves goes on; another tree's is refused.
    folder.write("rest", hex_lines(&leaves(3500)[3000..]));
    folder.ok("append tree rest");
    let more = folder.json(&format!("copy tree {third} --expect {head}"));
    assert_eq!(more["root"], slow_root(&leaves(3500), 4));
    folder.ok("append other one --create");
    folder.run(&format!("copy other {third}")).fails(4, "");
    folder.ok(&format!("append {third} one"));
    folder.run(&format!("copy tree {third}")).fails(4, "");
}

#[cfg(unix)]
#[test]
fn a_copy_to_a_bucket_that_is_killed_goes_on_and_a_tree_in_use_is_not_copied() {
    use std::io::Write;
    use std::process::Stdio;

    let folder = Folder::new();
    let all = leaves(400_000);
    folder.write("raw", all.as_flattened());
    std::fs::create_dir(folder.path("store")).unwrap();
    let url = format!("file://{}", folder.path("store/tree").display());
    folder.ok("append tree raw --form raw --create");
    let mut child = folder.command(["copy", "tree", &url]).spawn().unwrap();
    // Once something is there, the copy is under way, or done.
    while folder.run(&format!("head {url}")).code != Some(0) {}
    child.kill().unwrap();
    child.wait().unwrap();
    let done = folder.json(&format!("copy tree {url}"));
    assert_eq!(done["root"], slow_root(&all, 4));

    let mut writer = folder.command(["append", "tree", "--form", "raw"]);
    let mut writer = writer
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let pipe = writer.stdin.as_mut().unwrap();
    pipe.write_all(&[7; 32]).unwrap();
    while !folder.ok("head tree").starts_with("400001:") {}
    folder.run(&format!("copy tree {url}")).fails(5, "");
    drop(writer.stdin.take());
    assert!(writer.wait().unwrap().success());
}

#[test]
fn a_url_that_is_none_is_refused_and_shows_no_credential() {
    let folder = Folder::new();
    let run = folder.run("head nonsense://me:secret@bucket/tree");
    assert!(!run.err.contains("secret"), "{}", run.err);
    run.fails(2, "");
}
