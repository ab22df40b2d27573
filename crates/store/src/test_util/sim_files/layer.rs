//! The file layer's calls, on the simulated disk.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    SimFiles,
    calls::{Struck, refused, violated},
    disk::{Op, ROOT},
    fault::Call,
    handles::{SimDir, SimFile, SimLock, SimMap},
};
use crate::file_layer::{FileLayer, FileStatus, LOCK_NAME};

impl FileLayer for SimFiles {
    type Dir = SimDir;
    type File = SimFile;
    type Map = SimMap;
    type Lock = SimLock;

    fn open_dir(&self, path: &Path) -> io::Result<SimDir> {
        self.call(Call::OpenDir, path, |state, _| {
            Ok(SimDir {
                node: state.disk.find_dir(ROOT, path)?,
                path: path.to_owned(),
            })
        })
    }

    fn open_dir_at(&self, dir: &SimDir, path: &Path) -> io::Result<SimDir> {
        self.call_at(Call::OpenDir, dir, path, |state, whole| {
            Ok(SimDir {
                node: state.disk.find_dir(dir.node, path)?,
                path: whole.to_owned(),
            })
        })
    }

    fn parent(&self, dir: &SimDir) -> io::Result<Option<SimDir>> {
        self.call(Call::OpenDir, &dir.path, |state, _| {
            let above = state.disk.parent(dir.node);
            Ok(above.map(|node| SimDir {
                node,
                path: dir.path.join(".."),
            }))
        })
    }

    fn status_at(&self, dir: &SimDir, path: &Path) -> io::Result<FileStatus> {
        self.call_at(Call::Status, dir, path, |state, _| {
            let node = state.disk.find(dir.node, path)?;
            Ok(state.status(node))
        })
    }

    fn create_new(&self, dir: &SimDir, path: &Path) -> io::Result<SimFile> {
        self.call_at(Call::CreateNew, dir, path, |state, whole| {
            let (slot, name, there) = state.disk.find_slot(dir.node, path)?;
            if there.is_some() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            state.perform(whole, Op::CreateFile { dir: slot, name });
            Ok(SimFile {
                node: state.disk.find_file(dir.node, path)?,
                path: whole.to_owned(),
                writable: true,
            })
        })
    }

    fn open(&self, dir: &SimDir, path: &Path) -> io::Result<SimFile> {
        self.open_as(Call::Open, dir, path, false)
    }

    fn open_write(&self, dir: &SimDir, path: &Path) -> io::Result<SimFile> {
        self.open_as(Call::OpenWrite, dir, path, true)
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
        self.call_with(Call::WriteAt, &file.path, bytes, |state, struck| {
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

    fn status(&self, file: &SimFile) -> io::Result<FileStatus> {
        self.call(Call::Status, &file.path, |state, _| {
            Ok(state.status(file.node))
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

    fn rename(&self, dir: &SimDir, from: &Path, to: &Path) -> io::Result<()> {
        self.call_at(Call::Rename, dir, from, |state, whole| {
            let (slot, from_name, node) = state.disk.find_slot(dir.node, from)?;
            let (to_slot, to_name, replaced) = state.disk.find_slot(dir.node, to)?;
            let node = node.ok_or(io::ErrorKind::NotFound)?;
            if slot != to_slot {
                return Err(io::ErrorKind::Unsupported.into());
            }
            if replaced == Some(node) {
                return Ok(());
            }
            if let Some(replaced) = replaced {
                if state.disk.is_dir(replaced) {
                    return Err(io::ErrorKind::IsADirectory.into());
                }
                if state.is_mapped(replaced, 0, "renamed over", &dir.whole(to)) {
                    return violated();
                }
            }
            let op = Op::Rename {
                dir: slot,
                from: from_name,
                to: to_name,
            };
            state.perform(whole, op);
            Ok(())
        })
    }

    fn remove(&self, dir: &SimDir, path: &Path) -> io::Result<()> {
        self.call_at(Call::Remove, dir, path, |state, whole| {
            let (slot, name, node) = state.disk.find_slot(dir.node, path)?;
            let node = node.ok_or(io::ErrorKind::NotFound)?;
            if state.disk.is_dir(node) {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            if state.is_mapped(node, 0, "removed", whole) {
                return violated();
            }
            state.perform(whole, Op::Remove { dir: slot, name });
            Ok(())
        })
    }

    fn create_dir(&self, dir: &SimDir, path: &Path) -> io::Result<()> {
        self.call_at(Call::CreateDir, dir, path, |state, whole| {
            let slot = state.disk.find_slot(dir.node, path);
            let (slot, name, there) = match slot {
                // The root has no name.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                    return Err(io::ErrorKind::AlreadyExists.into());
                }
                other => other?,
            };
            if there.is_some() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            state.perform(whole, Op::CreateDir { dir: slot, name });
            Ok(())
        })
    }

    fn sync_dir(&self, dir: &SimDir, path: &Path) -> io::Result<()> {
        self.call_at(Call::SyncDir, dir, path, |state, whole| {
            let dir = state.disk.find_dir(dir.node, path)?;
            state.perform(whole, Op::SyncDir { dir });
            Ok(())
        })
    }

    fn list(&self, dir: &SimDir, path: &Path) -> io::Result<Vec<(PathBuf, bool)>> {
        self.call_at(Call::List, dir, path, |state, _| {
            let dir = state.disk.find_dir(dir.node, path)?;
            // A directory that was removed reads as empty on some systems, and is not
            // there on others.
            if state.disk.links(dir) == 0 {
                return Err(io::ErrorKind::NotFound.into());
            }
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

    fn lock_dir(&self, dir: &Arc<SimDir>) -> io::Result<SimLock> {
        let file = Path::new(LOCK_NAME);
        self.call_at(Call::LockDir, dir, Path::new(""), |state, whole| {
            if state.locked.contains(&dir.node) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            if let (slot, name, None) = state.disk.find_slot(dir.node, file)? {
                state.perform(&whole.join(file), Op::CreateFile { dir: slot, name });
            }
            state.locked.insert(dir.node);
            Ok(SimLock {
                dir: dir.node,
                shared: Arc::downgrade(&self.shared),
            })
        })
    }
}
