//! Writers that fight for a place, each a process of its own that is stopped and woken, and
//! replicas beside them, while the store may be killed.
//!
//! A store that told two writers that they had created one name has broken its promise. It is
//! counted apart, and what comes of it in that place is not held against the tree.

mod answers;
mod writer;

use std::{
    env,
    io::Write as _,
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use object_store::path::Path;
use rotortree_hasher::Blake3Hasher;
use rotortree_object_store::ObjectStorage;
use rotortree_store::test_util::watchdog::limit_this_process;

use self::{
    answers::{Answering, Answers},
    writer::{Said, Writer},
};
use crate::{
    backend::tree,
    observed::{Observed, Tree},
    place::{fresh, gateway, gateways, store},
};

/// How long they fight, unless the environment says otherwise.
const SECONDS: u64 = 5;
/// The longest that they fight for one place.
const ROUND: Duration = Duration::from_secs(150);
/// Short, so that a stopped writer loses its place soon.
const HEARTBEAT: Duration = Duration::from_millis(300);
/// A stopped writer gives no sign of life for so long.
const STOP: Duration = HEARTBEAT.saturating_mul(4);

/// What came of all rounds.
#[derive(Default)]
struct Counts {
    takeovers: AtomicU64,
    appends: AtomicU64,
    leaves: AtomicU64,
    looks: AtomicU64,
    stops: AtomicU64,
    refusals: AtomicU64,
    losses: AtomicU64,
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

/// A fight for one place.
struct Round<'a> {
    path: Path,
    until: Instant,
    observed: Observed,
    answers: Arc<Answers>,
    counts: &'a Counts,
}

impl Round<'_> {
    fn goes_on(&self) -> bool {
        Instant::now() < self.until
    }

    /// The place by the way of one gateway.
    fn storage(&self, number: usize) -> ObjectStorage {
        let answers = Arc::clone(&self.answers);
        let answering = Answering::new(gateway(number), move |answer| answers.note(answer));
        storage(answering, &self.path)
    }

    fn run(&self) {
        let left = self.until.saturating_duration_since(Instant::now());
        let writers = [0, 1].map(|number| Writer::start(&self.path, number, left));
        thread::scope(|scope| {
            for writer in &writers {
                scope.spawn(|| writer.listen(|said| self.hear(said)));
            }
            scope.spawn(|| self.stop_and_wake(&writers));
            for number in [0, 1] {
                scope.spawn(move || self.look(number));
            }
        });
        // A store that was killed last may still be coming back.
        let last = (0..30).find_map(|_| tree(self.storage(0).take_over(true)).ok());
        let last = last.expect("the store is back");
        self.observed.check(&last);
        add(&self.counts.leaves, self.observed.least());
    }

    /// Stops one writer after the other for longer than it may rest, and wakes it.
    fn stop_and_wake(&self, writers: &[Writer]) {
        for writer in writers.iter().cycle() {
            thread::sleep(Duration::from_secs(1));
            if !self.goes_on() {
                return;
            }
            writer.stop();
            thread::sleep(STOP);
            writer.wake();
            add(&self.counts.stops, 1);
        }
    }

    fn hear(&self, said: Said) {
        match said {
            Said::Took => add(&self.counts.takeovers, 1),
            Said::Refused => add(&self.counts.refusals, 1),
            Said::Lost => add(&self.counts.losses, 1),
            Said::Told { first, leaves } => {
                self.observed.acknowledge(first, &leaves);
                add(&self.counts.appends, 1);
            }
            Said::Answer(answer) => self.answers.note(&answer),
        }
    }

    /// Opens a replica, and looks at it again and again.
    fn look(&self, number: usize) {
        while self.goes_on() {
            let least = self.observed.least();
            let storage = Arc::new(self.storage(number));
            let Ok(replica) = Tree::on(storage).open_read_only(Blake3Hasher) else {
                thread::sleep(Duration::from_millis(100));
                continue;
            };
            self.observed.look(&replica, least);
            for _ in 0..50 {
                let least = self.observed.least();
                if !self.goes_on() || replica.refresh().is_err() {
                    break;
                }
                self.observed.look(&replica, least);
                add(&self.counts.looks, 1);
                thread::sleep(Duration::from_millis(30));
            }
        }
    }
}

/// A place as a writer or a replica has it.
fn storage(answering: Answering, path: &Path) -> ObjectStorage {
    let storage = ObjectStorage::new(Arc::new(answering), path.as_ref());
    let storage = storage.heartbeat(HEARTBEAT).shard_chunks(1024);
    storage.deadline(Duration::from_secs(20))
}

#[test]
#[ignore = "`cargo xtask bucket` runs it, with a store"]
fn writers_that_fight_for_a_place_lose_nothing_that_was_told() {
    limit_this_process();
    let seconds = env::var("ROTORTREE_FIGHT_SECONDS");
    let seconds = seconds.map_or(SECONDS, |seconds| seconds.parse().unwrap());
    let end = Instant::now() + Duration::from_secs(seconds);
    let (_, below) = store();
    let counts = Counts::default();
    let (mut rounds, mut requests, mut faults, mut broken) = (0, 0, 0, 0);
    while rounds == 0 || Instant::now() < end {
        let answers = Arc::new(Answers::default());
        let round = Round {
            path: fresh(&below),
            until: end.min(Instant::now() + ROUND),
            observed: Observed::default(),
            answers: Arc::clone(&answers),
            counts: &counts,
        };
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| round.run()));
        rounds += 1;
        requests += answers.count();
        let twice = answers.made_twice();
        faults += twice.len();
        match outcome {
            Err(_) if !twice.is_empty() => broken += 1,
            Err(panic) => panic::resume_unwind(panic),
            Ok(()) => {}
        }
    }
    let Counts {
        takeovers,
        appends,
        leaves,
        looks,
        stops,
        refusals,
        losses,
    } = &counts;
    let [takeovers, appends, leaves, looks, stops, refusals, losses] =
        [takeovers, appends, leaves, looks, stops, refusals, losses]
            .map(|count| count.load(Ordering::Relaxed));
    writeln!(
        std::io::stdout(),
        "{seconds} s in {rounds} places, {} gateways: {leaves} leaves acknowledged in {appends} \
         appends; {takeovers} takeovers, {refusals} refusals, {stops} stops of a writer, {losses} \
         losses of the place or the store; {looks} refreshes; {requests} requests; {faults} names \
         that the store let two create, which broke {broken} places",
        gateways().len()
    )
    .unwrap();
    assert!(takeovers > 1 && appends > 1 && looks > 1 && stops > 0);
}
