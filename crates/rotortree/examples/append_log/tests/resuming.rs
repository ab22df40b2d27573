//! A directory with a tree: the run continues where the tree ends, or is refused.

use super::{
    ROOT_OF_SAMPLE, leaf, plain_root, root_of, root_told, scratch, size_in, told, written,
};
use crate::{SAMPLE, job::Stopped, resume::Differs};

#[test]
fn a_list_that_grew_goes_on_from_what_the_tree_has() {
    let (dir, tree) = scratch();
    let lines: Vec<&str> = str::from_utf8(SAMPLE).unwrap().lines().collect();
    // The first file ends without a line end, and the lines of the second end as on Windows.
    let file = written(dir.path(), lines[..333].join("\n"));
    assert!(
        told(&[&file, "--dir", &tree])
            .unwrap()
            .contains("appended    333 leaves")
    );
    let file = written(dir.path(), lines.join("\r\n"));
    let second = told(&[&file, "--dir", &tree]).unwrap();
    assert!(
        second.contains("compared    333 leaves that agree"),
        "{second}"
    );
    assert!(second.contains("appended    667 leaves"), "{second}");
    assert_eq!(root_of(&second), ROOT_OF_SAMPLE);
}

#[test]
fn the_same_run_twice_does_not_double_the_tree() {
    let (_dir, tree) = scratch();
    for appended in [1000, 0, 0] {
        let told = told(&["--dir", &tree]).unwrap();
        assert!(
            told.contains(&format!("appended    {appended} leaves")),
            "{told}"
        );
        assert_eq!(root_of(&told), ROOT_OF_SAMPLE);
    }
    assert_eq!(size_in(&tree), 1000);
}

#[test]
fn a_list_that_is_shorter_than_the_tree_appends_nothing() {
    let (dir, tree) = scratch();
    told(&["--dir", &tree]).unwrap();
    let first: String = str::from_utf8(SAMPLE)
        .unwrap()
        .lines()
        .take(10)
        .collect::<Vec<_>>()
        .join("\n");
    let told = told(&[&written(dir.path(), first), "--dir", &tree]).unwrap();
    assert!(told.contains("compared    10 leaves that agree"), "{told}");
    assert!(told.contains("appended    0 leaves"), "{told}");
    assert_eq!(root_of(&told), ROOT_OF_SAMPLE);
}

#[test]
fn another_list_stops_at_the_first_leaf_that_differs() {
    for at in [0, 1, 41] {
        let (dir, tree) = scratch();
        let mut leaves: Vec<String> = (0..42).map(leaf).collect();
        let file = written(dir.path(), leaves.join("\n"));
        told(&[&file, "--dir", &tree]).unwrap();
        leaves[at] = leaf(4711);
        leaves.push(leaf(42));
        // A comment in front: lines and leaves are counted apart.
        let file = written(dir.path(), format!("# a list\n{}", leaves.join("\n")));
        let error = told(&[&file, "--dir", &tree]).unwrap_err();
        let differs = error.downcast_ref::<Differs>().unwrap();
        assert_eq!((differs.line, differs.index), (at as u64 + 2, at as u64));
        let text = error.to_string();
        for part in [
            file.as_str(),
            &tree,
            &leaf(at),
            &leaf(4711),
            &format!("line {}:", at + 2),
        ] {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
        assert_eq!(size_in(&tree), 42, "nothing was appended");
    }
}

#[test]
fn after_a_bad_line_is_mended_the_same_command_goes_on() {
    for good in [0, 1, 2500] {
        let (dir, tree) = scratch();
        let lines: Vec<String> = (0..good + 7).map(leaf).collect();
        let mut broken = lines.clone();
        broken[good] = "oops".to_owned();
        let file = written(dir.path(), broken.join("\n"));
        for _ in 0..2 {
            let error = told(&[&file, "--dir", &tree]).unwrap_err().to_string();
            assert!(
                error.contains(&format!("has {good} leaves, all of them on disk")),
                "{error}"
            );
            assert!(error.contains("the same command goes on"), "{error}");
        }
        written(dir.path(), lines.join("\n"));
        assert_eq!(root_told(&[&file, "--dir", &tree]), plain_root(good + 7));
        // A line that the tree has already, and that went bad since, is one as well.
        written(dir.path(), broken.join("\n"));
        let error = told(&[&file, "--dir", &tree]).unwrap_err();
        assert_eq!(
            error.downcast_ref::<Stopped>().unwrap().at.number,
            good as u64 + 1
        );
        assert_eq!(size_in(&tree), good as u64 + 7);
    }
}

#[test]
fn without_a_directory_a_bad_line_says_that_nothing_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let error = told(&[&written(dir.path(), "oops")])
        .unwrap_err()
        .to_string();
    assert!(error.contains("nothing is kept: name a --dir"), "{error}");
}
