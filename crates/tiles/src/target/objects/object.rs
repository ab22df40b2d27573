//! [`Object`]: one object of a store, written with conditions alone.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use object_store::{
    Attribute, Attributes, Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions,
    PutPayload, Result, UpdateVersion, path::Path,
};

use super::super::HttpHeaders;

/// How often a write is sent before its error is final.
const TRIES: usize = 4;

/// Bytes, and the version of the object that has them.
type Found = Option<(Vec<u8>, UpdateVersion)>;

/// The path of an object, or of the folder of several.
pub(super) struct Object {
    store: Arc<dyn ObjectStore>,
    path: Path,
}

impl Object {
    pub(super) fn new(store: Arc<dyn ObjectStore>, path: Path) -> Self {
        Self { store, path }
    }

    /// The object, or `None` if there is none.
    pub(super) async fn read(&self) -> Result<Found> {
        match self.store.get(&self.path).await {
            Ok(found) => {
                let (e_tag, version) = (found.meta.e_tag.clone(), found.meta.version.clone());
                let bytes = found.bytes().await?.into();
                Ok(Some((bytes, UpdateVersion { e_tag, version })))
            }
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts bytes in the place of what is there, whatever that is.
    pub(super) async fn put(&self, bytes: Vec<u8>, headers: Option<HttpHeaders>) -> Result<()> {
        // Most objects are new.
        self.settle(None, &bytes, headers, |_| true).await.map(drop)
    }

    /// Puts bytes in the place of others. `false` if others are there.
    pub(super) async fn exchange(&self, old: Option<Vec<u8>>, new: Vec<u8>) -> Result<bool> {
        let is_old = |found: &Found| found.as_ref().map(|(bytes, _)| bytes) == old.as_ref();
        self.settle(self.read().await?, &new, None, is_old).await
    }

    /// Writes over `found` as long as `may_replace` agrees. A write that was refused or has no
    /// answer may be done all the same: the object says.
    async fn settle(
        &self,
        mut found: Found,
        bytes: &[u8],
        headers: Option<HttpHeaders>,
        may_replace: impl Fn(&Found) -> bool,
    ) -> Result<bool> {
        let mut tries = 0;
        let mut failure = None;
        loop {
            let is_done = found.as_ref().is_some_and(|(found, _)| found == bytes);
            match failure {
                Some(_) if is_done => return Ok(true),
                _ if !may_replace(&found) => return Ok(false),
                Some(error) if tries == TRIES => return Err(error),
                _ => tries += 1,
            }
            match self.write(found, bytes, headers).await {
                Ok(()) => return Ok(true),
                Err(error) if is_open(&error) => failure = Some(error),
                Err(error) => return Err(error),
            }
            found = self.read().await?;
        }
    }

    /// Writes if the object is still what was found.
    async fn write(&self, found: Found, bytes: &[u8], headers: Option<HttpHeaders>) -> Result<()> {
        let mode = match found {
            Some((_, version)) => PutMode::Update(version),
            None => PutMode::Create,
        };
        let attributes: Attributes = headers.map_or_else(Attributes::new, |headers| {
            [
                (Attribute::ContentType, headers.content_type),
                (Attribute::CacheControl, headers.cache_control),
            ]
            .into_iter()
            .collect()
        });
        let options = PutOptions {
            mode,
            attributes,
            ..PutOptions::default()
        };
        let payload = PutPayload::from(bytes.to_vec());
        let done = self.store.put_opts(&self.path, payload, options).await;
        done.map(drop)
    }

    /// Whether the store refuses a second creation, and a write over a version that is gone.
    pub(super) async fn keeps_to_conditions(&self) -> Result<bool> {
        let stale = loop {
            match self.read().await? {
                Some(stale) => break stale,
                None => self.put(b"0".to_vec(), None).await?,
            }
        };
        // Each probe has other bytes: a version may be a checksum of them.
        let number: u64 = String::from_utf8_lossy(&stale.0).parse().unwrap_or(0);
        let next = number.wrapping_add(1).to_string().into_bytes();
        self.put(next, None).await?;
        for found in [None, Some(stale)] {
            match self.write(found, b"0", None).await {
                Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {}
                Err(error) => return Err(error),
                Ok(()) => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Removes all objects below the path.
    pub(super) async fn remove_all(self) -> Result<()> {
        let found: Vec<_> = self.store.list(Some(&self.path)).try_collect().await?;
        for object in found {
            match self.store.delete(&object.location).await {
                Ok(()) | Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Whether a failed write may be done, or may be done by another try.
fn is_open(error: &Error) -> bool {
    matches!(
        error,
        Error::Generic { .. } | Error::AlreadyExists { .. } | Error::Precondition { .. }
    )
}
