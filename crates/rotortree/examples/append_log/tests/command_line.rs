//! The words of the command line.

use std::{ffi::OsString, path::Path};

use crate::args::{Args, Input};

fn parsed(words: &str) -> Result<Args, String> {
    Args::parse(words.split_whitespace().map(OsString::from))
}

#[test]
fn words_that_mean_nothing_are_refused() {
    for words in [
        "--dri x",
        "-x",
        "a b",
        "- b",
        "a -",
        "--dir",
        "--dir=",
        "--dir a --dir b",
        "--dir a --dir=b",
        "--dirx=a",
        "--help=x",
    ] {
        assert!(parsed(words).is_err(), "{words}");
    }
}

#[test]
fn an_empty_word_is_no_file() {
    let error = Args::parse([OsString::new()].into_iter()).unwrap_err();
    assert_eq!(error, "FILE is an empty word");
}

#[test]
fn every_spelling_of_the_command_line_is_taken() {
    let file = Input::File("a".into());
    for (words, input, dir) in [
        ("", Input::Sample, None),
        ("a", file, None),
        ("-", Input::Stdin, None),
        ("--dir b -", Input::Stdin, Some("b")),
        ("a --dir b", Input::File("a".into()), Some("b")),
        ("--dir=b a", Input::File("a".into()), Some("b")),
        ("--dir=a=b", Input::Sample, Some("a=b")),
        ("--dir -x", Input::Sample, Some("-x")),
        ("-- --dir", Input::File("--dir".into()), None),
        ("-- -", Input::File("-".into()), None),
    ] {
        let args = parsed(words).unwrap();
        assert_eq!(args.input, input, "{words}");
        assert_eq!(args.dir.as_deref(), dir.map(Path::new), "{words}");
    }
    assert!(parsed("--help").unwrap().help && parsed("a -h").unwrap().help);
}

#[cfg(unix)]
#[test]
fn names_that_are_not_unicode_are_taken_as_they_are() {
    use std::os::unix::ffi::OsStringExt;

    let word = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    let name = Path::new(&word(b"\xff\xfe")).to_owned();
    for dir in [
        vec![word(b"--dir=\xff\xfe")],
        vec!["--dir".into(), word(b"\xff\xfe")],
    ] {
        let words = dir.into_iter().chain([word(b"\xff\xfe")]);
        let args = Args::parse(words).unwrap();
        assert_eq!(args.dir.as_ref(), Some(&name));
        assert_eq!(args.input, Input::File(name.clone()));
    }
    assert!(Args::parse([word(b"-\xff")].into_iter()).is_err());
}
