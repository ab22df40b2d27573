//! [`Appender`]: entries of all connections on their way into the tree, on one thread.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use metrics::Histogram;
use rotortree::{
    AnyTree, DurabilityToken, Hash, RotorTreeError, StorageError, TreeError, TreeHead,
};
use tokio::{
    sync::{mpsc, oneshot},
    task,
};

use crate::{
    body::Room,
    problem::{Code, Problem},
    source,
};

/// Entries that one sync is asked for.
const GROUP: usize = 1024;

/// Leaves, metadata or both.
pub(crate) struct Entry {
    pub(crate) leaves: Vec<Hash>,
    pub(crate) metadata: Option<Vec<u8>>,
    pub(crate) expected_size: Option<u64>,
}

/// Where a durable entry stands: the index of its first leaf, and the head behind it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) first: u64,
    pub(crate) head: TreeHead,
}

/// Who waits for an entry, and what it holds meanwhile.
struct Waiter {
    answer: oneshot::Sender<Told>,
    /// The share of the memory for bodies, also if the client is gone.
    room: Room,
}

/// What a waiter is told, and whom it tells.
struct Told {
    outcome: Outcome,
    others: Others,
}

type Outcome = Result<Place, Problem>;

/// The waiters that share a sync with the first of them. Its task tells them when it drops this
/// value: a thread of the runtime wakes a task for a fraction of what another thread pays, which
/// goes through a queue of all threads. Whatever becomes of that task, they are told.
#[derive(Default)]
struct Others(Vec<(Waiter, Outcome)>);

impl Drop for Others {
    fn drop(&mut self) {
        for (waiter, outcome) in self.0.drain(..) {
            waiter.tell(outcome, Self::default());
        }
    }
}

impl Waiter {
    /// Frees the memory first: the client may send the next body once it has the answer.
    fn tell(self, outcome: Outcome, others: Others) {
        drop(self.room);
        // The client may be gone.
        drop(self.answer.send(Told { outcome, others }));
    }
}

enum Message {
    Append(Entry, Waiter),
    /// Takes nothing more.
    Stop,
}

