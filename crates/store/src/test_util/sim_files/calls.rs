//! The common part of every call: it is counted, may be struck by a fault, and is refused if it
//! would change a mapping.

use std::{io, path::Path};

use super::{
    SimFiles,
    dir::NodeId,
    disk::ROOT,
    fault::{Call, Effect, Strike},
    files::State,
    handles::{SimDir, SimFile},
};
use crate::file_layer::{FileId, FileStatus};

/// The effect of a plan on a call that meets no error.
pub(super) enum Struck {
    No,
    Short(usize),
    After(io::ErrorKind),
    LoseSync(io::ErrorKind),
}

impl SimFiles {
    /// Counts a call, lets a fault strike it, and does it.
    pub(super) fn call<T>(
        &self,
        call: Call,
        path: &Path,
        body: impl FnOnce(&mut State, &Struck) -> io::Result<T>,
    ) -> io::Result<T> {
        self.call_with(call, path, &[], body)
    }

    /// As [`call`](Self::call), for a call that takes bytes.
    pub(super) fn call_with<T>(
        &self,
        call: Call,
        path: &Path,
        bytes: &[u8],
        body: impl FnOnce(&mut State, &Struck) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.state();
        let number = state.calls.made;
        if let Some((_, deed)) = state.calls.interlude.take_if(|(at, _)| *at == number) {
            drop(state);
            deed();
            state = self.state();
        }
        state.calls.made += 1;
        // Every fault counts the call; the one planned first strikes.
        let strikes: Vec<Effect> = state
            .calls
            .faults
            .iter_mut()
            .filter_map(|fault| fault.meet(call, path))
            .collect();
        let struck = match strikes.first() {
            None => Struck::No,
            Some(effect) => {
                let is_named = state.disk.find(ROOT, path).is_ok();
                state.calls.struck += 1;
                state.calls.last_struck = Some(Strike {
                    call,
                    path: path.to_owned(),
                    is_named,
                    is_blank: !bytes.is_empty() && bytes.iter().all(|&byte| byte == 0),
                });
                match *effect {
                    Effect::Error(kind) => return Err(kind.into()),
                    Effect::ErrorAfter(kind) => Struck::After(kind),
                    Effect::Short(bytes) => Struck::Short(bytes),
                    Effect::LoseSync(kind) if call == Call::Sync => Struck::LoseSync(kind),
                    Effect::LoseSync(kind) => return Err(kind.into()),
                    Effect::Panic => {
                        drop(state);
                        panic!("a planned panic in {call:?} of {}", path.display());
                    }
                }
            }
        };
        let violations = state.violations.len();
        let result = body(&mut state, &struck);
        if let Some(violation) = state.violations.get(violations).cloned() {
            drop(state);
            panic!("{violation}");
        }
        match struck {
            Struck::After(kind) => {
                // The returned value may be a lock or a mapping, whose drop takes the state.
                drop(state);
                result.and(Err(kind.into()))
            }
            _ => result,
        }
    }

    /// As [`call`](Self::call), for a path below an open directory.
    pub(super) fn call_at<T>(
        &self,
        call: Call,
        dir: &SimDir,
        path: &Path,
        body: impl FnOnce(&mut State, &Path) -> io::Result<T>,
    ) -> io::Result<T> {
        let whole = dir.whole(path);
        self.call(call, &whole, |state, _| body(state, &whole))
    }

    pub(super) fn open_as(
        &self,
        call: Call,
        dir: &SimDir,
        path: &Path,
        writable: bool,
    ) -> io::Result<SimFile> {
        self.call_at(call, dir, path, |state, whole| {
            Ok(SimFile {
                node: state.disk.find_file(dir.node, path)?,
                path: whole.to_owned(),
                writable,
            })
        })
    }
}

impl State {
    /// Notes a violation if a live mapping covers bytes at or past `from`. Returns whether one
    /// does.
    pub(super) fn is_mapped(&mut self, node: NodeId, from: u64, what: &str, path: &Path) -> bool {
        if self.disk.is_dir(node) {
            return false;
        }
        let mapped = self.disk.file(node).mapped();
        // A file keeps its bytes when one of several names goes.
        let keeps = from == 0 && what != "written into" && self.disk.links(node) > 1;
        if mapped <= from || keeps {
            return false;
        }
        let text = format!(
            "{what} {}, whose first {mapped} bytes are mapped",
            path.display()
        );
        self.violations.push(text);
        true
    }

    /// The number of bytes, of `len` at `offset`, that fit on the disk.
    pub(super) fn room(&self, node: NodeId, offset: usize, len: usize) -> usize {
        let Some(capacity) = self.capacity else {
            return len;
        };
        // Reserved bytes already occupy their room.
        let there = self.disk.file(node).room();
        let free = capacity.saturating_sub(self.disk.used());
        // Bytes within the file take no room.
        let within = there.saturating_sub(offset) as u64;
        let gap = offset.saturating_sub(there) as u64;
        let fits = (within + free).saturating_sub(gap);
        len.min(usize::try_from(fits).unwrap_or(usize::MAX))
    }
}

impl State {
    pub(super) fn status(&self, node: NodeId) -> FileStatus {
        let len = if self.disk.is_dir(node) {
            0
        } else {
            self.disk.file(node).bytes().len() as u64
        };
        FileStatus {
            len,
            links: self.disk.links(node),
            id: Some(FileId {
                device: self.device,
                inode: node,
                born: None,
            }),
        }
    }
}

pub(super) fn refused() -> io::Error {
    io::ErrorKind::InvalidInput.into()
}

/// Set when a violation was noted: `call` panics with it, and this is never seen.
pub(super) fn violated<T>() -> io::Result<T> {
    Err(io::Error::other("mapped bytes must not change"))
}
