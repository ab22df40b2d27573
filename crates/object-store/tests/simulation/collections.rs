//! Collections at every moment: nothing is removed that a writer or a reader goes by.

use std::time::Duration;

use rotortree_store::test_util::watchdog::limit_this_process;

use crate::{
    faulty::{Fate, FaultyStore, Meanwhile},
    history::{
        append, case, leaves, look, open, replica, requests_of_sessions, session, storage,
        storage_with,
    },
};

#[test]
fn a_collection_at_every_request_of_a_writer_removes_nothing_that_is_needed() {
    limit_this_process();
    let (first, second) = requests_of_sessions();
    for at in 0..first + second {
        case(
            || format!("a collection at request {at}"),
            |bucket, observed| {
                let (there, told) = (bucket.clone(), observed.clone());
                let collects = Meanwhile::new(move || {
                    // Everything is old, whatever is under way.
                    there.pass(1000);
                    let collector = FaultyStore::new(&there, "collector");
                    storage(&collector).collect_orphans().unwrap();
                    look(&there, &told);
                });
                let plan = move |number, _| match number {
                    number if number == at => Fate::Meanwhile(collects.clone()),
                    _ => Fate::Answered,
                };
                let client = FaultyStore::planned(bucket, "writer", plan);
                // One collection at a time: the time of another one would pass too.
                session(&client, 1, observed, |_| Ok(())).unwrap();
                session(&client, 2, observed, |_| Ok(())).unwrap();
            },
        );
    }
}

/// A reader goes by what it knows for half of the grace: until then the name behind its manifest is
/// not collected.
#[test]
fn a_reader_that_rested_within_the_grace_sees_what_was_acknowledged_meanwhile() {
    limit_this_process();
    case(
        || "one reader, and collections".to_owned(),
        |bucket, observed| {
            let hour = Duration::from_secs(3600);
            let client = FaultyStore::new(bucket, "writer");
            let storage = storage_with(&client, hour);
            let tree = open(&storage).unwrap();
            append(&tree, &leaves(1, 0, 700), observed).unwrap();
            tree.checkpoint().unwrap();
            let rested = replica(&FaultyStore::new(bucket, "rested")).unwrap();
            for round in 1..6 {
                append(&tree, &leaves(1, 1000 * round, 300), observed).unwrap();
                tree.checkpoint().unwrap();
                // Well within the hour.
                bucket.pass(60_000);
                storage.collect_orphans().unwrap();
            }
            let least = observed.least();
            rested.refresh().unwrap();
            observed.look(&rested, least);
        },
    );
}
