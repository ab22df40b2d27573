//! [`Disk`]: all files and directories, changed by operations alone, so that replaying operations
//! gives the same disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fmt, io,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use super::{
    dir::{Change, DirNode, NodeId},
    file::FileNode,
};

/// The directory that is always there.
pub(super) const ROOT: NodeId = 0;

/// A file or a directory.
#[derive(Debug, Clone)]
pub(super) enum Node {
    File(FileNode),
    Dir(DirNode),
}

/// Everything that is stored.
#[derive(Debug, Clone)]
pub(super) struct Disk {
    nodes: BTreeMap<NodeId, Node>,
    next: NodeId,
}

/// A change of the disk.
#[derive(Debug, Clone)]
pub(super) enum Op {
    CreateFile {
        dir: NodeId,
        name: OsString,
    },
    CreateDir {
        dir: NodeId,
        name: OsString,
    },
    /// One more name for a node.
    Link {
        dir: NodeId,
        name: OsString,
        node: NodeId,
    },
    Write {
        file: NodeId,
        offset: usize,
        bytes: Arc<[u8]>,
    },
    Truncate {
        file: NodeId,
        len: usize,
    },
    Sync {
        file: NodeId,
    },
    /// A sync that failed, after which nothing counts as unsynced.
    LoseSync {
        file: NodeId,
    },
    Rename {
        dir: NodeId,
        from: OsString,
        to: OsString,
    },
    Remove {
        dir: NodeId,
        name: OsString,
    },
    SyncDir {
        dir: NodeId,
    },
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateFile { .. } => f.write_str("create"),
            Self::CreateDir { .. } => f.write_str("create the directory"),
            Self::Link { .. } => f.write_str("link"),
            Self::Write { offset, bytes, .. } => {
                write!(f, "write {} bytes at {offset} of", bytes.len())
            }
            Self::Truncate { len, .. } => write!(f, "truncate to {len} bytes"),
            Self::Sync { .. } => f.write_str("sync"),
            Self::LoseSync { .. } => f.write_str("fail to sync"),
            Self::Rename { to, .. } => write!(f, "rename to {}", to.display()),
            Self::Remove { .. } => f.write_str("remove"),
            Self::SyncDir { .. } => f.write_str("sync the directory"),
        }
    }
}

impl Disk {
    /// A disk with an empty root directory.
    pub(super) fn new() -> Self {
        Self {
            nodes: BTreeMap::from([(ROOT, Node::Dir(DirNode::default()))]),
            next: ROOT + 1,
        }
    }

    // --- changes ---

    /// Applies the `number`-th operation. It must be one that can be: callers look first.
    pub(super) fn apply(&mut self, number: usize, op: &Op) {
        match op {
            Op::CreateFile { dir, name } => {
                self.link(number, *dir, name, Node::File(FileNode::default()));
            }
            Op::CreateDir { dir, name } => {
                self.link(number, *dir, name, Node::Dir(DirNode::default()));
            }
            Op::Link { dir, name, node } => {
                let (name, node) = (name.clone(), *node);
                self.dir_mut(*dir)
                    .change(number, Change::Link { name, node });
            }
            Op::Write {
                file,
                offset,
                bytes,
            } => self.file_mut(*file).write(number, *offset, bytes),
            Op::Truncate { file, len } => self.file_mut(*file).truncate(number, *len),
            Op::Sync { file } => self.file_mut(*file).sync(),
            Op::LoseSync { file } => self.file_mut(*file).lose_sync(),
            Op::Rename { dir, from, to } => {
                let dir = self.dir_mut(*dir);
                let node = dir.now[from];
                let (from, to) = (from.clone(), to.clone());
                dir.change(number, Change::Rename { from, to, node });
            }
            Op::Remove { dir, name } => {
                let name = name.clone();
                self.dir_mut(*dir).change(number, Change::Unlink { name });
            }
            Op::SyncDir { dir } => self.dir_mut(*dir).sync(),
        }
    }

    fn link(&mut self, number: usize, dir: NodeId, name: &OsString, node: Node) {
        let id = self.next;
        self.next += 1;
        self.nodes.insert(id, node);
        let name = name.clone();
        let link = Change::Link { name, node: id };
        self.dir_mut(dir).change(number, link);
    }

    /// Forgets every mapping: those who had them are gone.
    pub(super) fn unmap(&mut self) {
        for node in self.nodes.values_mut() {
            if let Node::File(file) = node {
                file.unmap();
            }
        }
    }

    // --- nodes ---

    pub(super) fn file(&self, id: NodeId) -> &FileNode {
        match &self.nodes[&id] {
            Node::File(file) => file,
            Node::Dir(_) => panic!("node {id} is a directory"),
        }
    }

    pub(super) fn file_mut(&mut self, id: NodeId) -> &mut FileNode {
        match self.nodes.get_mut(&id) {
            Some(Node::File(file)) => file,
            other => panic!("node {id} is {other:?}, not a file"),
        }
    }

    pub(super) fn dir(&self, id: NodeId) -> Option<&DirNode> {
        match &self.nodes[&id] {
            Node::Dir(dir) => Some(dir),
            Node::File(_) => None,
        }
    }

    fn dir_mut(&mut self, id: NodeId) -> &mut DirNode {
        match self.nodes.get_mut(&id) {
            Some(Node::Dir(dir)) => dir,
            other => panic!("node {id} is {other:?}, not a directory"),
        }
    }

