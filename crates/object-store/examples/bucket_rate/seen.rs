//! [`Seen`]: a store that counts the rounds of reads, and the pages of listings.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use futures_util::{StreamExt, stream::BoxStream};
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, path::Path,
};

/// Objects in a page of a listing.
const PAGE: u64 = 1000;

/// Clones share their counts.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    store: Arc<dyn ObjectStore>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    under_way: AtomicU64,
    reads: AtomicU64,
    rounds: AtomicU64,
    pages: AtomicU64,
}

/// What was seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) reads: u64,
    /// Reads that are under way together are one.
    pub(crate) rounds: u64,
    pub(crate) pages: u64,
}

impl Seen {
    pub(crate) fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self {
            store,
            counts: Arc::default(),
        }
    }

    /// What was seen since the last call.
    pub(crate) fn take(&self) -> Look {
        let take = |count: &AtomicU64| count.swap(0, Ordering::Relaxed);
        Look {
            reads: take(&self.counts.reads),
            rounds: take(&self.counts.rounds),
            pages: take(&self.counts.pages),
        }
    }
}

impl Seen {
    /// Counts the pages of a listing.
    fn counted(
        &self,
        listed: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let counts = Arc::clone(&self.counts);
        counts.pages.fetch_add(1, Ordering::Relaxed);
        let counted = listed.enumerate().inspect(move |(index, _)| {
            let begins = *index > 0 && (*index as u64).is_multiple_of(PAGE);
            counts.pages.fetch_add(u64::from(begins), Ordering::Relaxed);
        });
        counted.map(|(_, object)| object).boxed()
    }
}

#[async_trait]
impl ObjectStore for Seen {
    async fn put_opts(&self, at: &Path, body: PutPayload, opts: PutOptions) -> Result<PutResult> {
        self.store.put_opts(at, body, opts).await
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.store.put_multipart_opts(at, opts).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        let counts = &self.counts;
        counts.reads.fetch_add(1, Ordering::Relaxed);
        if counts.under_way.fetch_add(1, Ordering::Relaxed) == 0 {
            counts.rounds.fetch_add(1, Ordering::Relaxed);
        }
        let got = self.store.get_opts(at, options).await;
        counts.under_way.fetch_sub(1, Ordering::Relaxed);
        got
    }

    fn delete_stream(
        &self,
        each: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.store.delete_stream(each)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.counted(self.store.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.counted(self.store.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.store.copy_opts(from, to, options).await
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}
