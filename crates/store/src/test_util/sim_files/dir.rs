//! [`DirNode`]: one directory, as programs see it and as the disk has it.

use std::{collections::BTreeMap, ffi::OsString};

/// A file or directory, whatever its name.
pub(super) type NodeId = u64;

/// A change of a directory's names; each reaches the disk whole or not at all.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Link {
        name: OsString,
        node: NodeId,
    },
    Unlink {
        name: OsString,
    },
    Rename {
        from: OsString,
        to: OsString,
        node: NodeId,
    },
}

pub(super) type Names = BTreeMap<OsString, NodeId>;

/// One directory.
#[derive(Debug, Clone, Default)]
pub(super) struct DirNode {
    /// The names that programs see.
    pub(super) now: Names,
    /// The names that are certainly on the disk.
    pub(super) disk: Names,
    /// Changes since the last sync, each with the operation that made it.
    pub(super) changes: Vec<(usize, Change)>,
}

impl DirNode {
    pub(super) fn change(&mut self, operation: usize, change: Change) {
        apply(&mut self.now, &change);
        self.changes.push((operation, change));
    }

    pub(super) fn sync(&mut self) {
        self.changes.clear();
        self.disk = self.now.clone();
    }

    /// The names after a crash, with the changes that `taken` selects.
    pub(super) fn after_crash(&self, taken: impl Fn(usize) -> bool) -> Names {
        let mut names = self.disk.clone();
        for (index, (_, change)) in self.changes.iter().enumerate() {
            if taken(index) {
                apply(&mut names, change);
            }
        }
        names
    }

    /// Every node that a name here stands for now, on the disk, or after some crash.
    pub(super) fn possible(&self) -> impl Iterator<Item = NodeId> {
        let changed = self.changes.iter().filter_map(|(_, change)| match change {
            Change::Link { node, .. } | Change::Rename { node, .. } => Some(*node),
            Change::Unlink { .. } => None,
        });
        self.now
            .values()
            .chain(self.disk.values())
            .copied()
            .chain(changed)
    }
}

fn apply(names: &mut Names, change: &Change) {
    match change {
        Change::Link { name, node } => {
            names.insert(name.clone(), *node);
        }
        Change::Unlink { name } => {
            names.remove(name);
        }
        Change::Rename { from, to, node } => {
            // The old name may never have reached the disk, or stand for another file there.
            if names.get(from) == Some(node) {
                names.remove(from);
            }
            names.insert(to.clone(), *node);
        }
    }
}
