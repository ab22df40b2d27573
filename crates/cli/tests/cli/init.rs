//! `init`: what is created, and what is refused before anything is.

use crate::support::Folder;

#[test]
fn a_tree_has_the_shape_that_its_hash_function_suggests() {
    let folder = Folder::new();
    for (hash, arity) in [
        ("blake3", 4),
        ("sha256", 4),
        ("keccak256", 4),
        ("rfc6962", 2),
        ("poseidon", 2),
        ("poseidon-le", 2),
    ] {
        let made = folder.json(&format!("init {hash} --hash {hash}"));
        assert_eq!(
            (&made["hash"], &made["arity"]),
            (&hash.into(), &arity.into())
        );
        // The function is found again by its fingerprint.
        let head = folder.json(&format!("head {hash}"));
        assert_eq!(head["hash"], hash);
        assert_eq!(head["arity"], arity);
        assert_eq!(head["size"], 0);
    }
    for arity in [2, 3, 4, 8, 16] {
        let made = folder.json(&format!("init n{arity} --arity {arity} --max-depth 7"));
        assert_eq!(
            (&made["arity"], &made["max_depth"]),
            (&arity.into(), &7.into())
        );
    }
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_created() {
    let folder = Folder::new();
    for (options, said) in [
        ("--arity 5", "choose 2, 3, 4, 8, 16"),
        ("--hash rfc6962 --arity 4", "choose 2"),
        ("--hash poseidon --arity 16", "choose 2, 3, 4, 8"),
        ("--max-depth 0", "MAX_DEPTH"),
        ("--max-depth 65", "MAX_DEPTH"),
        ("--level-stride 9", "level"),
        ("--hash md5", "possible values"),
    ] {
        folder.run(&format!("init tree {options}")).fails(2, said);
        assert!(!folder.path("tree").exists(), "{options}");
    }
}

#[test]
fn a_place_that_holds_something_is_left_as_it_is() {
    let folder = Folder::new();
    folder.ok("init tree");
    folder.run("init tree").fails(4, "there is a tree already");
    folder.run("init tree/within").fails(4, "tree");

    std::fs::create_dir(folder.path("music")).unwrap();
    folder.write("music/song", "la");
    folder.run("init music").fails(4, "music");
    folder.run("append music").fails(4, "music");
    folder.run("head music").fails(4, "music");
    assert_eq!(std::fs::read_dir(folder.path("music")).unwrap().count(), 1);

    folder
        .run("head nowhere")
        .fails(4, "rotortree init nowhere");
    #[cfg(not(feature = "object-store"))]
    folder
        .run("head s3://me:secret@bucket/tree")
        .fails(2, "--features object-store");
    folder
        .run("append nowhere")
        .fails(4, "there is no tree here");
    assert!(!folder.path("nowhere").exists());
}