    pub(super) fn is_dir(&self, id: NodeId) -> bool {
        self.dir(id).is_some()
    }

    /// Every node that programs see, or may see after a crash; a directory before its content.
    pub(super) fn possible(&self) -> Vec<(NodeId, &Node)> {
        let mut seen = BTreeSet::from([ROOT]);
        let mut order = vec![ROOT];
        let mut next = 0;
        while next < order.len() {
            if let Some(dir) = self.dir(order[next]) {
                order.extend(dir.possible().filter(|node| seen.insert(*node)));
            }
            next += 1;
        }
        order.into_iter().map(|id| (id, &self.nodes[&id])).collect()
    }

    /// A disk of these nodes, with everything on it certain, without the nodes that no name leads
    /// to.
    pub(super) fn certain(nodes: BTreeMap<NodeId, Node>) -> Self {
        let next = nodes.last_key_value().map_or(ROOT, |(id, _)| *id) + 1;
        let mut disk = Self { nodes, next };
        let reachable: BTreeSet<NodeId> = disk.possible().iter().map(|(id, _)| *id).collect();
        disk.nodes.retain(|id, _| reachable.contains(id));
        disk
    }

    /// Bytes that all files take together. A file that was removed takes none, whether a crash can
    /// bring it back or not.
    pub(super) fn used(&self) -> u64 {
        let (mut used, mut open) = (0, vec![ROOT]);
        while let Some(node) = open.pop() {
            match &self.nodes[&node] {
                Node::File(file) => used += file.room() as u64,
                Node::Dir(dir) => open.extend(dir.now.values()),
            }
        }
        used
    }

    // --- names ---

    /// The node that a path leads to, seen from a directory.
    pub(super) fn find(&self, from: NodeId, path: &Path) -> io::Result<NodeId> {
        names(path)?.iter().try_fold(from, |node, name| {
            let dir = self.dir(node).ok_or(io::ErrorKind::NotADirectory)?;
            let child = dir.now.get(name).ok_or(io::ErrorKind::NotFound)?;
            Ok(*child)
        })
    }

    pub(super) fn find_file(&self, from: NodeId, path: &Path) -> io::Result<NodeId> {
        let node = self.find(from, path)?;
        if self.is_dir(node) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        Ok(node)
    }

    pub(super) fn find_dir(&self, from: NodeId, path: &Path) -> io::Result<NodeId> {
        let node = self.find(from, path)?;
        if self.is_dir(node) {
            Ok(node)
        } else {
            Err(io::ErrorKind::NotADirectory.into())
        }
    }

    /// The directory that a path's last name is in, that name, and the node it stands for, if any.
    pub(super) fn find_slot(
        &self,
        from: NodeId,
        path: &Path,
    ) -> io::Result<(NodeId, OsString, Option<NodeId>)> {
        let mut names = names(path)?;
        let name = names.pop().ok_or(io::ErrorKind::InvalidInput)?;
        let dir = self.find_dir(from, &names.iter().collect::<PathBuf>())?;
        if dir != ROOT && self.links(dir) == 0 {
            // A directory that was removed takes no names.
            return Err(io::ErrorKind::NotFound.into());
        }
        let node = self.dir(dir).and_then(|dir| dir.now.get(&name).copied());
        Ok((dir, name, node))
    }

    /// The number of names that lead to a node; the root has one of its own.
    pub(super) fn links(&self, node: NodeId) -> u64 {
        let dirs = self.nodes.keys().filter_map(|id| self.dir(*id));
        let names = dirs.flat_map(|dir| dir.now.values());
        u64::from(node == ROOT) + names.filter(|there| **there == node).count() as u64
    }

    /// The directory that holds another one.
    pub(super) fn parent(&self, node: NodeId) -> Option<NodeId> {
        let holds = |id: &NodeId| {
            let dir = self.dir(*id);
            dir.is_some_and(|dir| dir.now.values().any(|there| *there == node))
        };
        self.nodes.keys().copied().find(holds)
    }

    /// Every file's path and bytes, sorted, as programs see them.
    pub(super) fn files(&self) -> Vec<(PathBuf, Arc<Vec<u8>>)> {
        let mut files = Vec::new();
        let mut open = vec![(PathBuf::new(), ROOT)];
        while let Some((path, node)) = open.pop() {
            match &self.nodes[&node] {
                Node::File(file) => files.push((path, Arc::clone(file.bytes()))),
                Node::Dir(dir) => {
                    let below = dir.now.iter().map(|(name, node)| (path.join(name), *node));
                    open.extend(below);
                }
            }
        }
        files.sort();
        files
    }

    /// Every directory's path, sorted, as programs see them.
    pub(super) fn dirs(&self) -> Vec<PathBuf> {
        let mut dirs = Vec::new();
        let mut open = vec![(PathBuf::new(), ROOT)];
        while let Some((path, node)) = open.pop() {
            if let Some(dir) = self.dir(node) {
                open.extend(dir.now.iter().map(|(name, node)| (path.join(name), *node)));
                dirs.push(path);
            }
        }
        dirs.sort();
        dirs
    }
}

/// The names of a path from the root on. There is no working directory: relative paths begin at the
/// root too.
fn names(path: &Path) -> io::Result<Vec<OsString>> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(Ok(name.to_owned())),
            Component::ParentDir => Some(Err(io::ErrorKind::InvalidInput.into())),
            Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
        })
        .collect()
}
