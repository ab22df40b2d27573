//! The program: imports one directory with BLAKE3.
#![forbid(unsafe_code)]

mod shapes;

use std::{
    error::Error,
    ffi::OsString,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use rotortree::Hex;
use rotortree_import_0x::{Copied, ImportError, Size};

const USAGE: &str = "\
usage: import-0x OLD NEW [ROOT]

Imports the tree in the directory OLD, which rotortree 0.20 wrote with Blake3Hasher, into the new
directory NEW. OLD is copied to NEW.old first, and stays as it is. No program may use OLD meanwhile.
NEW and the copy take about twice the bytes of OLD; the copy is removed at the end.

ROOT, 64 hex digits, is the root that your program knows. Give it: rotortree 0.20 also opens a
directory with damaged or missing files, with fewer leaves or others.";

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    match run(std::env::args_os().skip(1), &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If the terminal is gone, the exit code still reports the failure.
            drop(writeln!(io::stderr(), "import-0x: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(
    mut words: impl Iterator<Item = OsString>,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let (from, to, root) = match (words.next(), words.next(), words.next(), words.next()) {
        (Some(word), None, ..) if word == "--help" || word == "-h" => {
            return Ok(writeln!(out, "{USAGE}")?);
        }
        (Some(from), Some(to), root, None) => (PathBuf::from(from), PathBuf::from(to), root),
        _ => return Err(USAGE.into()),
    };
    let root = root.map(|root| root.to_string_lossy().parse::<Hex>());
    let root = root.transpose().map_err(|error| format!("ROOT: {error}"))?;
    let root = root.map(|Hex(root)| root);
    // Without a separator at the end, behind which `.old` would be a name of its own.
    let to: PathBuf = to.components().collect();
    if to.exists() {
        return Err(ImportError::Exists { path: to }.into());
    }
    let Size { files, bytes } = Size::of(&from)?;
    let mut place = to.clone().into_os_string();
    place.push(".old");
    let place = PathBuf::from(place);
    let shown = place.display();
    writeln!(
        out,
        "copying {files} files, {bytes} bytes, to {shown}; the new tree takes about as much"
    )?;
    let copy = Copied::of(&from, &place)?;
    let imported = shapes::import_any(&copy, root, &to)?;
    drop(copy);
    writeln!(out, "imported into {}", to.display())?;
    writeln!(out, "leaves  {}", imported.head.size)?;
    Ok(writeln!(
        out,
        "root    {}, the same in both",
        Hex(imported.head.root)
    )?)
}

#[cfg(test)]
mod tests {
    use old::{CheckpointPolicy, FlushPolicy, RotorTree, RotorTreeConfig, TieringConfig};

    use super::*;

    fn told(words: &[&std::path::Path]) -> Result<String, String> {
        let mut out = Vec::new();
        let words = words.iter().map(|word| word.as_os_str().to_owned());
        let done = run(words, &mut out).map_err(|error| error.to_string());
        done.map(|()| String::from_utf8_lossy(&out).into_owned())
    }

    #[test]
    fn a_directory_of_any_listed_shape_is_imported() -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let [from, to] = ["from", "to"].map(|name| folder.path().join(name));
        let config = RotorTreeConfig {
            path: from.clone(),
            flush_policy: FlushPolicy::Manual,
            checkpoint_policy: CheckpointPolicy::OnClose,
            tiering: TieringConfig::default(),
            verify_checkpoint: true,
        };
        let tree = RotorTree::<_, 8, 10>::open(old::Blake3Hasher, config)?;
        let (root, _) = tree.insert_many(&[[1; 32], [2; 32], [3; 32]])?;
        tree.close()?;
        let told = told(&[&from, &to])?;
        assert!(told.contains("leaves  3\n"), "{told}");
        assert!(told.contains(&Hex(root).to_string()), "{told}");
        let again = folder.path().join("again");
        let with_root = |root: &str| self::told(&[&from, &again, root.as_ref()]);
        let other = with_root(&"ab".repeat(32));
        assert!(other.is_err_and(|error| error.contains("opens with 3 leaves")));
        assert!(with_root("no root").is_err_and(|error| error.starts_with("ROOT: ")));
        assert!(with_root(&Hex(root).to_string()).is_ok());
        std::fs::remove_dir_all(&again)?;
        assert!(
            self::told(&[&from, &again.join("")]).is_ok(),
            "a separator at the end"
        );
        let exists = self::told(&[&from, &again]);
        assert!(exists.is_err_and(|error| error.contains("exists")));
        let inside = self::told(&[&from, &from.join("new")]);
        assert!(inside.is_err_and(|error| error.contains("inside")));
        std::fs::remove_dir_all(again)?;
        let names: Result<Vec<_>, _> = std::fs::read_dir(folder.path())?.collect();
        assert_eq!(names?.len(), 2, "the copy is gone");
        Ok(())
    }

    #[test]
    fn words_that_are_not_two_directories_are_refused() {
        let path = std::path::Path::new;
        assert!(told(&[path("--help")]).is_ok_and(|told| told.starts_with("usage")));
        for words in [&[][..], &[path("a")], &["a", "b", "c", "d"].map(path)] {
            assert!(told(words).is_err_and(|error| error.starts_with("usage")));
        }
        assert!(told(&[path("no such directory"), path("b")]).is_err());
    }
}
