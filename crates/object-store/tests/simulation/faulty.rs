//! [`FaultyStore`]: one client's way to the bucket, along which a plan decides the fate of each
//! request.

use std::{
    fmt,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, UNIX_EPOCH},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    Result, path::Path,
};
use tokio::sync::{oneshot, watch};

use crate::bucket::{Bucket, Write};

/// What a request does, for a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Create,
    Delete,
    Read,
    List,
}

/// The fate of a request.
#[derive(Clone, Debug)]
pub(crate) enum Fate {
    Answered,
    /// It never arrives.
    Lost,
    /// It takes effect, and no answer comes.
    Unanswered,
    /// No answer comes, and it takes effect so many requests later.
    Late(u64),
    /// It is answered, and arrives once more so many requests later.
    Again(u64),
    /// The store refuses it because of another one at the same time (409).
    Conflict,
    /// The store is busy (503).
    Throttled,
    /// Others that were sent with it overtake it.
    Slow,
    /// The client stalls before it is sent, until it is woken.
    StallsBefore,
    /// The client stalls before the answer reaches it, until it is woken.
    StallsAfter,
    /// This client's machine is gone; the request arrives so many requests later, or never.
    Dies(Option<u64>),
    /// It does not arrive before later requests of this client do, if the client sends any without
    /// its answer; then the client's machine is gone.
    Overtaken,
    /// Before it arrives, something else happens from beginning to end.
    Meanwhile(Meanwhile),
}

/// What happens while a request is under way: blocking calls of other clients.
#[derive(Clone)]
pub(crate) struct Meanwhile(Arc<dyn Fn() + Send + Sync>);

impl Meanwhile {
    pub(crate) fn new(happens: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(happens))
    }

    /// Lets it happen on a thread of its own; its panic is the bucket's.
    async fn happen(&self, bucket: &Bucket) {
        let (done, end) = oneshot::channel();
        let (happens, failures) = (self.0.clone(), bucket.clone());
        thread::spawn(move || {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| happens())) {
                failures.fail(panic);
            }
            let _ = done.send(());
        });
        let _ = end.await;
    }
}

impl fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meanwhile")
    }
}

type Plan = dyn Fn(u64, Kind) -> Fate + Send + Sync;

/// A client. Clones are the same client.
#[derive(Clone)]
pub(crate) struct FaultyStore {
    bucket: Bucket,
    client: Arc<Client>,
}

struct Client {
    name: String,
    plan: Mutex<Arc<Plan>>,
    requests: AtomicU64,
    is_dead: AtomicBool,
    is_stalled: AtomicBool,
    /// May a stalled request go on?
    woken: watch::Sender<bool>,
}

impl FaultyStore {
    /// A client all of whose requests are answered.
    pub(crate) fn new(bucket: &Bucket, name: &str) -> Self {
        Self::planned(bucket, name, |_, _| Fate::Answered)
    }

    /// A client with a plan, which is told the number of a request, from 0, and its kind.
    pub(crate) fn planned(
        bucket: &Bucket,
        name: &str,
        plan: impl Fn(u64, Kind) -> Fate + Send + Sync + 'static,
    ) -> Self {
        let client = Client {
            name: name.to_owned(),
            plan: Mutex::new(Arc::new(plan)),
            requests: AtomicU64::new(0),
            is_dead: AtomicBool::new(false),
            is_stalled: AtomicBool::new(false),
            woken: watch::Sender::new(false),
        };
        Self {
            bucket: bucket.clone(),
            client: Arc::new(client),
        }
    }

    pub(crate) fn set_plan(&self, plan: impl Fn(u64, Kind) -> Fate + Send + Sync + 'static) {
        let mut place = self
            .client
            .plan
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *place = Arc::new(plan);
    }

    /// From now on no request of this client arrives: its machine is gone.
    pub(crate) fn kill(&self) {
        self.client.is_dead.store(true, Ordering::SeqCst);
        self.wake();
    }

    fn is_dead(&self) -> bool {
        self.client.is_dead.load(Ordering::SeqCst)
    }

    /// Requests so far.
    pub(crate) fn requests(&self) -> u64 {
        self.client.requests.load(Ordering::SeqCst)
    }

    /// Whether a request of this client is stalled.
    pub(crate) fn is_stalled(&self) -> bool {
        self.client.is_stalled.load(Ordering::SeqCst)
    }

    /// Lets a stalled request go on.
    pub(crate) fn wake(&self) {
        self.client.woken.send_replace(true);
    }

    fn plan(&self) -> Arc<Plan> {
        let plan = self.client.plan.lock();
        Arc::clone(&plan.unwrap_or_else(PoisonError::into_inner))
    }

