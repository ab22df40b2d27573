//! A copy of the tracked files, below the target folder: mutations never change the checkout.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Code, Mutation};
use crate::cargo::Invocation;
use crate::outcome::{Failure, Outcome};

/// The copied tree.
#[derive(Debug)]
pub(crate) struct Copy {
    root: PathBuf,
}

/// A file of the copy while it is mutated; dropping it puts the file back.
#[derive(Debug)]
pub(crate) struct Mutated {
    path: PathBuf,
    original: String,
}

impl Copy {
    /// Makes `root` the same as the tracked files of `checkout`, whatever its content. An equal
    /// file is left alone, so that artifacts built from it stay valid.
    pub(crate) fn of(checkout: &Path, root: PathBuf) -> Outcome<Self> {
        let listed = Invocation::program(checkout, "git", "ls-files -z").output()?;
        let tracked: BTreeSet<&str> = listed
            .split('\0')
            .filter(|path| checkout.join(path).is_file())
            .collect();
        if tracked.is_empty() {
            return Err(Failure::new("git names no tracked files here."));
        }
        let copy = Self { root };
        copy.prune(&copy.root, "", &tracked)?;
        for path in tracked {
            let bytes = fs::read(checkout.join(path)).map_err(|error| Failure::io(path, &error))?;
            let target = copy.root.join(path);
            if fs::read(&target).is_ok_and(|there| there == bytes) {
                continue;
            }
            if let Some(folder) = target.parent() {
                fs::create_dir_all(folder).map_err(|error| Failure::io(path, &error))?;
            }
            fs::write(&target, bytes).map_err(|error| Failure::io(path, &error))?;
        }
        Ok(copy)
    }

    /// Removes files that are not tracked: what an earlier run's tests left, and files that are
    /// gone since.
    fn prune(&self, folder: &Path, prefix: &str, tracked: &BTreeSet<&str>) -> Outcome<()> {
        let Ok(entries) = fs::read_dir(folder) else {
            return Ok(());
        };
        for entry in entries.flatten() {
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.prune(&entry.path(), &format!("{path}/"), tracked)?;
            } else if !tracked.contains(path.as_str()) {
                fs::remove_file(entry.path()).map_err(|error| Failure::io(&path, &error))?;
            }
        }
        Ok(())
    }

    /// Takes a protection out until the returned guard is dropped.
    pub(crate) fn mutate(&self, mutation: &Mutation) -> Outcome<Mutated> {
        let path = self.root.join(&mutation.file);
        let original =
            fs::read_to_string(&path).map_err(|error| Failure::io(&mutation.file, &error))?;
        let mutated = mutation.apply(&Code::of(&original))?;
        let guard = Mutated { path, original };
        fs::write(&guard.path, mutated).map_err(|error| Failure::io(&mutation.file, &error))?;
        Ok(guard)
    }

    /// The copy's root folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
}

impl Drop for Mutated {
    fn drop(&mut self) {
        // If this fails, the next run finds the file changed and copies it again.
        let _ = fs::write(&self.path, &self.original);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of this test's own, empty.
    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn git(folder: &Path, words: &str) {
        assert!(Invocation::program(folder, "git", words).succeeds());
    }

    #[test]
    fn the_copy_has_the_tracked_files_and_the_checkout_is_never_touched() {
        let checkout = scratch("checkout");
        git(&checkout, "init -q");
        fs::create_dir_all(checkout.join("src")).unwrap();
        fs::write(checkout.join("src/a.rs"), "sync()?;").unwrap();
        fs::write(checkout.join("untracked.rs"), "").unwrap();
        git(&checkout, "add src/a.rs");
        let root = scratch("copy");
        fs::write(root.join("left-over"), "").unwrap();
        let copy = Copy::of(&checkout, root.clone()).unwrap();
        assert!(!root.join("untracked.rs").exists() && !root.join("left-over").exists());
        let mutation = Mutation {
            file: "src/a.rs".to_owned(),
            put: "mutated".to_owned(),
            ..Mutation::sample()
        };
        let read = |root: &Path| fs::read_to_string(root.join("src/a.rs")).unwrap();
        let mutated = copy.mutate(&mutation).unwrap();
        assert_eq!(
            (read(&root), read(&checkout)),
            ("mutated".into(), "sync()?;".into())
        );
        drop(mutated);
        assert_eq!(read(&root), "sync()?;");
        for folder in [checkout, root] {
            fs::remove_dir_all(folder).unwrap();
        }
    }
}
