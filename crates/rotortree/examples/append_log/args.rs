//! [`Args`]: the command line.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
};

pub(crate) const USAGE: &str = "\
usage: append_log [FILE] [--dir DIR]

Appends the leaves of FILE to a durable tree, reopens it and checks it.
  FILE       the leaves, one a line: 64 hex digits, with or without `0x`, or a line that sha256sum printed;
             blank lines and comments (#) are passed over. `-` is the standard input. Without FILE, a sample
             of 1000 SHA-256 digests
  --dir DIR  the tree's directory. If it holds a tree, the leaves of FILE have to be that tree's as far as both go,
             and what FILE has beyond is appended. Without it a temporary directory";

/// The source of the leaves.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Input {
    #[default]
    Sample,
    Stdin,
    File(PathBuf),
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Args {
    pub(crate) input: Input,
    pub(crate) dir: Option<PathBuf>,
    pub(crate) help: bool,
}

impl Args {
    pub(crate) fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut args = Self::default();
        let mut options = true;
        while let Some(word) = words.next() {
            match word.to_str() {
                Some("--") if options => options = false,
                Some("--help" | "-h") if options => args.help = true,
                Some("--dir") if options => args.set_dir(words.next())?,
                _ if options && is_option(&word) => match value(&word, "--dir=") {
                    Some(dir) => args.set_dir(Some(dir))?,
                    None => return Err(not_understood(&word)),
                },
                _ if args.input != Input::Sample => return Err(not_understood(&word)),
                Some("-") if options => args.input = Input::Stdin,
                Some("") => return Err("FILE is an empty word".to_owned()),
                _ => args.input = Input::File(word.into()),
            }
        }
        Ok(args)
    }

    fn set_dir(&mut self, dir: Option<OsString>) -> Result<(), String> {
        match dir.filter(|dir| !dir.is_empty()) {
            None => Err("--dir wants a directory".to_owned()),
            Some(_) if self.dir.is_some() => Err("--dir is given twice".to_owned()),
            Some(dir) => {
                self.dir = Some(dir.into());
                Ok(())
            }
        }
    }
}

fn not_understood(word: &OsStr) -> String {
    format!("`{}` is not understood\n{USAGE}", word.display())
}

/// A word with a dash in front; `-` alone is the standard input.
fn is_option(word: &OsStr) -> bool {
    word.len() > 1 && word.as_encoded_bytes()[0] == b'-'
}

/// The part behind `prefix`, also if it is not Unicode.
#[cfg(unix)]
fn value(word: &OsStr, prefix: &str) -> Option<OsString> {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};

    let value = word.as_bytes().strip_prefix(prefix.as_bytes())?;
    Some(OsString::from_vec(value.to_vec()))
}

/// The part behind `prefix`.
#[cfg(not(unix))]
fn value(word: &OsStr, prefix: &str) -> Option<OsString> {
    Some(word.to_str()?.strip_prefix(prefix)?.into())
}