    async fn stall(&self) {
        self.client.is_stalled.store(true, Ordering::SeqCst);
        self.bucket
            .note(&format!("      {} stalls", self.client.name));
        let mut woken = self.client.woken.subscribe();
        // The sender is part of this client.
        let _ = woken.wait_for(|woken| *woken).await;
        self.bucket
            .note(&format!("      {} wakes", self.client.name));
        self.client.is_stalled.store(false, Ordering::SeqCst);
    }

    /// Counts a request, and lets happen what comes before it arrives.
    async fn begin(&self, kind: Kind, words: &str) -> Result<Fate> {
        let number = self.client.requests.fetch_add(1, Ordering::SeqCst);
        if self.is_dead() {
            return Err(gone());
        }
        let fate = self.plan()(number, kind);
        match &fate {
            Fate::Slow => {
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
            }
            Fate::StallsBefore => self.stall().await,
            Fate::Meanwhile(meanwhile) => meanwhile.happen(&self.bucket).await,
            Fate::Dies(_) => self.kill(),
            Fate::Overtaken => {
                for _ in 0..40 {
                    if self.requests() > number + 4 {
                        break;
                    }
                    tokio::time::sleep(Duration::from_micros(500)).await;
                }
                self.kill();
            }
            _ => {}
        }
        let dies = matches!(fate, Fate::Dies(_));
        if !dies && self.is_dead() {
            return Err(gone());
        }
        self.bucket
            .begin(&self.client.name, &format!("{words}: {fate:?}"));
        match fate {
            Fate::Throttled => Err(throttled()),
            Fate::Lost | Fate::Dies(None) => Err(timeout()),
            fate => Ok(fate),
        }
    }

    async fn write(&self, kind: Kind, words: &str, write: Write) -> Result<()> {
        match self.begin(kind, words).await? {
            Fate::Conflict => Err(match write {
                Write::Create(path, _) => Error::AlreadyExists {
                    path: path.to_string(),
                    source: "ConditionalRequestConflict".into(),
                },
                Write::Overwrite(..) | Write::Delete(_) => throttled(),
            }),
            Fate::Unanswered => self.bucket.write(&write).and(Err(timeout())),
            Fate::Late(after) | Fate::Dies(Some(after)) => {
                self.bucket.write_later(after, write);
                Err(timeout())
            }
            Fate::Again(after) => {
                let answer = self.bucket.write(&write);
                self.bucket.write_later(after, write);
                answer
            }
            Fate::StallsAfter => {
                let answer = self.bucket.write(&write);
                self.stall().await;
                answer
            }
            _ => self.bucket.write(&write),
        }
    }

    /// What a read or a listing answers.
    async fn read<T>(
        &self,
        kind: Kind,
        words: &str,
        answer: impl FnOnce(&Bucket) -> Result<T>,
    ) -> Result<T> {
        match self.begin(kind, words).await? {
            Fate::Unanswered | Fate::Late(_) | Fate::Dies(_) => Err(timeout()),
            Fate::Conflict => Err(throttled()),
            Fate::StallsAfter => {
                let answer = answer(&self.bucket);
                self.stall().await;
                answer
            }
            _ => answer(&self.bucket),
        }
    }

    async fn list_all(self, prefix: Option<Path>) -> Result<Vec<ObjectMeta>> {
        let words = format!("list {}", prefix.as_ref().map_or("all", Path::as_ref));
        let objects = self
            .read(
                Kind::List,
                &words,
                |bucket| Ok(bucket.list(prefix.as_ref())),
            )
            .await?;
        let objects = objects.into_iter();
        Ok(objects
            .map(|(path, size, written)| meta(path, size, written))
            .collect())
    }
}

fn timeout() -> Error {
    Error::Generic {
        store: "simulated",
        source: "the request timed out".into(),
    }
}

/// What a client is told whose machine is gone: nothing for which it would wait.
fn gone() -> Error {
    Error::PermissionDenied {
        path: String::new(),
        source: "the machine is gone".into(),
    }
}

fn throttled() -> Error {
    Error::Generic {
        store: "simulated",
        source: "the server answered with status code: 503 Slow Down".into(),
    }
}

