//! A writer's machine is lost at every request, and another writer takes over, while what the first
//! one sent last is still under way.

use rotortree_store::test_util::watchdog::limit_this_process;

use crate::{
    faulty::{Fate, FaultyStore, Meanwhile},
    history::{case, look, requests_of_sessions, work},
};

/// The requests of the next writer before which the last one of the lost writer lands. All of them
/// where the environment asks for it.
fn delays(requests: u64) -> Vec<u64> {
    if std::env::var_os("ROTORTREE_ALL_STEPS").is_some() {
        return (0..=requests).collect();
    }
    [0, 1, 2, 3, 4, 6, 8, 12, 17, 25, 40]
        .into_iter()
        .filter(|after| *after <= requests)
        .collect()
}

#[test]
fn a_takeover_at_every_request_keeps_what_was_told_whenever_the_last_one_lands() {
    limit_this_process();
    let (first, second) = requests_of_sessions();
    let late = delays(second).into_iter().map(Some);
    for lands in late.chain([None]) {
        for at in 0..first {
            case(
                || format!("the writer is lost at request {at}, which lands after {lands:?}"),
                |bucket, observed| {
                    let plan = move |number, _| match number {
                        number if number == at => Fate::Dies(lands),
                        _ => Fate::Answered,
                    };
                    let lost = FaultyStore::planned(bucket, "lost", plan);
                    drop(work(&lost, 1, observed));
                    let next = FaultyStore::new(bucket, "next");
                    work(&next, 2, observed).unwrap();
                },
            );
        }
    }
}

#[test]
fn what_is_acknowledged_stands_on_no_request_that_is_still_under_way() {
    limit_this_process();
    let (first, _) = requests_of_sessions();
    for at in 0..first {
        case(
            || format!("request {at} is overtaken"),
            |bucket, observed| {
                let plan = move |number, _| match number {
                    number if number == at => Fate::Overtaken,
                    _ => Fate::Answered,
                };
                let lost = FaultyStore::planned(bucket, "lost", plan);
                drop(work(&lost, 1, observed));
            },
        );
    }
}

#[test]
fn a_replica_at_every_request_of_a_takeover_shows_what_stays() {
    limit_this_process();
    let (first, second) = requests_of_sessions();
    // The states of the log and of the levels that a lost writer leaves.
    for at in (0..first).step_by(3) {
        for seen in (0..second).step_by(2) {
            case(
                || format!("the writer is lost at request {at}, a replica looks at {seen}"),
                |bucket, observed| {
                    let plan = move |number, _| match number {
                        number if number == at => Fate::Dies(Some(1 + seen / 2)),
                        _ => Fate::Answered,
                    };
                    let lost = FaultyStore::planned(bucket, "lost", plan);
                    drop(work(&lost, 1, observed));
                    let (there, told) = (bucket.clone(), observed.clone());
                    let looks = Meanwhile::new(move || look(&there, &told));
                    let plan = move |number, _| match number {
                        number if number == seen => Fate::Meanwhile(looks.clone()),
                        _ => Fate::Answered,
                    };
                    let next = FaultyStore::planned(bucket, "next", plan);
                    work(&next, 2, observed).unwrap();
                },
            );
        }
    }
}
