//! Files that stand twice are equal, and none is a symbolic link: a checkout on a system without
//! links, and an archive, have the name of the other file in its place.

use super::{Finding, Tree};

/// Each copy with its original.
const COPIES: [(&str, &str); 1] = [(
    "clients/javascript/rotortree-verify.mjs",
    "crates/server/explorer/verifier/rotortree-verify.mjs",
)];

/// Finds links, and copies that differ from their originals.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let message = "a symbolic link is no file everywhere: make a copy, and name both in `COPIES`";
    let links = tree.links().map(|path| Finding::new(path, 0, message));
    let text = |path| tree.file(path).map(|file| &file.text);
    let differing = COPIES
        .iter()
        .filter(|(copy, original)| text(copy) != text(original));
    let differing = differing.map(|(copy, original)| {
        let message = format!("differs from its original: `cp {original} {copy}`");
        Finding::new(copy, 0, message)
    });
    links.chain(differing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_there_and_equal() {
        let [(copy, original)] = COPIES;
        let found = |files: &[(&str, &str)]| check(&Tree::sample(files)).len();
        assert_eq!(found(&[(original, "a\n"), (copy, "a\n")]), 0);
        assert_eq!(found(&[(original, "a\n"), (copy, "b\n")]), 1);
        assert_eq!(found(&[(original, "a\n")]), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_found() {
        let folder = std::env::temp_dir().join(format!("xtask-links-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("file"), "a\n").unwrap();
        std::os::unix::fs::symlink("file", folder.join("link")).unwrap();
        let found = check(&Tree::read(&folder).unwrap());
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "link");
    }
}
