//! A tree whose N is known only at run time: `cargo run --example any_tree -- DIRECTORY [N]`.
//!
//! Identifies the tree in the directory and appends to it; if there is none, creates one of the
//! given N. Then proves a leaf, and verifies the bytes as a client would, with N and a head from a
//! trusted source.

use std::{
    error::Error,
    ffi::OsString,
    fmt::Write as _,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use rotortree::{AnyProof, AnyTree, AnyTreeBuilder, Blake3Hasher, RotorTreeConfig, inspect};

const USAGE: &str = "\
usage: any_tree DIRECTORY [N]

Appends three leaves to the tree in DIRECTORY, whatever its N, and proves one of them.
  N  2, 3, 4, 8 or 16: makes a tree of it where DIRECTORY holds none
";

fn main() -> ExitCode {
    match answer(std::env::args_os().skip(1)).and_then(|told| print(&told)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If the terminal is gone, the exit code still reports the failure.
            drop(writeln!(io::stderr(), "any_tree: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// The reader may have closed the pipe: the tree has its leaves all the same.
fn print(text: &str) -> Result<(), Box<dyn Error>> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn answer(args: impl Iterator<Item = OsString>) -> Result<String, Box<dyn Error>> {
    let words: Vec<OsString> = args.collect();
    if words.iter().any(|word| word == "--help" || word == "-h") {
        return Ok(USAGE.to_owned());
    }
    let (directory, n) = match &words[..] {
        [directory] => (directory, None),
        [directory, n] => (directory, Some(n)),
        _ => return Err(USAGE.into()),
    };
    let n = n.map(|word| {
        let number = word.to_str().and_then(|word| word.parse().ok());
        number.ok_or_else(|| format!("`{}` is no number of children", word.display()))
    });
    run(&PathBuf::from(directory), n.transpose()?)
}

/// Opens the tree, appends to it and proves a leaf. Returns the report.
fn run(directory: &Path, n: Option<usize>) -> Result<String, Box<dyn Error>> {
    let mut told = String::new();
    let shown = directory.display();
    match inspect(directory)? {
        Some(found) => writeln!(
            told,
            "{shown} holds a tree with N = {} and at most {} levels; BLAKE3 made it: {}",
            found.arity,
            found.max_depth,
            found.is_of(&Blake3Hasher)
        )?,
        None => writeln!(told, "{shown} holds no tree yet")?,
    }

    let tree = open(directory, n)?;
    let before = tree.size();
    tree.insert_many_durable(&[[1; 32], [2; 32], [3; 32]])?;
    let snapshot = tree.durable_snapshot();
    let head = snapshot.head().ok_or("three leaves are durable")?;
    writeln!(told, "leaves: {} before, {} now", before, head.size)?;

    let bytes = snapshot.generate_proof(before + 1)?;
    let proof = AnyProof::from_bytes(&bytes, tree.arity())?;
    proof.verify_against(&Blake3Hasher, head)?;
    for (index, leaf) in proof.leaves() {
        writeln!(
            told,
            "a proof of {} bytes that leaf {index} is {:02x}... holds",
            bytes.len(),
            leaf[0]
        )?;
    }
    tree.close()?;
    Ok(told)
}

/// Opens the tree of this N, or the existing one.
fn open(directory: &Path, n: Option<usize>) -> Result<Arc<dyn AnyTree>, Box<dyn Error>> {
    let mut builder = AnyTreeBuilder::new(RotorTreeConfig::new(directory));
    if let Some(n) = n {
        builder = builder.arity(n);
    }
    Ok(builder.open(Blake3Hasher)?)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{answer, run};

    #[test]
    fn a_tree_is_made_once_and_found_again_whatever_its_n() {
        for n in [2, 3, 4, 8, 16] {
            let dir = tempfile::tempdir().unwrap();
            let directory = dir.path().join("tree");
            let missing = run(&directory, None).unwrap_err().to_string();
            assert!(missing.contains("no store here"), "{missing}");
            let made = run(&directory, Some(n)).unwrap();
            assert!(made.contains("no tree yet") && made.contains("leaves: 0 before, 3 now"));
            let found = run(&directory, None).unwrap();
            assert!(
                found.contains(&format!("N = {n} and at most 32 levels")),
                "{found}"
            );
            assert!(found.contains("leaf 4 is 02... holds"), "{found}");
            let other = run(&directory, Some(18 - n)).unwrap_err().to_string();
            assert!(other.contains(&format!("{}", 18 - n)), "{other}");
        }
    }

    fn told(words: &[&str]) -> Result<String, String> {
        answer(words.iter().map(OsString::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn words_that_mean_nothing_are_refused() {
        assert!(told(&[]).unwrap_err().starts_with("usage"));
        assert!(told(&["a", "2", "c"]).unwrap_err().starts_with("usage"));
        assert!(
            told(&["a", "two"])
                .unwrap_err()
                .contains("`two` is no number")
        );
        assert!(
            told(&["a", "-1"])
                .unwrap_err()
                .contains("`-1` is no number")
        );
        assert!(told(&["--help"]).unwrap().starts_with("usage"));
    }
}
