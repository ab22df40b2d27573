//! Writers that fight for one place, and replicas beside them, while the store may be killed.

use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use object_store::path::Path;
use rotortree_hasher::{Blake3Hasher, Hash};
use rotortree_object_store::ObjectStorage;
use rotortree_store::test_util::watchdog::limit_this_process;

use crate::{
    backend::{open, tree},
    observed::{Observed, Tree},
    place::{fresh, store},
};

/// How long they fight, unless the environment says otherwise.
const SECONDS: u64 = 5;

#[derive(Default)]
struct Counts {
    takeovers: AtomicU64,
    appends: AtomicU64,
    looks: AtomicU64,
    failures: AtomicU64,
}

struct Fight {
    path: Path,
    until: Instant,
    observed: Observed,
    counts: Counts,
}

impl Fight {
    fn goes_on(&self) -> bool {
        Instant::now() < self.until
    }

    fn storage(&self) -> ObjectStorage {
        open(&self.path).deadline(Duration::from_secs(20))
    }

    fn count(counter: &AtomicU64) -> u64 {
        counter.fetch_add(1, Ordering::Relaxed)
    }

    /// Takes the place, writes until it is lost, and takes it again.
    fn write(&self, writer: u64) {
        let mut next = 0_u64;
        while self.goes_on() {
            if let Ok(tree) = tree(self.storage().take_over(true)) {
                Self::count(&self.counts.takeovers);
                while self.goes_on() {
                    let count = if next.is_multiple_of(7) {
                        700
                    } else {
                        1 + next % 5
                    };
                    let leaves: Vec<Hash> = (0..count).map(|at| leaf(writer, next, at)).collect();
                    next += 1;
                    let Ok(placed) = tree.append(&leaves).durable() else {
                        break;
                    };
                    self.observed.acknowledge(placed.leaf_range.start, &leaves);
                    Self::count(&self.counts.appends);
                    if next.is_multiple_of(9) && tree.checkpoint().is_err() {
                        break;
                    }
                }
            }
            Self::count(&self.counts.failures);
            // The other one gets some work done.
            thread::sleep(Duration::from_millis(400 + 300 * writer));
        }
    }

    /// Opens a replica, and looks at it again and again.
    fn look(&self) {
        while self.goes_on() {
            let least = self.observed.least();
            let storage = Arc::new(self.storage());
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
                Self::count(&self.counts.looks);
            }
        }
    }
}

fn leaf(writer: u64, append: u64, at: u64) -> Hash {
    let mut leaf = [0; 32];
    for (bytes, field) in leaf
        .as_chunks_mut::<8>()
        .0
        .iter_mut()
        .zip([writer, append, at])
    {
        *bytes = field.to_le_bytes();
    }
    leaf
}

#[test]
#[ignore = "`cargo xtask bucket` runs it, with a store"]
fn writers_that_fight_for_a_place_lose_nothing_that_was_told() {
    limit_this_process();
    let seconds = std::env::var("ROTORTREE_FIGHT_SECONDS");
    let seconds = seconds.map_or(SECONDS, |seconds| seconds.parse().unwrap());
    let (_, below) = store();
    let fight = Fight {
        path: fresh(&below),
        until: Instant::now() + Duration::from_secs(seconds),
        observed: Observed::default(),
        counts: Counts::default(),
    };
    thread::scope(|scope| {
        for writer in 1..=2 {
            let fight = &fight;
            scope.spawn(move || fight.write(writer));
        }
        for _ in 0..2 {
            scope.spawn(|| fight.look());
        }
    });
    // A store that was killed last may still be coming back.
    let last = (0..30).find_map(|_| tree(fight.storage().take_over(true)).ok());
    let last = last.expect("the store is back");
    fight.observed.check(&last);
    let Counts {
        takeovers,
        appends,
        looks,
        failures,
    } = &fight.counts;
    let [takeovers, appends, looks, failures] =
        [takeovers, appends, looks, failures].map(|count| count.load(Ordering::Relaxed));
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{seconds} s: {} leaves in {appends} appends, {takeovers} takeovers, {failures} times the \
         place or the store was lost, {looks} refreshes",
        last.size()
    )
    .unwrap();
    assert!(takeovers > 1 && appends > 1 && looks > 1);
}
