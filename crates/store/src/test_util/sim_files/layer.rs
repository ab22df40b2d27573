//! The calls: each counts, may be struck by a fault, and then reads or changes the simulated disk.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    SimFiles, State,
    disk::{NodeId, Op},
    fault::{Call, Effect, Strike},
    handles::{SimFile, SimLock, SimMap},
};
use crate::file_layer::{FileLayer, LOCK_NAME};

/// What a call that meets no error still has to heed.
enum Struck {
    No,
    Short(usize),
    After(io::ErrorKind),
    LoseSync(io::ErrorKind),
}

impl SimFiles {
    /// Counts a call, lets a fault strike it, and does it.
    fn call<T>(
        &self,
        call: Call,
        path: &Path,
        body: impl FnOnce(&mut State, &Struck) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.state();
        state.calls += 1;
        // Every fault counts the call; the one planned first strikes.
        let strikes: Vec<Effect> = state
            .faults
            .iter_mut()
            .filter_map(|fault| fault.meet(call, path))
            .collect();
        let struck = match strikes.first() {
            None => Struck::No,
            Some(effect) => {
                state.struck += 1;
                state.last_struck = Some(Strike {
                    call,
                    path: path.to_owned(),
                    is_named: state.disk.find(path).is_ok(),
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
                // What was returned may be a lock or a mapping, whose drop takes the state.
                drop(state);
                result.and(Err(kind.into()))
            }
            _ => result,
        }
    }

    fn open_as(&self, call: Call, path: &Path, writable: bool) -> io::Result<SimFile> {
        self.call(call, path, |state, _| {
            Ok(SimFile {
                node: state.disk.find_file(path)?,
                path: path.to_owned(),
                writable,
            })
        })
    }
}

impl State {
    /// Takes note if a live mapping covers bytes at or past `from`; whether it does.
    fn is_mapped(&mut self, node: NodeId, from: u64, what: &str, path: &Path) -> bool {
        if self.disk.is_dir(node) {
            return false;
        }
        let mapped = self.disk.file(node).mapped();
        if mapped <= from {
            return false;
        }
        let text = format!(
            "{what} {}, whose first {mapped} bytes are mapped",
            path.display()
        );
        self.violations.push(text);
        true
    }

    /// How many of `len` bytes at `offset` fit on the disk.
    fn room(&self, node: NodeId, offset: usize, len: usize) -> usize {
        let Some(capacity) = self.capacity else {
            return len;
        };
        // Room is taken by what was reserved already.
        let there = self.disk.file(node).room();
        let free = capacity.saturating_sub(self.disk.used());
        // What lies within the file takes no room.
        let within = there.saturating_sub(offset) as u64;
        let gap = offset.saturating_sub(there) as u64;
        let fits = (within + free).saturating_sub(gap);
        len.min(usize::try_from(fits).unwrap_or(usize::MAX))
    }
}

fn refused() -> io::Error {
    io::ErrorKind::InvalidInput.into()
}

/// Set when a violation was noted: `call` panics with it, and this is never seen.
fn violated<T>() -> io::Result<T> {
    Err(io::Error::other("mapped bytes must not change"))
}

impl FileLayer for SimFiles {
    type File = SimFile;
    type Map = SimMap;
    type Lock = SimLock;

    fn create_new(&self, path: &Path) -> io::Result<SimFile> {
        self.call(Call::CreateNew, path, |state, _| {
            let (dir, name, there) = state.disk.find_slot(path)?;
            if there.is_some() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            state.perform(path, Op::CreateFile { dir, name });
            Ok(SimFile {
                node: state.disk.find_file(path)?,
                path: path.to_owned(),
                writable: true,
            })
        })
    }

    fn open(&self, path: &Path) -> io::Result<SimFile> {
        self.open_as(Call::Open, path, false)
    }

    fn open_write(&self, path: &Path) -> io::Result<SimFile> {
        self.open_as(Call::OpenWrite, path, true)
    }

    fn read_at(&self, file: &SimFile, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.call(Call::ReadAt, &file.path, |state, struck| {
            let offset = usize::try_from(offset).map_err(|_| refused())?;
            let bytes = state.disk.file(file.node).bytes();
            let there = bytes.get(offset..).unwrap_or_default();
            let most = match struck {
                Struck::Short(most) => *most,
                _ => usize::MAX,
            };
            let len = there.len().min(buf.len()).min(most);
            buf[..len].copy_from_slice(&there[..len]);
            Ok(len)
        })
    }

    fn write_at(&self, file: &SimFile, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.call(Call::WriteAt, &file.path, |state, struck| {
            let start = usize::try_from(offset).map_err(|_| refused())?;
            let fits = start.checked_add(bytes.len()).is_some();
            if !file.writable || !fits {
                return Err(refused());
            }
            if bytes.is_empty() {
                return Ok(0);
            }
            if state.is_mapped(file.node, offset, "written into", &file.path) {
                return violated();
            }
            let most = match struck {
                Struck::Short(most) => *most,
                _ => usize::MAX,
            };
            let wanted = bytes.len().min(most);
            let len = state.room(file.node, start, wanted);
            if len == 0 && wanted > 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            if len > 0 {
                let write = Op::Write {
                    file: file.node,
                    offset: start,
                    bytes: bytes[..len].into(),
                };
                state.perform(&file.path, write);
            }
            Ok(len)
        })
    }

    fn len(&self, file: &SimFile) -> io::Result<u64> {
        self.call(Call::Len, &file.path, |state, _| {
            Ok(state.disk.file(file.node).bytes().len() as u64)
        })
    }

    fn truncate(&self, file: &SimFile, len: u64) -> io::Result<()> {
        self.call(Call::Truncate, &file.path, |state, _| {
            if !file.writable {
                return Err(refused());
            }
            if state.is_mapped(file.node, len, "truncated", &file.path) {
                return violated();
            }
            let len = usize::try_from(len).map_err(|_| refused())?;
            let there = state.disk.file(file.node).bytes().len();
            if len > there && state.room(file.node, there, len - there) < len - there {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let file_node = file.node;
            let op = Op::Truncate {
                file: file_node,
                len,
            };
            state.perform(&file.path, op);
            Ok(())
        })
    }

    fn allocate(&self, file: &SimFile, len: u64) -> io::Result<()> {
        self.call(Call::Allocate, &file.path, |state, _| {
            let there = state.disk.file(file.node).bytes().len();
            let len = usize::try_from(len).map_err(|_| refused())?;
            let more = len.saturating_sub(there);
            if state.room(file.node, there, more) < more {
                return Err(io::ErrorKind::StorageFull.into());
            }
            state.disk.file_mut(file.node).reserve(len);
            Ok(())
        })
    }

    fn sync(&self, file: &SimFile) -> io::Result<()> {
        self.call(Call::Sync, &file.path, |state, struck| match struck {
            Struck::LoseSync(kind) => {
                state.perform(&file.path, Op::LoseSync { file: file.node });
                Err((*kind).into())
            }
            _ => {
                state.perform(&file.path, Op::Sync { file: file.node });
                Ok(())
            }
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(Call::Rename, from, |state, _| {
            let (dir, from_name, node) = state.disk.find_slot(from)?;
            let (to_dir, to_name, replaced) = state.disk.find_slot(to)?;
            let node = node.ok_or(io::ErrorKind::NotFound)?;
            if dir != to_dir {
                return Err(io::ErrorKind::Unsupported.into());
            }
            if replaced == Some(node) {
                return Ok(());
            }
            if let Some(replaced) = replaced {
                if state.disk.is_dir(replaced) {
                    return Err(io::ErrorKind::IsADirectory.into());
                }
                if state.is_mapped(replaced, 0, "renamed over", to) {
                    return violated();
                }
            }
            let op = Op::Rename {
                dir,
                from: from_name,
                to: to_name,
            };
            state.perform(from, op);
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.call(Call::Remove, path, |state, _| {
            let (dir, name, node) = state.disk.find_slot(path)?;
            let node = node.ok_or(io::ErrorKind::NotFound)?;
            if state.disk.is_dir(node) {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            if state.is_mapped(node, 0, "removed", path) {
                return violated();
            }
            state.perform(path, Op::Remove { dir, name });
            Ok(())
        })
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.call(Call::CreateDir, path, |state, _| {
            let slot = state.disk.find_slot(path);
            let (dir, name, there) = match slot {
                // The root has no name.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                    return Err(io::ErrorKind::AlreadyExists.into());
                }
                other => other?,
            };
            if there.is_some() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            state.perform(path, Op::CreateDir { dir, name });
            Ok(())
        })
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.call(Call::SyncDir, path, |state, _| {
            let dir = state.disk.find_dir(path)?;
            state.perform(path, Op::SyncDir { dir });
            Ok(())
        })
    }

    fn list(&self, path: &Path) -> io::Result<Vec<(PathBuf, bool)>> {
        self.call(Call::List, path, |state, _| {
            let dir = state.disk.find_dir(path)?;
            let names = state.disk.dir(dir).map(|dir| &dir.now);
            let names = names.into_iter().flatten();
            Ok(names
                .map(|(name, node)| (name.into(), state.disk.is_dir(*node)))
                .collect())
        })
    }

    fn map(&self, file: &SimFile, len: u64) -> io::Result<SimMap> {
        self.call(Call::Map, &file.path, |state, _| {
            let node = state.disk.file_mut(file.node);
            if (node.bytes().len() as u64) < len {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok(SimMap {
                bytes: Arc::clone(node.bytes()),
                len: usize::try_from(len).map_err(|_| refused())?,
                token: node.map(len),
            })
        })
    }

    fn lock_dir(&self, path: &Path) -> io::Result<SimLock> {
        self.call(Call::LockDir, path, |state, _| {
            let dir = state.disk.find_dir(path)?;
            if state.locked.contains(&dir) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let file = path.join(LOCK_NAME);
            if let (dir, name, None) = state.disk.find_slot(&file)? {
                state.perform(&file, Op::CreateFile { dir, name });
            }
            state.locked.insert(dir);
            Ok(SimLock {
                dir,
                shared: Arc::downgrade(&self.shared),
            })
        })
    }
}
