//! Long random histories with faults and crashes, against a model of the acknowledged entries.
//!
//! A failing seed is printed; `ROTORTREE_SEED=<seed> cargo test -p rotortree-store --test crash
//! random` runs it alone. `ROTORTREE_RANDOM_RUNS` (default 300) is the number of histories.

use std::io::ErrorKind;

use rotortree_store::test_util::sim_files::{Bound, Call, Effect, Fault, SimFiles};

use crate::silence::silence_planned_panics;

use super::{
    check::{Reference, recover},
    faults::{Run, Watchdog},
    setting,
    workload::{STEPS, Step},
};

/// SplitMix64: one seed, one history.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

fn fault(random: &mut Random) -> Fault {
    let effect = match random.below(6) {
        0 => Effect::Error(ErrorKind::StorageFull),
        1 => Effect::LoseSync(ErrorKind::Other),
        2 => Effect::ErrorAfter(ErrorKind::Other),
        3 => Effect::Short(100),
        4 => Effect::Panic,
        _ => Effect::Error(ErrorKind::Other),
    };
    let fault = Fault::new(random.below(12), effect);
    let fault = match effect {
        Effect::LoseSync(_) => fault.on(Call::Sync),
        Effect::Short(_) => fault.on(if random.one_in(2) {
            Call::ReadAt
        } else {
            Call::WriteAt
        }),
        _ => fault,
    };
    if random.one_in(4) {
        fault.for_good()
    } else {
        fault
    }
}

/// Runs one history; how many crashes, faults and steps it had.
fn history(seed: u64, reference: &mut Reference) -> (u64, u64, u64) {
    let random = &mut Random(seed);
    let mut files = SimFiles::new();
    let mut run = Run::<2>::new();
    let (mut crashes, mut faults, mut steps) = (0, 0, 0);
    run.open(&files);
    for _ in 0..20 + random.below(60) {
        if random.one_in(10) {
            files.inject(fault(random));
            faults += 1;
        }
        let step = STEPS[random.below(STEPS.len() as u64) as usize];
        run.step(&files, if run.is_failed() { Step::Reopen } else { step });
        steps += 1;
        if random.one_in(8) {
            // The power goes; any subset of the unsynced writes has reached the disk.
            let images = files.crash_images(Bound {
                garbage: random.one_in(2),
                ..Bound::new(6, random.next())
            });
            let image = images.into_iter().nth(random.below(6) as usize % 6);
            run.abandon();
            if let Some(image) = image {
                files = image.files;
                crashes += 1;
            }
            files.heal();
            run.open(&files);
            assert!(
                run.is_open(),
                "after a crash, without faults, the store opens"
            );
        } else if run.is_failed() && random.one_in(2) {
            files.heal();
        }
    }
    run.abandon();
    files.heal();
    let (history, durable) = run.into_history();
    let accepted = history.states.len() - 1;
    drop(recover::<2>(
        &files,
        &history,
        (durable, accepted),
        reference,
    ));
    assert!(files.violations().is_empty(), "{:?}", files.violations());
    (crashes, faults, steps)
}

#[test]
fn random_histories_with_faults_and_crashes_keep_every_promise() {
    let watchdog = Watchdog::start();
    let mut reference = Reference::default();
    let alone = std::env::var("ROTORTREE_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seeds: Vec<u64> = match alone {
        Some(seed) => vec![seed],
        None => (0..setting("ROTORTREE_RANDOM_RUNS", 300) as u64).collect(),
    };
    let mut totals = (0, 0, 0);
    silence_planned_panics();
    for seed in seeds {
        watchdog.case(format!(
            "replay with ROTORTREE_SEED={seed} cargo test -p rotortree-store --test crash random"
        ));
        let (crashes, faults, steps) = history(seed, &mut reference);
        totals = (totals.0 + crashes, totals.1 + faults, totals.2 + steps);
    }
    println!(
        "{} steps, {} faults, {} crashes",
        totals.2, totals.1, totals.0
    );
    assert!(alone.is_some() || totals.0 > 0 && totals.1 > 0);
}
