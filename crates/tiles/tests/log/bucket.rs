//! An object store whose requests get lost, have no answer, or are delivered late.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream::BoxStream};
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt as _, PutMode, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result, memory::InMemory, path::Path,
};

use crate::disk::Files;

/// What becomes of the request that fails. Its sender sees the same in each case.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// It never arrives.
    Lost,
    /// It is done, and its answer is lost.
    Unanswered,
    /// It arrives when [`Bucket::deliver`] is called.
    Late,
}

/// The failure of one request that changes something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure {
    /// Its number, from 0.
    pub(crate) at: usize,
    pub(crate) fate: Fate,
    /// How many further changes are served until the sender dies; `None` if it lives on. Until
    /// then no change of the same object is served.
    pub(crate) served: Option<usize>,
}

/// A change on its way.
enum Change {
    Put(Path, PutPayload, PutOptions),
    Delete(Path),
}

impl Change {
    fn path(&self) -> &Path {
        match self {
            Self::Put(path, ..) | Self::Delete(path) => path,
        }
    }
}

#[derive(Default)]
struct State {
    changes: usize,
    paths: Vec<String>,
    struck: Option<Path>,
    late: Vec<Change>,
}

/// A bucket in memory.
#[derive(Clone, Default)]
pub(crate) struct Bucket {
    objects: Arc<InMemory>,
    state: Arc<Mutex<State>>,
    failure: Option<Failure>,
    /// Writes of tiles wait while it is set.
    closed: Arc<AtomicBool>,
    keeps_no_condition: bool,
}

impl Bucket {
    pub(crate) fn new(files: &Files, failure: Option<Failure>) -> Self {
        let bucket = Self {
            failure,
            ..Self::default()
        };
        for (path, bytes) in files {
            let path = Path::from(path.as_str());
            let done = bucket.objects.put(&path, bytes.clone().into());
            done.now_or_never().unwrap().unwrap();
        }
        bucket
    }

    pub(crate) fn without_conditions() -> Self {
        Self {
            keeps_no_condition: true,
            ..Self::default()
        }
    }

    /// The same objects for a new process; what is under way still is.
    pub(crate) fn restarted(&self) -> Self {
        Self {
            failure: None,
            ..self.clone()
        }
    }

    /// Lets the writes of tiles wait, or go on.
    pub(crate) fn close(&self, closed: bool) {
        self.closed.store(closed, Ordering::SeqCst);
    }

    /// The paths of all changes that were sent, in order.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.state.lock().unwrap().paths.clone()
    }

    pub(crate) fn files(&self) -> Files {
        let found: Vec<ObjectMeta> = self
            .objects
            .list(None)
            .try_collect()
            .now_or_never()
            .unwrap()
            .unwrap();
        let read = |meta: ObjectMeta| {
            let found = self
                .objects
                .get(&meta.location)
                .now_or_never()
                .unwrap()
                .unwrap();
            let bytes = found.bytes().now_or_never().unwrap().unwrap();
            (meta.location.to_string(), bytes.to_vec())
        };
        found.into_iter().map(read).collect()
    }

    /// Delivers what is late.
    pub(crate) fn deliver(&self) {
        let late = std::mem::take(&mut self.state.lock().unwrap().late);
        for change in late {
            // Nobody waits for its answer.
            drop(self.apply(change).now_or_never().unwrap());
        }
    }

    async fn apply(&self, change: Change) -> Result<PutResult> {
        match change {
            Change::Put(path, payload, mut options) => {
                if self.keeps_no_condition {
                    options.mode = PutMode::Overwrite;
                }
                self.objects.put_opts(&path, payload, options).await
            }
            Change::Delete(path) => self.objects.delete(&path).await.map(|()| PutResult {
                e_tag: None,
                version: None,
                extensions: Default::default(),
            }),
        }
    }

    async fn change(&self, change: Change) -> Result<PutResult> {
        while self.closed.load(Ordering::SeqCst) && change.path().as_ref().contains("tile/") {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let fate = {
            let mut state = self.state.lock().unwrap();
            let number = state.changes;
            state.changes += 1;
            state.paths.push(change.path().to_string());
            match self.failure {
                Some(failure) if number == failure.at => {
                    state.struck = Some(change.path().clone());
                    Some(failure.fate)
                }
                Some(Failure {
                    at,
                    served: Some(served),
                    ..
                }) if state.struck.as_ref() == Some(change.path())
                    || number > at.saturating_add(served) =>
                {
                    Some(Fate::Lost)
                }
                _ => None,
            }
        };
        match fate {
            None => return self.apply(change).await,
            Some(Fate::Lost) => {}
            Some(Fate::Unanswered) => drop(self.apply(change).await),
            Some(Fate::Late) => self.state.lock().unwrap().late.push(change),
        }
        Err(gone())
    }

    /// Whether the sender can send nothing more.
    fn is_dead(&self) -> bool {
        let sent = self.state.lock().unwrap().changes;
        let last = |failure: Failure| Some(failure.at.saturating_add(failure.served?));
        self.failure.and_then(last).is_some_and(|last| sent > last)
    }
}

fn gone() -> Error {
    Error::Generic {
        store: "Bucket",
        source: "the connection is gone".into(),
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bucket")
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bucket")
    }
}

#[async_trait]
impl ObjectStore for Bucket {
    async fn put_opts(
        &self,
        path: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.change(Change::Put(path.clone(), payload, options))
            .await
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        unreachable!("no file of a log is that long")
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        if self.is_dead() {
            return Err(gone());
        }
        self.objects.get_opts(path, options).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let bucket = self.clone();
        paths
            .and_then(move |path| {
                let bucket = bucket.clone();
                async move {
                    bucket
                        .change(Change::Delete(path.clone()))
                        .await
                        .map(|_| path)
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.objects.list(prefix)
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        unreachable!("folders are listed whole")
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        unreachable!("nothing is copied")
    }
}
