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
    folder.run(&format!("copy tree {third}")).fails(4, "");
}

#[test]
fn a_url_that_is_none_is_refused_and_shows_no_credential() {
    let folder = Folder::new();
    let run = folder.run("head nonsense://me:secret@bucket/tree");
    assert!(!run.err.contains("secret"), "{}", run.err);
    run.fails(2, "");
}
