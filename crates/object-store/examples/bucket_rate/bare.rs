//! [`Bare`]: the same store without a tree.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, path::Path};
use rotortree_object_store::ObjectStorage;
use tokio::runtime::{Builder, Runtime};

use crate::{Told, seen::Seen, timed};

/// Requests of one client, one after the other.
pub(crate) struct Bare {
    url: String,
    store: Arc<dyn ObjectStore>,
    prefix: String,
    runtime: Runtime,
    next: AtomicU64,
}

/// A client with the settings of the environment, and the prefix.
fn connect(url: &str) -> Told<(Arc<dyn ObjectStore>, String)> {
    let variables = std::env::vars().map(|(key, value)| (key.to_ascii_lowercase(), value));
    let (store, prefix) = object_store::parse_url_opts(&url.parse()?, variables)?;
    Ok((store.into(), prefix.to_string()))
}

impl Bare {
    pub(crate) fn new(url: &str) -> Told<Self> {
        let (store, prefix) = connect(url)?;
        Ok(Self {
            url: url.to_owned(),
            store,
            prefix,
            runtime: Builder::new_current_thread().enable_all().build()?,
            next: AtomicU64::new(u64::from(std::process::id()) << 32),
        })
    }

    /// A handle on the place, whose reads are seen.
    pub(crate) fn watched(&self) -> Told<(ObjectStorage, Seen)> {
        // A client's connections belong to the runtime that made them.
        let (store, prefix) = connect(&self.url)?;
        let seen = Seen::new(store);
        let handle = ObjectStorage::new(Arc::new(seen.clone()), &prefix);
        Ok((handle, seen))
    }

    /// An object beside the place, which holds nothing foreign.
    fn name(&self, number: u64) -> Path {
        Path::from(format!("{}-bare/{number}", self.prefix))
    }

    /// The time of a creation.
    pub(crate) fn put(&self, bytes: impl Into<Bytes>) -> Told<Duration> {
        let name = self.name(self.next.fetch_add(1, Ordering::Relaxed));
        let options = PutOptions::from(PutMode::Create);
        let put = self.store.put_opts(&name, bytes.into().into(), options);
        timed(|| Ok(self.runtime.block_on(put).map(drop)?))
    }

    /// The time to read so many bytes of the object that was put last.
    pub(crate) fn get(&self, bytes: u64) -> Told<Duration> {
        let name = self.name(self.next.load(Ordering::Relaxed) - 1);
        let get = self.store.get_range(&name, 0..bytes);
        timed(|| Ok(self.runtime.block_on(get).map(drop)?))
    }
}
