//! [`Source`]: the tree that the server answers from, owned or viewed.

use std::{
    ops::ControlFlow,
    sync::{Arc, OnceLock},
    time::Duration,
};

use rotortree::{AnyReadOnly, AnySnapshot, AnyTree, Following, Hasher, RotorTreeError, TreeHead};
use tokio::sync::watch;

use crate::problem::{Code, Problem};

/// How often a view looks for what its writer did.
const LOOK: Duration = Duration::from_millis(50);

/// A tree or a view of one. Every answer comes from what is durable.
pub(crate) struct Source {
    tree: Tree,
    /// The newest durable head, once a client follows it.
    heads: OnceLock<watch::Receiver<TreeHead>>,
}

pub(crate) enum Tree {
    Owned(Arc<dyn AnyTree>),
    Viewed {
        view: Arc<dyn AnyReadOnly>,
        /// Keeps the view fresh.
        _following: Following,
    },
}

impl Source {
    pub(crate) fn owned(tree: Arc<dyn AnyTree>) -> Self {
        Self::new(Tree::Owned(tree))
    }

    /// The view is refreshed from here on. An error of a refresh is seen in the age of the view.
    pub(crate) fn viewed(view: Arc<dyn AnyReadOnly>) -> Result<Self, RotorTreeError> {
        let following = view.follow(LOOK, Box::new(|_| ControlFlow::Continue(())))?;
        Ok(Self::new(Tree::Viewed {
            view,
            _following: following,
        }))
    }

    fn new(tree: Tree) -> Self {
        Self {
            tree,
            heads: OnceLock::new(),
        }
    }

    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The durable state now. Blocks on nothing.
    pub(crate) fn snapshot(&self) -> Arc<dyn AnySnapshot> {
        match &self.tree {
            Tree::Owned(tree) => tree.durable_snapshot(),
            Tree::Viewed { view, .. } => view.snapshot(),
        }
    }

    pub(crate) fn head(&self) -> TreeHead {
        head(&*self.snapshot())
    }

    /// The durable state now, or when the tree had `size` leaves. Reads nodes for an earlier size.
    pub(crate) fn snapshot_at(&self, size: Option<u64>) -> Result<Arc<dyn AnySnapshot>, Problem> {
        let now = self.snapshot();
        match size {
            Some(size) if size > now.size() => Err(beyond("size", size, &*now)),
            Some(size) if size < now.size() => Ok(now.snapshot_at(size)?),
            _ => Ok(now),
        }
    }

    /// The newest durable head and its successors. One task serves all followers. Called within a
    /// runtime.
    pub(crate) fn heads(&self) -> watch::Receiver<TreeHead> {
        let heads = self.heads.get_or_init(|| {
            let (sender, receiver) = watch::channel(self.head());
            match &self.tree {
                Tree::Owned(tree) => {
                    let mut heads = tree.durable_heads();
                    tokio::spawn(async move {
                        while let Some(head) = heads.next().await {
                            sender.send_replace(head);
                        }
                    });
                }
                Tree::Viewed { view, .. } => {
                    tokio::spawn(follow(Arc::clone(view), sender));
                }
            }
            receiver
        });
        heads.clone()
    }

    /// The fingerprint of the tree's hash function.
    pub(crate) fn fingerprint(&self) -> rotortree::Hash {
        let snapshot = self.snapshot();
        snapshot.hasher().fingerprint(snapshot.arity())
    }
}

async fn follow(view: Arc<dyn AnyReadOnly>, heads: watch::Sender<TreeHead>) {
    loop {
        let version = view.version();
        heads.send_replace(head(&*view.snapshot()));
        if view.newer_than(version).await.is_err() {
            // The view tries again, at the same pace.
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// The head of a state.
pub(crate) fn head(snapshot: &dyn AnySnapshot) -> TreeHead {
    snapshot.head().unwrap_or(TreeHead::EMPTY)
}

/// An index or size that the durable tree does not have.
pub(crate) fn beyond(what: &str, number: u64, snapshot: &dyn AnySnapshot) -> Problem {
    let size = snapshot.size();
    let message = format!("the durable tree has {size} leaves, and {what} {number} is beyond them");
    Problem::new(Code::OutOfRange, message).head(head(snapshot))
}
