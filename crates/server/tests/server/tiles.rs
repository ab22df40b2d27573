//! Published files, at the paths of tlog-tiles.

use std::fs;

use crate::running::{Running, tree};

#[test]
fn published_files_are_served_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let tiles = folder.path().join("tiles");
    fs::create_dir_all(tiles.join("tile/0/x001")).unwrap();
    fs::create_dir_all(tiles.join("tile/entries/000.p")).unwrap();
    fs::write(tiles.join("checkpoint"), "a note\n").unwrap();
    fs::write(tiles.join("tile/0/x001/234"), [1; 32]).unwrap();
    fs::write(tiles.join("tile/entries/000.p/7"), "entries").unwrap();
    fs::write(tiles.join("guard"), "not for clients").unwrap();
    fs::write(folder.path().join("secret"), "not for clients").unwrap();
    let running = Running::of(tree(), |server| server.tiles(tiles));

    let checkpoint = running.get("/checkpoint");
    assert_eq!(checkpoint.body, b"a note\n");
    assert_eq!(checkpoint.header("cache-control"), Some("no-cache"));
    assert!(
        checkpoint
            .header("content-type")
            .unwrap()
            .starts_with("text/plain")
    );
    let tile = running.get("/tile/0/x001/234");
    assert_eq!(tile.body, [1; 32]);
    assert_eq!(
        tile.header("content-type"),
        Some("application/octet-stream")
    );
    assert!(tile.header("cache-control").unwrap().contains("immutable"));
    assert_eq!(running.get("/tile/entries/000.p/7").body, b"entries");
    for path in [
        "/tile/0/000",
        "/tile/0/x001",
        "/tile/../guard",
        "/tile/0/../../guard",
        "/tile/..%2f..%2fsecret",
        "/tile/%2e%2e/%2e%2e/secret",
        "/guard",
    ] {
        assert_eq!(
            running.get(path).error(),
            (404, "not_found".to_owned()),
            "{path}"
        );
    }
    assert_eq!(running.get_json("/v1/info")["serves"]["tiles"], true);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_of_the_folder_is_no_file() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    let tiles = folder.path().join("release-1");
    fs::create_dir_all(tiles.join("tile/0")).unwrap();
    fs::create_dir_all(tiles.join("tile/entries")).unwrap();
    fs::write(tiles.join("tile/0/000"), "a tile").unwrap();
    fs::write(folder.path().join("secret"), "not for clients").unwrap();
    fs::create_dir(folder.path().join("more")).unwrap();
    fs::write(folder.path().join("more/000"), "not for clients").unwrap();
    let link = |to: &str, name: &str| symlink(to, tiles.join(name)).unwrap();
    link("../../../secret", "tile/0/001");
    link("../../more", "tile/1");
    link("/etc/hostname", "checkpoint");
    link("000", "tile/0/002");
    link("none", "tile/0/003");
    link("../0/000", "tile/entries/000");
    // The folder itself may be one, so that a whole release is put in place at once.
    let current = folder.path().join("current");
    symlink("release-1", &current).unwrap();
    let running = Running::of(tree(), |server| server.tiles(current));
    for path in ["/tile/0/000", "/tile/0/002", "/tile/entries/000"] {
        assert_eq!(running.get(path).body, b"a tile", "{path}");
    }
    for path in ["/tile/0/001", "/tile/1/000", "/checkpoint", "/tile/0/003"] {
        let refused = running.get(path).error();
        assert_eq!(refused, (404, "not_found".to_owned()), "{path}");
    }
}
