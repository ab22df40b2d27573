//! [`Answers`]: what a store said to each request, and whether it let one name be created twice.

use std::{
    collections::BTreeMap,
    env, fmt,
    fs::{File, OpenOptions},
    io::Write as _,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use futures_util::{StreamExt, stream::BoxStream};
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    path::Path,
};

/// The answers of a store in one place, of all its clients. They are added to the file that
/// `ROTORTREE_ANSWERS` names.
pub(super) struct Answers {
    count: AtomicU64,
    /// How often a creation of each name succeeded.
    made: Mutex<BTreeMap<String, u64>>,
    file: Option<Mutex<File>>,
}

impl Default for Answers {
    fn default() -> Self {
        let path = env::var_os("ROTORTREE_ANSWERS");
        let open = |path| {
            let file = OpenOptions::new().append(true).create(true).open(path);
            Mutex::new(file.unwrap())
        };
        Self {
            count: AtomicU64::new(0),
            made: Mutex::default(),
            file: path.map(open),
        }
    }
}

impl Answers {
    pub(super) fn note(&self, answer: &str) {
        self.count.fetch_add(1, Ordering::Relaxed);
        if let Some(file) = &self.file {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            writeln!(file, "{answer}").unwrap();
        }
        if let Some(name) = answer.strip_prefix(MADE) {
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            *made.entry(name.to_owned()).or_default() += 1;
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Names of which more than one creation succeeded. Nothing is collected meanwhile, so no name
    /// is ever free again.
    pub(super) fn made_twice(&self) -> Vec<String> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let twice = made.iter().filter(|(_, count)| **count > 1);
        twice.map(|(name, _)| name.clone()).collect()
    }
}

/// The answer to a creation that succeeded, up to the name.
const MADE: &str = "create ok ";

/// A store whose answers are told.
pub(super) struct Answering {
    store: Arc<dyn ObjectStore>,
    tell: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Answering {
    pub(super) fn new(
        store: Arc<dyn ObjectStore>,
        tell: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        Self {
            store,
            tell: Arc::new(tell),
        }
    }

    fn tell<T>(&self, verb: &str, path: &Path, answer: Result<T>) -> Result<T> {
        let outcome = match &answer {
            Ok(_) => "ok",
            Err(Error::NotFound { .. }) => "absent",
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => "taken",
            Err(_) => "failed",
        };
        (self.tell)(&format!("{verb} {outcome} {path}"));
        answer
    }
}

impl fmt::Debug for Answering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answering")
    }
}

impl fmt::Display for Answering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answering")
    }
}

#[async_trait]
impl ObjectStore for Answering {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        let verb = match opts.mode {
            PutMode::Create => "create",
            _ => "overwrite",
        };
        let answer = self.store.put_opts(location, payload, opts).await;
        self.tell(verb, location, answer)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.store.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let answer = self.store.get_opts(location, options).await;
        self.tell("get", location, answer)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let tell = Arc::clone(&self.tell);
        let deleted = self.store.delete_stream(locations);
        let told = deleted.inspect(move |answer| match answer {
            Ok(path) => tell(&format!("delete ok {path}")),
            Err(_) => tell("delete failed"),
        });
        told.boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        (self.tell)(&format!("list {}", prefix.map_or("", Path::as_ref)));
        self.store.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.store.copy_opts(from, to, options).await
    }
}
