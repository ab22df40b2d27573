//! `any_tree`: names that are not Unicode, a closed pipe, and words that mean nothing.

use crate::program::{ends_quietly, example, refused, told};

#[test]
fn a_tree_is_made_and_gone_on_with() {
    let dir = tempfile::tempdir().unwrap();
    let tree = dir.path().join("tree");
    let error = refused(example("any_tree").arg(&tree));
    assert!(
        error.starts_with("any_tree: ") && error.contains("no store here"),
        "{error}"
    );
    assert!(told(example("any_tree").arg(&tree).arg("8")).contains("leaves: 0 before, 3 now"));
    ends_quietly(example("any_tree").arg(&tree));
    assert!(told(example("any_tree").arg(&tree)).contains("leaves: 6 before, 9 now"));
}

#[test]
fn words_that_mean_nothing_are_refused() {
    assert!(refused(&mut example("any_tree")).contains("usage:"));
    assert!(refused(example("any_tree").args(["a", "b"])).contains("`b` is no number"));
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_unicode_are_taken_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let tree = crate::program::not_unicode(dir.path(), b"\xfftree");
    let told = told(example("any_tree").arg(&tree).arg("3"));
    assert!(
        told.contains("leaves: 0 before, 3 now") && told.contains("\u{fffd}tree"),
        "{told}"
    );
    assert!(tree.join("MANIFEST").is_file());
    let word = tree.file_name().unwrap();
    assert!(refused(example("any_tree").arg("a").arg(word)).contains("is no number"));
}
