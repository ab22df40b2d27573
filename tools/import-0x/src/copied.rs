//! [`Copied`]: a copy of the old directory, which is removed when it is dropped.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::ImportError;

/// What a directory takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// The number of files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Size {
    /// Measures a directory with the folders in it.
    ///
    /// # Errors
    /// [`ImportError::Io`].
    pub fn of(directory: &Path) -> Result<Self, ImportError> {
        let files = list(directory)?;
        Ok(Self {
            files: files.len() as u64,
            bytes: files.iter().map(|file| file.len).sum(),
        })
    }
}

/// A file as it was found.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    /// Below the directory.
    path: PathBuf,
    len: u64,
    modified: Option<SystemTime>,
}

/// The files of a directory in order.
fn list(directory: &Path) -> Result<Vec<Found>, ImportError> {
    let mut files = Vec::new();
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(ImportError::io(&folder))? {
            let path = entry.map_err(ImportError::io(&folder))?.path();
            let metadata = fs::metadata(&path).map_err(ImportError::io(&path))?;
            if metadata.is_dir() {
                folders.push(path);
                continue;
            }
            files.push(Found {
                path: path.strip_prefix(directory).unwrap_or(&path).to_owned(),
                len: metadata.len(),
                modified: metadata.modified().ok(),
            });
        }
    }
    files.sort();
    Ok(files)
}

/// A copy of a directory. It is removed when it is dropped.
#[derive(Debug)]
pub struct Copied {
    path: PathBuf,
}

impl Copied {
    /// Copies a directory to a place where there is nothing. Reads the directory and nothing else.
    ///
    /// # Errors
    /// [`ImportError::Exists`], [`ImportError::Inside`]; [`ImportError::Changed`] if a program used
    /// the directory meanwhile; [`ImportError::Io`].
    pub fn of(directory: &Path, place: &Path) -> Result<Self, ImportError> {
        if place.exists() {
            let path = place.to_owned();
            return Err(ImportError::Exists { path });
        }
        let files = list(directory)?;
        let whole = std::path::absolute(place).map_err(ImportError::io(place))?;
        let around = whole.ancestors().find_map(|path| path.canonicalize().ok());
        let directory_itself = directory
            .canonicalize()
            .map_err(ImportError::io(directory))?;
        if around.is_some_and(|around| around.starts_with(directory_itself)) {
            let path = place.to_owned();
            return Err(ImportError::Inside { path });
        }
        Self::of_files(directory, &files, place)
    }

    /// Copies the files that were found in a directory.
    fn of_files(directory: &Path, files: &[Found], place: &Path) -> Result<Self, ImportError> {
        fs::create_dir_all(place).map_err(ImportError::io(place))?;
        let copy = Self {
            path: place.to_owned(),
        };
        for file in files {
            let target = place.join(&file.path);
            let folder = target.parent().unwrap_or(place);
            fs::create_dir_all(folder).map_err(ImportError::io(folder))?;
            fs::copy(directory.join(&file.path), &target).map_err(ImportError::io(&target))?;
        }
        if list(directory)? != files {
            let path = directory.to_owned();
            return Err(ImportError::Changed { path });
        }
        Ok(copy)
    }

    /// Where the copy is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        // What cannot be removed is told by the next import, to which it is in the way.
        drop(fs::remove_dir_all(&self.path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_changes_meanwhile_is_not_copied() -> Result<(), Box<dyn std::error::Error>>
    {
        type Change = fn(&Path) -> std::io::Result<()>;
        let changes: [(Change, bool); 3] = [
            (|_| Ok(()), false),
            (
                |directory| fs::write(directory.join("log/1"), "longer"),
                true,
            ),
            (|directory| fs::write(directory.join("log/2"), ""), true),
        ];
        for (change, is_told) in changes {
            let folder = tempfile::tempdir()?;
            let (directory, place) = (folder.path().join("old"), folder.path().join("copy"));
            fs::create_dir_all(directory.join("log"))?;
            fs::write(directory.join("log/1"), "one")?;
            let files = list(&directory)?;
            change(&directory)?;
            match Copied::of_files(&directory, &files, &place) {
                Err(ImportError::Changed { path }) => assert!(is_told && path == directory),
                copied => assert!(copied.is_ok_and(|copy| copy.path().exists()) && !is_told),
            }
            assert!(!place.exists(), "the copy is removed");
        }
        Ok(())
    }
}
