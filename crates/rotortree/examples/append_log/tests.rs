//! The example as its users run it: known answers, and bad input.

mod command_line;
mod lines;
mod resuming;

use std::{
    error::Error,
    ffi::OsString,
    fs,
    io::{self, BufReader, Write},
    path::{Path, PathBuf},
};

use indicatif::ProgressBar;
use rotortree::{Blake3Hasher, RotorTree, RotorTreeConfig};

use crate::{job::Job, lines::Lines, report::Report, run};

const ROOT_OF_SAMPLE: &str = "37b754b4ae9506bef7a80b55601ab110e1cecb7ef25f190103e4744c2d5de572";
const ROOT_OF_ALL: &str = "5a5fc6feebc1da4f0faa3551f417d6bd70b8c6a4e5a129aedad6ad0c0adf27c8";
const ROOT_OF_ALL_BINARY: &str = "eded63ca0b6e49a1a689c135a9c168637b82aa8a49f9507e616465bbc60c450d";

/// The whole list that the sample is the beginning of, where it lies beside the workspace.
fn whole_list() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/debian-bookworm-amd64.sha256");
    path.exists().then_some(path)
}

/// Runs the example and returns its output.
fn told(args: &[&str]) -> Result<String, Box<dyn Error>> {
    let mut out = Vec::new();
    run(args.iter().map(OsString::from), &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

/// The last line of the output is the root.
fn root_of(told: &str) -> &str {
    let root = told.lines().last().unwrap().strip_prefix("root");
    root.unwrap().trim()
}

fn root_told(args: &[&str]) -> String {
    root_of(&told(args).unwrap()).to_owned()
}

fn written(dir: &Path, lines: impl AsRef<[u8]>) -> String {
    let path = dir.join("leaves");
    fs::write(&path, lines).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A directory and the name of a tree in it.
fn scratch() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let tree = dir.path().join("tree").to_str().unwrap().to_owned();
    (dir, tree)
}

/// The leaf of this number, in hex.
fn leaf(number: usize) -> String {
    format!("{number:064x}")
}

/// The root of leaves that are spelled in the plainest way.
fn plain_root(leaves: usize) -> String {
    let dir = tempfile::tempdir().unwrap();
    let text: String = (0..leaves).map(|number| leaf(number) + "\n").collect();
    root_told(&[&written(dir.path(), text)])
}

fn size_in(dir: &str) -> u64 {
    let config = RotorTreeConfig::new(dir);
    let tree = RotorTree::<Blake3Hasher, 4, 32>::open(Blake3Hasher, config).unwrap();
    tree.size()
}

#[test]
fn the_sample_has_its_known_root() {
    assert_eq!(root_told(&[]), ROOT_OF_SAMPLE);
}

#[test]
fn the_whole_list_has_its_known_root() {
    if let Some(path) = whole_list() {
        assert_eq!(root_told(&[path.to_str().unwrap()]), ROOT_OF_ALL);
    }
}

#[test]
fn the_whole_list_has_its_known_root_in_a_binary_tree() {
    if let Some(path) = whole_list() {
        let dir = tempfile::tempdir().unwrap();
        let input = BufReader::new(fs::File::open(&path).unwrap());
        let mut lines = Lines::new(Box::new(input), "the list".to_owned());
        let mut out = Vec::new();
        let bar = ProgressBar::hidden();
        let job = Job {
            dir: dir.path(),
            is_kept: false,
            bar: &bar,
        };
        job.run::<2>(&mut lines, &mut Report::new(&mut out))
            .unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains(ROOT_OF_ALL_BINARY), "{out}");
    }
}

#[test]
fn a_file_without_leaves_is_an_empty_tree() {
    for text in ["", "\n", "# nothing\n\n", "\u{feff}"] {
        let dir = tempfile::tempdir().unwrap();
        let told = told(&[&written(dir.path(), text)]).unwrap();
        assert!(told.contains("size        0"), "{text:?}: {told}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nothing").display().to_string();
    let error = told(&[&path]).unwrap_err().to_string();
    assert!(error.contains(&path), "{error}");
}

/// An output whose reader goes away after some lines.
struct ClosesAfter(usize, io::ErrorKind);

impl Write for ClosesAfter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0 {
            0 => Err(self.1.into()),
            _ => {
                self.0 -= bytes
                    .iter()
                    .filter(|&&byte| byte == b'\n')
                    .count()
                    .min(self.0);
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_of_the_output_that_goes_away_does_not_stop_the_job() {
    for lines in 0..5 {
        let (_dir, tree) = scratch();
        let args = ["--dir", &tree].map(OsString::from).into_iter();
        run(args, &mut ClosesAfter(lines, io::ErrorKind::BrokenPipe)).unwrap();
        assert_eq!(size_in(&tree), 1000, "{lines}");
    }
}

#[test]
fn an_output_that_cannot_be_written_is_an_error() {
    let mut full = ClosesAfter(0, io::ErrorKind::StorageFull);
    let error = run(std::iter::empty(), &mut full).unwrap_err().to_string();
    assert!(error.contains("the output cannot be written"), "{error}");
}