/// Appends entries in the order in which they come. All entries that are there when a sync ends
/// share the next one, so that a connection waits for at most two. Handlers send at most as many
/// entries as a limit says.
pub(crate) struct Appender {
    messages: mpsc::Sender<Message>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Appender {
    /// Appends to `tree`, with at most `limit` entries that wait. `sizes` is told how many entries
    /// share a sync.
    pub(crate) fn start(
        tree: Arc<dyn AnyTree>,
        limit: usize,
        sizes: Histogram,
    ) -> std::io::Result<Self> {
        let (messages, receiver) = mpsc::channel(limit.max(1));
        let thread = thread::Builder::new()
            .name("rotortree-append".to_owned())
            .spawn(move || run(&*tree, receiver, &sizes))?;
        Ok(Self {
            messages,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Appends an entry, and waits until it is durable.
    pub(crate) async fn append(&self, entry: Entry, room: Room) -> Outcome {
        let (answer, told) = oneshot::channel();
        let waiter = Waiter { answer, room };
        self.messages
            .try_send(Message::Append(entry, waiter))
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => {
                    Problem::new(Code::Overloaded, "too many appends wait for the disk")
                }
                mpsc::error::TrySendError::Closed(_) => stopped(),
            })?;
        let Told { outcome, others } = told.await.map_err(|_| stopped())?;
        drop(others);
        outcome
    }

    /// Takes nothing more, and returns once every entry that was taken has its answer.
    pub(crate) async fn stop(&self) {
        // The thread is gone if the message has no receiver.
        let _ = self.messages.send(Message::Stop).await;
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // A panic of the thread has dropped its answers, which told the clients.
            drop(task::spawn_blocking(|| thread.join()).await);
        }
    }
}

fn stopped() -> Problem {
    Problem::new(
        Code::Stopping,
        "the server stops, and takes no more entries",
    )
}

/// An entry that the tree has, and that may wait for the disk.
struct Taken {
    place: Place,
    /// `None` for an entry that the tree had already.
    token: Option<DurabilityToken>,
    waiter: Waiter,
}

fn run(tree: &dyn AnyTree, mut messages: mpsc::Receiver<Message>, sizes: &Histogram) {
    let mut group = Vec::new();
    while messages.blocking_recv_many(&mut group, GROUP) > 0 {
        let mut taken = Vec::with_capacity(group.len());
        for message in group.drain(..) {
            let Message::Append(entry, waiter) = message else {
                // What came before is still taken.
                messages.close();
                continue;
            };
            // A hash function or a hook of the program may panic. The next entries are taken.
            let outcome = panic::catch_unwind(AssertUnwindSafe(|| take(tree, &entry)));
            match outcome.unwrap_or_else(|_| Err(Problem::panicked())) {
                Ok((place, token)) => taken.push(Taken {
                    place,
                    token,
                    waiter,
                }),
                Err(problem) => waiter.tell(Err(problem), Others::default()),
            }
        }
        sizes.record(taken.len() as f64);
        answer(tree, taken);
    }
}

/// Waits for the disk, once for all entries, and answers.
fn answer(tree: &dyn AnyTree, taken: Vec<Taken>) {
    if taken.is_empty() {
        return;
    }
    let synced = tree.flush();
    let mut told = taken.into_iter().map(|taken| {
        let Taken {
            place,
            token,
            waiter,
        } = taken;
        let is_durable = match &token {
            Some(token) => token.is_durable(),
            None => tree.durable_size() >= place.head.size,
        };
        let outcome = match &synced {
            Err(error) if !is_durable => Err(problem_of(error)),
            _ => Ok(place),
        };
        (waiter, outcome)
    });
    if let Some((first, outcome)) = told.next() {
        first.tell(outcome, Others(told.collect()));
    }
}

/// The same problem for each of the entries that shared a sync.
fn problem_of(error: &StorageError) -> Problem {
    match error {
        StorageError::FlushFailed(cause) => StorageError::FlushFailed(Arc::clone(cause)).into(),
        StorageError::Unavailable(cause) => StorageError::Unavailable(Arc::clone(cause)).into(),
        StorageError::Closed => StorageError::Closed.into(),
        other => Problem::new(Code::WritingOff, other.to_string()),
    }
}

/// Appends an entry in memory.
fn take(tree: &dyn AnyTree, entry: &Entry) -> Result<(Place, Option<DurabilityToken>), Problem> {
    let mut append = tree.append(&entry.leaves);
    if let Some(metadata) = &entry.metadata {
        append = append.metadata(metadata);
    }
    if let Some(size) = entry.expected_size {
        append = append.at(size);
    }
    match append.submit() {
        Ok(token) => {
            let head = token.head().unwrap_or(TreeHead::EMPTY);
            let first = token.leaf_range().start;
            Ok((Place { first, head }, Some(token)))
        }
        Err(RotorTreeError::Tree(TreeError::SizeMismatch { expected, .. })) => {
            let place = again(tree, expected, &entry.leaves)?;
            place
                .map(|place| (place, None))
                .ok_or_else(|| differs(tree, expected))
        }
        Err(error) => Err(error.into()),
    }
}

/// The place of leaves that the tree has already, at the size at which they were expected: the
/// entry comes again, since its first answer was lost.
fn again(tree: &dyn AnyTree, first: u64, leaves: &[Hash]) -> Result<Option<Place>, Problem> {
    let snapshot = tree.snapshot();
    let Some(end) = first.checked_add(leaves.len() as u64) else {
        return Ok(None);
    };
    if leaves.is_empty() || end > snapshot.size() {
        return Ok(None);
    }
    let mut there = vec![[0; 32]; leaves.len()];
    snapshot.read_nodes(0, first, &mut there)?;
    if there != leaves {
        return Ok(None);
    }
    let head = source::head(&*snapshot.snapshot_at(end)?);
    Ok(Some(Place { first, head }))
}

fn differs(tree: &dyn AnyTree, expected: u64) -> Problem {
    let head = tree.head().unwrap_or(TreeHead::EMPTY);
    let size = head.size;
    let message = if expected > size {
        format!("the tree has {size} leaves, and {expected} are expected")
    } else {
        format!("the tree has {size} leaves, and other ones than these from {expected} on")
    };
    let durable = source::head(&*tree.durable_snapshot());
    Problem::new(Code::SizeDiffers, message)
        .next("read what the tree has, and append what is missing at its size")
        .head(durable)
}