/// A request takes a millisecond of the store's clock.
fn meta(location: Path, size: u64, written: u64) -> ObjectMeta {
    ObjectMeta {
        location,
        last_modified: (UNIX_EPOCH + Duration::from_millis(written)).into(),
        size,
        e_tag: None,
        version: None,
    }
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        let bytes = Bytes::from(payload);
        let len = bytes.len();
        let (verb, write) = match opts.mode {
            PutMode::Create => ("create", Write::Create(location.clone(), bytes)),
            // Signs of life, on which nothing depends.
            _ if location.as_ref().contains("/owner/") => {
                ("overwrite", Write::Overwrite(location.clone(), bytes))
            }
            mode => panic!("{location} is put as {mode:?}"),
        };
        self.write(
            Kind::Create,
            &format!("{verb} {location} of {len} bytes"),
            write,
        )
        .await?;
        Ok(PutResult {
            e_tag: None,
            version: None,
            extensions: Default::default(),
        })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        _opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        panic!("{location}: an upload in parts is not create-only");
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let what = if options.head { "look at" } else { "read" };
        let words = format!("{what} {location}");
        let bytes = self
            .read(Kind::Read, &words, |bucket| bucket.get(location))
            .await?;
        let size = bytes.len() as u64;
        let range: Range<u64> = match options.range {
            _ if options.head => 0..0,
            None => 0..size,
            Some(range) => range.as_range(size).map_err(|error| Error::Generic {
                store: "simulated",
                source: error.into(),
            })?,
        };
        let bytes = bytes.slice(range.start as usize..range.end as usize);
        Ok(GetResult {
            payload: GetResultPayload::Stream(stream::iter([Ok(bytes)]).boxed()),
            meta: meta(location.clone(), size, 0),
            range,
            attributes: Default::default(),
            extensions: Default::default(),
        })
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let client = self.clone();
        let delete = move |path: Path| {
            let client = client.clone();
            async move {
                let words = format!("delete {path}");
                let write = Write::Delete(path.clone());
                client.write(Kind::Delete, &words, write).await?;
                Ok(path)
            }
        };
        locations.and_then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let objects = self.clone().list_all(prefix.cloned());
        stream::once(objects)
            .map_ok(|objects| stream::iter(objects.into_iter().map(Ok)))
            .try_flatten()
            .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let all = self.clone().list_all(prefix.cloned()).await?;
        let depth = prefix.map_or(0, |prefix| prefix.parts().count()) + 1;
        let (objects, deeper): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|object| object.location.parts().count() == depth);
        let mut common_prefixes: Vec<Path> = deeper
            .iter()
            .map(|object| object.location.parts().take(depth).collect())
            .collect();
        common_prefixes.dedup();
        Ok(ListResult {
            common_prefixes,
            objects,
            extensions: Default::default(),
        })
    }

    async fn copy_opts(&self, from: &Path, to: &Path, _options: CopyOptions) -> Result<()> {
        panic!("{from} is not copied to {to}");
    }
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "simulated bucket of {}", self.client.name)
    }
}

impl fmt::Debug for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.client.name)
    }
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;

    use super::*;

    /// The outcome of creating, before and after two more requests, for each fate.
    #[tokio::test]
    async fn a_fate_is_what_it_says() {
        let create = |store: FaultyStore, name: &'static str| async move {
            let mode = PutOptions::from(PutMode::Create);
            let path = Path::from(name);
            store.put_opts(&path, name.into(), mode).await.map(drop)
        };
        let fates = [
            (Fate::Answered, true, true, true),
            (Fate::Lost, false, false, false),
            (Fate::Unanswered, false, true, true),
            (Fate::Late(2), false, false, true),
            (Fate::Again(2), true, true, true),
            (Fate::Conflict, false, false, false),
            (Fate::Throttled, false, false, false),
            (Fate::Slow, true, true, true),
            (Fate::Dies(Some(2)), false, false, true),
        ];
        for (fate, is_answered, at_once, in_the_end) in fates {
            let bucket = Bucket::default();
            let planned = fate.clone();
            let store = FaultyStore::planned(&bucket, "it", move |_, _| planned.clone());
            let other = FaultyStore::new(&bucket, "other");
            assert_eq!(create(store, "x").await.is_ok(), is_answered, "{fate:?}");
            let there = other.head(&Path::from("x")).await;
            assert_eq!(there.is_ok(), at_once, "{fate:?}");
            let there = other.head(&Path::from("x")).await;
            assert_eq!(there.is_ok(), in_the_end, "{fate:?}");
        }
    }

    #[tokio::test]
    async fn a_delete_that_arrives_again_removes_what_was_created_meanwhile() {
        let bucket = Bucket::default();
        let store = FaultyStore::planned(&bucket, "it", |_, _| Fate::Again(3));
        let other = FaultyStore::new(&bucket, "other");
        let path = Path::from("a/1");
        store.delete(&path).await.unwrap();
        let mode = PutOptions::from(PutMode::Create);
        other
            .put_opts(&path, "x".into(), mode.clone())
            .await
            .unwrap();
        let taken = other.put_opts(&path, "y".into(), mode).await;
        assert!(matches!(taken, Err(Error::AlreadyExists { .. })));
        let gone = other.get(&path).await;
        assert!(matches!(gone, Err(Error::NotFound { .. })));
    }
}
