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
