//! Lines: what stands around leaves, and the messages for lines without a leaf.

use super::{leaf, plain_root, root_told, scratch, size_in, told, written};
use crate::job::Stopped;

#[test]
fn marks_blank_lines_comments_and_line_ends_make_no_difference() {
    let expected = plain_root(3);
    for end in ["\n", "\r\n"] {
        for start in [
            "",
            "\u{feff}",
            "\n\n",
            "# a comment\n  # another\n",
            "\u{feff}#\n",
        ] {
            for finish in ["", "\n", "\n\n", "\n \t\n# the end"] {
                let lines = [leaf(0), format!("0x{} ", leaf(1)), leaf(2) + "  a.deb"];
                let dir = tempfile::tempdir().unwrap();
                let file = written(dir.path(), format!("{start}{}{finish}", lines.join(end)));
                assert_eq!(
                    root_told(&[&file]),
                    expected,
                    "{start:?} {end:?} {finish:?}"
                );
            }
        }
    }
}

#[test]
fn a_line_without_a_leaf_is_named_with_what_was_found_and_nothing_inserted_from_it_on() {
    for (bad, found) in [
        (b"0x12".to_vec(), "2 hex digits, not 64, in `0x12`"),
        (b"\0\xff\x1b[2J".to_vec(), "in `\\0\u{fffd}\\u{1b}[2J`"),
        (
            vec![b'a'; 128_000],
            "no line end within 65536 bytes, in `aaaa",
        ),
    ] {
        for good in [0, 1, 1000, 1001] {
            let (dir, tree) = scratch();
            let before: String = (0..good).map(|number| leaf(number) + "\n").collect();
            let text = [before.as_bytes(), &bad, b"\n", leaf(good).as_bytes()].concat();
            let file = written(dir.path(), text);
            let error = told(&[&file, "--dir", &tree]).unwrap_err();
            let stopped = error.downcast_ref::<Stopped>().unwrap();
            assert_eq!(stopped.at.number, good as u64 + 1, "{found}");
            let told = error.to_string();
            let start = format!("{file}, line {}: ", good + 1);
            assert!(
                told.starts_with(&start) && told.contains(found),
                "{found}: {told}"
            );
            assert!(told.len() < 1000, "{told}");
            assert_eq!(size_in(&tree), good as u64, "{found}");
        }
    }
}
