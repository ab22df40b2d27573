//! The example as its users run it: known answers, and input that is not what it should be.

use std::{
    fs,
    io::BufReader,
    path::{Path, PathBuf},
};

use indicatif::ProgressBar;
use rotortree::{Blake3Hasher, RotorTree, RotorTreeConfig};

use crate::{
    SAMPLE,
    args::Args,
    job,
    lines::{BadLine, Lines},
    report::{Report, hex},
    run,
};

const ROOT_OF_SAMPLE: &str = "37b754b4ae9506bef7a80b55601ab110e1cecb7ef25f190103e4744c2d5de572";
const ROOT_OF_ALL: &str = "5a5fc6feebc1da4f0faa3551f417d6bd70b8c6a4e5a129aedad6ad0c0adf27c8";
const ROOT_OF_ALL_BINARY: &str = "eded63ca0b6e49a1a689c135a9c168637b82aa8a49f9507e616465bbc60c450d";

/// The whole list that the sample is the beginning of, where it lies beside the workspace.
fn whole_list() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/debian-bookworm-amd64.sha256");
    path.exists().then_some(path)
}

/// Runs the example; its last line is the root.
fn root_told(args: &[&str]) -> String {
    let mut out = Vec::new();
    run(args.iter().map(|&word| word.to_owned()), &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    let root = out.lines().last().unwrap().strip_prefix("root");
    root.unwrap().trim().to_owned()
}

fn written(dir: &Path, lines: &str) -> PathBuf {
    let path = dir.join("leaves");
    fs::write(&path, lines).unwrap();
    path
}

fn size_in(dir: &Path) -> u64 {
    let config = RotorTreeConfig::new(dir);
    let tree = RotorTree::<Blake3Hasher, 4, 32>::open(Blake3Hasher, config).unwrap();
    tree.size()
}

#[test]
fn the_sample_has_its_known_root() {
    assert_eq!(root_told(&[]), ROOT_OF_SAMPLE);
}

#[test]
fn the_sample_in_two_runs_has_the_same_root() {
    let dir = tempfile::tempdir().unwrap();
    let lines: Vec<&str> = str::from_utf8(SAMPLE).unwrap().lines().collect();
    let tree = dir.path().join("tree");
    let tree = tree.to_str().unwrap();
    let mut root = String::new();
    // The second file ends without a line end, and its lines end as on Windows.
    for part in [lines[..333].join("\n"), lines[333..].join("\r\n")] {
        let file = written(dir.path(), &part);
        root = root_told(&[file.to_str().unwrap(), "--dir", tree]);
    }
    assert_eq!(root, ROOT_OF_SAMPLE);
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
        job::run::<2>(&mut lines, dir.path(), &bar, &mut Report(&mut out)).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains(ROOT_OF_ALL_BINARY), "{out}");
    }
}

#[test]
fn a_line_that_is_no_leaf_is_named_and_nothing_inserted_from_it_on() {
    let leaf = hex(&[0xab; 32]);
    let wrong = [
        "",
        &leaf[1..],
        &format!("{leaf}0"),
        &format!(" {}", &leaf[1..]),
        &format!("{}g", &leaf[1..]),
        &format!("{}\u{e9}", &leaf[2..]),
        &leaf.repeat(100),
    ];
    for (case, bad) in wrong.iter().enumerate() {
        for good in [0, 1, 1000, 1001] {
            let dir = tempfile::tempdir().unwrap();
            let tree = dir.path().join("tree");
            let text = format!("{}{bad}\n{leaf}\n", format!("{leaf}\n").repeat(good));
            let file = written(dir.path(), &text);
            let args = [file.to_str().unwrap(), "--dir", tree.to_str().unwrap()];
            let error = run(args.iter().map(|&word| word.to_owned()), &mut Vec::new())
                .expect_err("not a leaf");
            let bad_line = error.downcast_ref::<BadLine>().unwrap();
            assert_eq!(bad_line.number, good as u64 + 1, "case {case}");
            assert!(error.to_string().contains(&format!("line {}:", good + 1)));
            assert_eq!(size_in(&tree), good as u64, "case {case}");
        }
    }
}

#[test]
fn an_empty_file_is_an_empty_tree() {
    let dir = tempfile::tempdir().unwrap();
    let file = written(dir.path(), "");
    let mut out = Vec::new();
    let args = [file.to_str().unwrap().to_owned()];
    run(args.into_iter(), &mut out).unwrap();
    assert!(String::from_utf8(out).unwrap().contains("size        0"));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nothing").display().to_string();
    let error = run([path.clone()].into_iter(), &mut Vec::new()).expect_err("it is not there");
    assert!(error.to_string().contains(&path), "{error}");
}

#[test]
fn words_that_mean_nothing_are_refused() {
    let parse = |words: &str| Args::parse(words.split_whitespace().map(str::to_owned));
    assert!(parse("--dri x").is_err());
    assert!(parse("a b").is_err());
    assert!(parse("--dir").is_err());
    assert!(parse("--dir a --dir b").is_err());
    let args = parse("a --dir b").unwrap();
    assert_eq!(args.file.as_deref(), Some(Path::new("a")));
    assert_eq!(args.dir.as_deref(), Some(Path::new("b")));
    assert!(parse("--help").unwrap().help);
}
