//! Changes to the disk by other programs and people, without the rules of the model.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{
    SimFiles,
    dir::NodeId,
    disk::{Op, ROOT},
    files::State,
};

impl SimFiles {
    /// Every file's path, sorted.
    pub fn list_files(&self) -> Vec<PathBuf> {
        let files = self.state().disk.files();
        files.into_iter().map(|(path, _)| path).collect()
    }

    /// A file's bytes, if there is such a file.
    pub fn read_file(&self, path: impl AsRef<Path>) -> Option<Vec<u8>> {
        let state = self.state();
        let node = state.disk.find_file(ROOT, path.as_ref()).ok()?;
        Some(state.disk.file(node).bytes().to_vec())
    }

    /// Makes a file have these bytes, on the disk too, with the directories above it, whatever is
    /// mapped. Everything unsynced is synced by it, and the journal begins anew.
    ///
    /// # Panics
    ///
    /// If a file stands where a directory is needed.
    pub fn write_file(&self, path: impl AsRef<Path>, bytes: &[u8]) {
        let path = path.as_ref();
        self.edit(|state| {
            if let Some(parent) = path.parent() {
                state.make_dir(parent);
            }
            state.put_file(path, bytes);
        });
    }

    /// Removes a file, on the disk too; one that is not there is fine. As
    /// [`write_file`](Self::write_file) otherwise.
    pub fn remove_file(&self, path: impl AsRef<Path>) {
        let path = path.as_ref();
        self.edit(|state| {
            if let Ok((dir, name, Some(_))) = state.disk.find_slot(ROOT, path) {
                state.perform(path, Op::Remove { dir, name });
                state.perform(path, Op::SyncDir { dir });
            }
        });
    }

    /// Moves a file or directory within its directory, replacing the target, as
    /// [`write_file`](Self::write_file) otherwise. Open handles stay with it.
    ///
    /// # Panics
    ///
    /// If there is none, or the names are in different directories.
    pub fn move_to(&self, from: impl AsRef<Path>, to: impl AsRef<Path>) {
        let (from, to) = (from.as_ref(), to.as_ref());
        self.edit(|state| {
            let (dir, name, node) = state.slot(from);
            let (to_dir, to_name, _) = state.slot(to);
            assert!(node.is_some() && dir == to_dir, "a move within a directory");
            state.perform(
                from,
                Op::Rename {
                    dir,
                    from: name,
                    to: to_name,
                },
            );
            state.perform(from, Op::SyncDir { dir });
        });
    }

    /// Copies a directory with all that is in it to a name that is free. As
    /// [`write_file`](Self::write_file) otherwise.
    ///
    /// # Panics
    ///
    /// If there is no such directory.
    pub fn copy_dir(&self, from: impl AsRef<Path>, to: impl AsRef<Path>) {
        self.replicate(from.as_ref(), to.as_ref(), false);
    }

    /// As [`copy_dir`](Self::copy_dir), with further names for the files instead of copies, as `cp
    /// -al` makes them.
    ///
    /// # Panics
    ///
    /// If there is no such directory.
    pub fn link_dir(&self, from: impl AsRef<Path>, to: impl AsRef<Path>) {
        self.replicate(from.as_ref(), to.as_ref(), true);
    }

    fn replicate(&self, from: &Path, to: &Path, linked: bool) {
        self.edit(|state| {
            let source = state.disk.find_dir(ROOT, from);
            let source = source.expect("there is a directory to copy");
            state.make_dir(to);
            let mut open = vec![(source, to.to_owned())];
            while let Some((node, to)) = open.pop() {
                let names = state.disk.dir(node).map(|dir| dir.now.clone());
                for (name, node) in names.unwrap_or_default() {
                    let to = to.join(&name);
                    if state.disk.is_dir(node) {
                        state.make_dir(&to);
                        open.push((node, to));
                    } else if linked {
                        let (dir, name, _) = state.slot(&to);
                        state.perform(&to, Op::Link { dir, name, node });
                        state.perform(&to, Op::SyncDir { dir });
                    } else {
                        let bytes = state.disk.file(node).bytes().to_vec();
                        state.put_file(&to, &bytes);
                    }
                }
            }
        });
    }

    /// Removes a directory with all that is in it. As [`write_file`](Self::write_file) otherwise.
    ///
    /// # Panics
    ///
    /// If there is no such directory.
    pub fn remove_dir(&self, path: impl AsRef<Path>) {
        self.edit(|state| state.remove_all(path.as_ref()));
    }

    /// Every file below a directory with its bytes, sorted, by paths from the root.
    pub fn files_below(&self, path: impl AsRef<Path>) -> Vec<(PathBuf, Vec<u8>)> {
        let below = path.as_ref().strip_prefix("/").unwrap_or(path.as_ref());
        let files = self.state().disk.files();
        files
            .into_iter()
            .filter(|(path, _)| path.starts_with(below))
            .map(|(path, bytes)| (path, bytes.to_vec()))
            .collect()
    }

    fn edit(&self, edit: impl FnOnce(&mut State)) {
        edit(&mut self.state());
        self.rebase();
    }
}

impl State {
    pub(super) fn make_dir(&mut self, path: &Path) {
        let mut so_far = PathBuf::new();
        for name in path.components() {
            so_far.push(name);
            if self.disk.find_dir(ROOT, &so_far).is_ok() {
                continue;
            }
            let (dir, name, there) = self.slot(&so_far);
            assert!(there.is_none(), "{} is a file", so_far.display());
            self.perform(&so_far, Op::CreateDir { dir, name });
            self.perform(&so_far, Op::SyncDir { dir });
        }
    }

    pub(super) fn put_file(&mut self, path: &Path, bytes: &[u8]) {
        let (dir, name, there) = self.slot(path);
        if there.is_some() {
            // A new file, so that nothing of the old one's pending versions remains.
            let name = name.clone();
            self.perform(path, Op::Remove { dir, name });
        }
        self.perform(path, Op::CreateFile { dir, name });
        let (_, _, node) = self.slot(path);
        let file = node.expect("it was created just now");
        let bytes = bytes.into();
        self.perform(
            path,
            Op::Write {
                file,
                offset: 0,
                bytes,
            },
        );
        self.perform(path, Op::Sync { file });
        self.perform(path, Op::SyncDir { dir });
    }

    fn remove_all(&mut self, path: &Path) {
        let (dir, name, node) = self.slot(path);
        let node = node.expect("it is there");
        let names = self.disk.dir(node).map(|dir| dir.now.clone());
        for name in names.unwrap_or_default().keys() {
            self.remove_all(&path.join(name));
        }
        self.perform(path, Op::Remove { dir, name });
        self.perform(path, Op::SyncDir { dir });
    }

    fn slot(&self, path: &Path) -> (NodeId, std::ffi::OsString, Option<NodeId>) {
        let slot: io::Result<_> = self.disk.find_slot(ROOT, path);
        slot.expect("the directory is there")
    }
}
