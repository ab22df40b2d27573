//! Long histories with several writers, replicas and fates at random, each from a seed.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use rotortree_object_store::ObjectStorage;
use rotortree_store::{RotorTreeError, StorageError, test_util::watchdog::limit_this_process};

use crate::{
    bucket::Bucket,
    faulty::{Fate, FaultyStore, Kind},
    history::{GRACE, append, case, leaves, open, replica, storage},
    observed::{Observed, Replica, Tree},
};

/// A generator of which only the seed counts (SplitMix64).
#[derive(Clone)]
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    /// The fate of a request, of which one in `odds` is a bad one.
    fn fate(&mut self, kind: Kind, odds: u64) -> Fate {
        if self.below(odds) > 0 {
            return Fate::Answered;
        }
        let after = 1 + self.below(40);
        let writes = matches!(kind, Kind::Create | Kind::Delete);
        match self.below(7) {
            0 => Fate::Lost,
            1 => Fate::Unanswered,
            2 | 3 if writes => Fate::Late(after),
            4 | 5 if writes => Fate::Again(after),
            2 => Fate::Conflict,
            3 => Fate::Throttled,
            _ => Fate::Slow,
        }
    }
}

/// A writer that is owner, or was and does not know better.
struct Writer {
    client: FaultyStore,
    storage: Arc<ObjectStorage>,
    tree: Tree,
    number: u64,
    appended: u64,
}

struct World<'a> {
    bucket: &'a Bucket,
    observed: &'a Observed,
    random: Random,
    writers: Vec<Writer>,
    /// Each with the times of its last look, by the store's clock and by this machine's.
    replicas: Vec<(Replica, Duration, Instant)>,
    started: u64,
    /// Acknowledged appends, takeovers, and looks of replicas.
    counts: [u64; 3],
}

impl World<'_> {
    fn client(&mut self, name: &str) -> FaultyStore {
        self.started += 1;
        let random = Mutex::new(Random(self.random.below(u64::MAX)));
        FaultyStore::planned(
            self.bucket,
            &format!("{name} {}", self.started),
            move |_, kind| random.lock().unwrap().fate(kind, 8),
        )
    }

    fn step(&mut self) {
        match self.random.below(20) {
            0 | 1 => self.take_over(),
            2 => self.lose_a_machine(),
            3..=6 => self.look(),
            7 => self.collect(),
            8 | 9 => self.with_a_writer(|tree, _, _| Ok(tree.checkpoint()?)),
            10 => self.with_a_writer(|tree, leaves, told| append(tree, &leaves(600), told)),
            _ => self.with_a_writer(|tree, leaves, told| append(tree, &leaves(1), told)),
        }
    }

    fn take_over(&mut self) {
        let client = self.client("writer");
        // A store that cannot be opened now can be opened later.
        let storage = storage(&client);
        let Ok(tree) = open(&storage) else { return };
        self.counts[1] += 1;
        self.writers.push(Writer {
            client,
            storage,
            tree,
            number: self.started,
            appended: 0,
        });
        if self.writers.len() > 3 {
            drop(self.writers.remove(0));
        }
    }

    /// Any of the writers collects, the one that was fenced long ago as well.
    fn collect(&mut self) {
        if !self.writers.is_empty() {
            let which = self.random.below(self.writers.len() as u64) as usize;
            // What it did not come to is there for the next one.
            drop(self.writers[which].storage.collect_orphans());
        }
    }

    fn lose_a_machine(&mut self) {
        if !self.writers.is_empty() {
            let which = self.random.below(self.writers.len() as u64) as usize;
            let writer = self.writers.remove(which);
            writer.client.kill();
        }
    }

    fn with_a_writer(
        &mut self,
        act: impl Fn(&Tree, &dyn Fn(u64) -> Vec<[u8; 32]>, &Observed) -> Result<(), RotorTreeError>,
    ) {
        if self.writers.is_empty() {
            return self.take_over();
        }
        let which = self.random.below(self.writers.len() as u64) as usize;
        let writer = &mut self.writers[which];
        let (number, from) = (writer.number, writer.appended);
        writer.appended += 1000;
        let fresh = |count| leaves(number, from, count);
        match act(&writer.tree, &fresh, self.observed) {
            Ok(()) => self.counts[0] += 1,
            Err(RotorTreeError::Storage(StorageError::Unavailable(_))) => {
                // Nothing is in doubt: it goes on as soon as its requests are answered.
                writer.client.set_plan(|_, _| Fate::Answered);
                let went_on = writer.tree.flush();
                let fenced = matches!(went_on, Err(StorageError::FlushFailed(_)));
                assert!(went_on.is_ok() || fenced, "{went_on:?}");
            }
            Err(_) => drop(self.writers.remove(which)),
        }
    }

    fn look(&mut self) {
        if self.replicas.len() < 2 {
            let client = self.client("replica");
            let least = self.observed.least();
            if let Ok(replica) = replica(&client) {
                self.observed.look(&replica, least);
                let now = (self.bucket.time(), Instant::now());
                self.replicas.push((replica, now.0, now.1));
            }
            return;
        }
        let which = self.random.below(2) as usize;
        let (replica, store, here) = &mut self.replicas[which];
        // A reader looks anew behind half of the grace, by its own clock, which is no slower.
        if self.bucket.time() - *store >= GRACE / 2 {
            thread::sleep((GRACE / 2).saturating_sub(here.elapsed()));
        }
        let least = self.observed.least();
        if replica.refresh().is_ok() {
            self.counts[2] += 1;
            self.observed.look(replica, least);
        }
        (*store, *here) = (self.bucket.time(), Instant::now());
        if self.random.below(10) == 0 {
            drop(self.replicas.remove(which));
        }
    }
}

#[test]
fn long_histories_keep_what_was_told() {
    limit_this_process();
    let runs = std::env::var("ROTORTREE_RANDOM_RUNS").map_or(12, |runs| runs.parse().unwrap());
    let mut total = [0; 3];
    for seed in 0..runs {
        let run = |bucket: &Bucket, observed: &Arc<Observed>| {
            let mut world = World {
                bucket,
                observed,
                random: Random(seed),
                writers: Vec::new(),
                replicas: Vec::new(),
                started: 0,
                counts: [0; 3],
            };
            for _ in 0..120 {
                world.step();
            }
            for (total, count) in total.iter_mut().zip(world.counts) {
                *total += count;
            }
        };
        case(|| format!("seed {seed}"), run);
    }
    let [appends, takeovers, looks] = total;
    assert!(
        appends > 20 * runs && takeovers > 3 * runs && looks > 3 * runs,
        "{runs} histories: {appends} appends, {takeovers} takeovers, {looks} refreshes"
    );
}
