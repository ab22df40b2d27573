//! [`Args`]: the command line.

use std::path::PathBuf;

pub(crate) const USAGE: &str = "\
usage: append_log [FILE] [--dir DIR]

Appends the leaves of FILE, 64 hex digits a line, to a durable tree, reopens it and checks it.
  FILE       the leaves; a sample of 1000 SHA-256 digests without it
  --dir DIR  the tree's directory, gone on from if it holds a tree; a temporary one without it";

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Args {
    pub(crate) file: Option<PathBuf>,
    pub(crate) dir: Option<PathBuf>,
    pub(crate) help: bool,
}

impl Args {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut args = Self::default();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--help" | "-h" => args.help = true,
                "--dir" if args.dir.is_none() => {
                    let dir = words.next().ok_or("--dir wants a directory")?;
                    args.dir = Some(dir.into());
                }
                _ if word.starts_with('-') || args.file.is_some() => {
                    return Err(format!("`{word}` is not understood\n{USAGE}"));
                }
                _ => args.file = Some(word.into()),
            }
        }
        Ok(args)
    }
}
