//! Units in packs: what one writer puts travels in few objects under names that are used once, and
//! an index, an object as well, says which pack has a unit. A locator is the id of an index.

mod ahead;
mod index;
mod merge;
mod source;
mod view;
mod writer;

use std::{
    collections::HashSet,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rotortree_store::{StorageError, storage::Locator};

pub(crate) use self::{
    ahead::Ahead,
    index::{Index, Retired},
    source::Source,
    view::View,
    writer::PackWriter,
};
use crate::{
    client::{Client, damage},
    frame::Kind,
    id::{ID_BYTES, Id},
    names,
};

/// The most bytes of an index.
const MOST_INDEX_BYTES: u64 = 256 << 20;
/// Indexes that a handle keeps: those of the last manifests and of batches ahead of them.
const KEPT_INDEXES: usize = 8;

/// The packs of a place, and the indexes that were read last.
#[derive(Debug)]
pub(crate) struct Packs {
    client: Arc<Client>,
    pub(crate) source: Source,
    /// The one used last stands last.
    indexes: Mutex<Vec<(Id, Arc<Index>)>>,
    gone: Mutex<Gone>,
}

/// Objects that no later index names.
#[derive(Debug, Default)]
struct Gone {
    /// What the collector removed last, which the next index does not mention any more.
    collected: HashSet<Retired>,
    /// What writers of this handle made and gave up: nothing names it, and nothing ever will.
    given_up: HashSet<Retired>,
}

impl Packs {
    pub(crate) fn new(client: Arc<Client>, source: Source) -> Self {
        Self {
            client,
            source,
            indexes: Mutex::default(),
            gone: Mutex::default(),
        }
    }

    /// The index that a locator names.
    ///
    /// # Errors
    /// `NotFound` for one that is not there, `InvalidData` for a damaged one.
    pub(crate) fn index(&self, locator: &Locator) -> io::Result<Arc<Index>> {
        let Some(id) = self.id(locator)? else {
            return Ok(Arc::default());
        };
        if let Some(index) = self.kept(id) {
            return Ok(index);
        }
        let name = names::index(id);
        let full_name = self.client.full_name(&name);
        let Some((kind, body)) = self.client.get_framed(&name, MOST_INDEX_BYTES)? else {
            let text = format!("cannot read the object {full_name}: it is not there");
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        };
        let index = Index::decode(&body).filter(|_| kind == Kind::Index);
        let index = index.ok_or_else(|| {
            damage(StorageError::DataCorruption {
                file: full_name,
                offset: 0,
                reason: "it is no index of packs".into(),
            })
        })?;
        let index = Arc::new(index);
        self.keep(id, &index);
        Ok(index)
    }

    /// The id in a locator; `None` in the one that names nothing.
    pub(crate) fn id(&self, locator: &Locator) -> io::Result<Option<Id>> {
        let bytes = locator.as_bytes();
        match <&[u8; ID_BYTES]>::try_from(bytes) {
            Ok(bytes) => Ok(Some(Id::decode(bytes))),
            Err(_) if bytes.is_empty() => Ok(None),
            Err(_) => Err(damage(StorageError::DataCorruption {
                file: self.client.full_name(names::INDEXES),
                offset: 0,
                reason: format!("{locator:?} names no index: it is another backend's"),
            })),
        }
    }

    fn gone(&self) -> MutexGuard<'_, Gone> {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what the collector removed last.
    pub(crate) fn note_collected(&self, collected: HashSet<Retired>) {
        self.gone().collected = collected;
    }

    fn is_collected(&self, retired: &Retired) -> bool {
        self.gone().collected.contains(retired)
    }

    /// Notes objects whose writer failed, or was dropped before it told a locator.
    fn give_up(&self, made: impl IntoIterator<Item = Retired>) {
        self.gone().given_up.extend(made);
    }

    /// Whether a writer of this handle made an object and gave it up.
    pub(crate) fn is_given_up(&self, made: &Retired) -> bool {
        self.gone().given_up.contains(made)
    }

    fn kept(&self, id: Id) -> Option<Arc<Index>> {
        let mut indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        let at = indexes.iter().position(|(kept, _)| *kept == id)?;
        let used = indexes.remove(at);
        let index = Arc::clone(&used.1);
        indexes.push(used);
        Some(index)
    }

    fn keep(&self, id: Id, index: &Arc<Index>) {
        let mut indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        if indexes.len() == KEPT_INDEXES {
            indexes.remove(0);
        }
        indexes.push((id, Arc::clone(index)));
    }
}
