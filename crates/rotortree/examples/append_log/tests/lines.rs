//! Lines: the accepted spellings, and the messages for lines without a leaf.

use super::{leaf, plain_root, root_told, scratch, size_in, told, written};
use crate::{job::Stopped, report::hex};

/// Spellings of a leaf that leave no doubt, for the digits of one.
fn spellings(digits: &str) -> Vec<String> {
    vec![
        digits.to_owned(),
        digits.to_uppercase(),
        format!("0x{digits}"),
        format!("0X{digits}"),
        format!("{digits} "),
        format!("\t{digits} \t"),
        format!("{digits}\r"),
        format!("{digits} # a comment"),
        format!("{digits}\t#a comment"),
        format!("{digits}  pool/main/a/apt.deb"),
        format!("{digits} *apt.deb"),
        format!("{digits}  -"),
        format!("{digits}  a name ) = {digits}"),
        format!("\\{digits}  a\\nb"),
        format!("SHA256 (apt.deb) = {digits}"),
        format!("BLAKE3 (a) = (b) = ) = {digits}"),
        format!("SHA512/256 () = {digits}"),
    ]
}

#[test]
fn every_spelling_that_leaves_no_doubt_is_taken() {
    let count = spellings("").len();
    let expected = plain_root(count);
    for end in ["\n", "\r\n"] {
        for start in [
            "",
            "\u{feff}",
            "\n\n",
            "# a comment\n  # another\n",
            "\u{feff}#\n",
        ] {
            for finish in ["", "\n", "\n\n", "\n \t\n# the end"] {
                let lines: Vec<String> = (0..count)
                    .map(|at| spellings(&leaf(at)).swap_remove(at))
                    .collect();
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

/// Lines without a leaf, each with its message.
fn wrong_lines() -> Vec<(Vec<u8>, String)> {
    let leaf = hex(&[0xab; 32]);
    let short = &leaf[1..];
    let text = |line: String, told: String| (line.into_bytes(), told);
    vec![
        text(
            short.to_owned(),
            format!("63 hex digits, not 64, in `{short}`"),
        ),
        text(
            format!("{leaf}0"),
            format!("65 hex digits, not 64, in `{leaf}0`"),
        ),
        text(
            format!(" {short}"),
            format!("63 hex digits, not 64, in ` {short}`"),
        ),
        text(
            format!("0x{short}"),
            format!("63 hex digits, not 64, in `0x{short}`"),
        ),
        text(
            format!("{short}g"),
            format!("`g` behind 63 hex digits, where 64 are wanted, in `{short}g`"),
        ),
        text(
            format!("{short}\u{e9}"),
            "`\u{e9}` behind 63 hex digits".to_owned(),
        ),
        text(
            "hello".to_owned(),
            "`h` behind 0 hex digits, where 64 are wanted, in `hello`".to_owned(),
        ),
        text(
            format!("\"{leaf}\""),
            "`\\\"` behind 0 hex digits".to_owned(),
        ),
        text(
            format!("{leaf},1"),
            "`,` behind the 64 hex digits".to_owned(),
        ),
        text(
            format!("{leaf} {leaf}"),
            "` ` behind the 64 hex digits".to_owned(),
        ),
        text(
            format!("{leaf} apt.deb"),
            "` ` behind the 64 hex digits".to_owned(),
        ),
        text(
            format!("{leaf}\r{leaf}"),
            "`\\r` behind the 64 hex digits".to_owned(),
        ),
        text(
            format!("{leaf}{leaf}  sha512sum"),
            "128 hex digits, not 64".to_owned(),
        ),
        text(
            format!("not a tag (x) = {leaf}"),
            "`n` behind 0 hex digits".to_owned(),
        ),
        text(
            leaf.repeat(2000),
            "no line end within 65536 bytes, in `abab".to_owned(),
        ),
        (
            b"\0\xff\x1b[2J".to_vec(),
            "`\\0` behind 0 hex digits, where 64 are wanted, in `\\0\u{fffd}\\u{1b}[2J`".to_owned(),
        ),
    ]
}

#[test]
fn a_line_without_a_leaf_is_named_with_what_was_found_and_nothing_inserted_from_it_on() {
    for (bad, found) in wrong_lines() {
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
                told.starts_with(&start) && told.contains(&found),
                "{found}: {told}"
            );
            assert!(told.len() < 1000, "{told}");
            assert_eq!(size_in(&tree), good as u64, "{found}");
        }
    }
}

#[test]
fn a_file_in_utf_16_is_told_as_one() {
    for mark in [b"\xff\xfe", b"\xfe\xff"] {
        let dir = tempfile::tempdir().unwrap();
        let file = written(dir.path(), [mark, &b"a\0b\0"[..]].concat());
        let error = told(&[&file]).unwrap_err().to_string();
        assert!(
            error.contains("line 1: UTF-16, where UTF-8 is wanted"),
            "{error}"
        );
    }
}
