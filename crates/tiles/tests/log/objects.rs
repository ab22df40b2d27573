//! A log in an object store, whatever becomes of its requests.

use std::{sync::Arc, thread, time::Duration};

use futures_util::FutureExt as _;
use object_store::{Attribute, ObjectStoreExt as _, memory::InMemory, path::Path};
use rotortree_tiles::{
    GUARD_PATH, HttpHeaders, ObjectTarget, Operation, PublishError, Publisher, Target,
};

use crate::{
    bucket::{Bucket, Failure, Fate},
    crash,
    disk::Files,
    sample::{self, ORIGIN, Witnessed, entry, head, log, read_all, tree},
};

const FATES: [Fate; 3] = [Fate::Lost, Fate::Unanswered, Fate::Late];

fn target(bucket: &Bucket) -> ObjectTarget {
    ObjectTarget::new(Arc::new(bucket.clone()), "").unwrap()
}

fn publish(bucket: &Bucket, signer: &Witnessed, size: u64) -> Result<(), PublishError> {
    let publisher = Publisher::new(target(bucket), ORIGIN, signer.clone());
    publisher
        .publish(&tree(size), |index| Ok(entry(0, index)))
        .map(drop)
}

/// The objects behind publishes of these sizes, and the number of changes of one more.
fn past(sizes: &[u64], new: u64) -> (Files, usize) {
    let bucket = Bucket::default();
    for size in sizes {
        publish(&bucket, &Witnessed::new(), *size).unwrap();
    }
    let files = bucket.files();
    let whole = Bucket::new(&files, None);
    publish(&whole, &Witnessed::new(), new).unwrap();
    (files, whole.paths().len())
}

/// Every history of the past, and each size that follows.
fn histories() -> impl Iterator<Item = (Vec<u64>, u64)> {
    [&[][..], &[1], &[200], &[255, 256], &[200, 300]]
        .into_iter()
        .flat_map(|sizes| {
            let old = sizes.last().copied().unwrap_or(0);
            let new = [old, old + 1, 520];
            new.map(|new| (sizes.to_vec(), new))
        })
}

#[test]
fn the_publisher_dies_at_every_request() {
    let mut states = 0;
    for (sizes, new) in histories() {
        let (files, changes) = past(&sizes, new);
        let old = sizes.last().copied().unwrap_or(0);
        for at in 0..changes {
            for (fate, late_at_once) in FATES
                .into_iter()
                .zip([false; 3])
                .chain([(Fate::Late, true)])
            {
                for served in [0, 2, usize::MAX] {
                    let failure = Failure {
                        at,
                        fate,
                        served: Some(served),
                    };
                    let bucket = Bucket::new(&files, Some(failure));
                    let signer = Witnessed::new();
                    match publish(&bucket, &signer, new) {
                        Err(PublishError::Target(_)) => {}
                        // It read that the object is as it should be.
                        Ok(()) => assert_eq!(read_all(bucket.files()), head(&tree(new))),
                        Err(error) => panic!("{failure:?}: {error}"),
                    }
                    crash::check(&bucket.files(), &signer.fork(), old, new);

                    if late_at_once {
                        bucket.deliver();
                    }
                    let bucket = bucket.restarted();
                    publish(&bucket, &signer, new + 1).unwrap();
                    bucket.deliver();
                    assert_eq!(
                        read_all(bucket.files()),
                        head(&tree(new + 1)),
                        "{failure:?}"
                    );
                    signer.expect_one_root_a_size();
                    states += 1;
                }
            }
        }
    }
    println!("{states} states after the death of a publisher");
    assert!(states > 1000, "{states}");
}

/// The publisher settles it by itself, by reading what it does not know.
#[test]
fn one_request_fails_and_the_publisher_goes_on() {
    for (sizes, new) in histories() {
        let (files, changes) = past(&sizes, new);
        for (at, fate) in (0..changes).flat_map(|at| FATES.map(|fate| (at, fate))) {
            let bucket = Bucket::new(
                &files,
                Some(Failure {
                    at,
                    fate,
                    served: None,
                }),
            );
            let signer = Witnessed::new();
            match publish(&bucket, &signer, new) {
                Ok(()) => {}
                // The next publish repeats a removal, and the probe.
                Err(PublishError::Target(error))
                    if error.operation == Operation::Remove || error.path == "probe" =>
                {
                    publish(&bucket, &signer, new).unwrap();
                }
                Err(error) => panic!("{fate:?} at {at}: {error}"),
            }
            assert_eq!(
                read_all(bucket.files()),
                head(&tree(new)),
                "{fate:?} at {at}"
            );
            publish(&bucket, &signer, new + 1).unwrap();
            bucket.deliver();
            assert_eq!(
                read_all(bucket.files()),
                head(&tree(new + 1)),
                "{fate:?} at {at}"
            );
            signer.expect_one_root_a_size();
        }
    }
}

#[test]
fn of_two_publishers_one_records_its_head() {
    let bucket = Bucket::default();
    let [a, b] = [target(&bucket), target(&bucket)];
    assert!(a.exchange(GUARD_PATH, None, b"a").unwrap());
    assert!(!b.exchange(GUARD_PATH, None, b"b").unwrap());
    assert!(
        !b.exchange(GUARD_PATH, None, b"a").unwrap(),
        "as if it were its own"
    );
    assert!(b.exchange(GUARD_PATH, Some(b"a"), b"b").unwrap());
    assert!(!a.exchange(GUARD_PATH, Some(b"a"), b"c").unwrap());
    assert_eq!(a.get(GUARD_PATH).unwrap().as_deref(), Some(&b"b"[..]));
}

#[test]
fn a_store_that_ignores_conditions_is_refused() {
    let bucket = Bucket::without_conditions();
    let failed = publish(&bucket, &Witnessed::new(), 3).unwrap_err();
    assert!(
        failed.to_string().contains("keep to the conditions"),
        "{failed}"
    );
    assert_eq!(bucket.files().keys().collect::<Vec<_>>(), ["probe"]);
    // To read from it is no risk.
    assert_eq!(target(&bucket).get("checkpoint").unwrap(), None);
}

#[test]
fn the_guard_waits_for_every_tile_and_the_checkpoint_for_the_guard() {
    let bucket = Bucket::default();
    bucket.close(true);
    let publisher = {
        let bucket = bucket.clone();
        thread::spawn(move || publish(&bucket, &Witnessed::new(), 520))
    };
    // The tiles are under way. What does not wait for them comes now.
    thread::sleep(Duration::from_millis(100));
    let sent = bucket.paths();
    assert!(sent.iter().all(|path| path == "probe"), "{sent:?}");
    bucket.close(false);
    publisher.join().unwrap().unwrap();
    let sent = bucket.paths();
    let tiles = sent.iter().filter(|path| path.starts_with("tile/")).count();
    // Five of the probe, each new tile once, the guard and the checkpoint.
    assert_eq!((tiles, sent.len()), (7, 5 + 7 + 2), "{sent:?}");
    assert_eq!(&sent[sent.len() - 2..], [GUARD_PATH, "checkpoint"]);
}

#[test]
fn a_store_that_never_answers_is_given_up() {
    let bucket = Bucket::default();
    bucket.close(true);
    let target = target(&bucket).with_deadline(Duration::from_millis(20));
    let failed = sample::publish(target, &tree(3)).unwrap_err();
    assert!(failed.to_string().contains("longer than 20ms"), "{failed}");
    assert!(!bucket.files().contains_key("checkpoint"));
}

#[test]
fn a_later_change_of_a_path_follows_an_earlier_one() {
    let bucket = Bucket::default();
    let target = target(&bucket);
    for round in 0..20u8 {
        target.put("tile/0/000.p/1", &[round]).unwrap();
        assert_eq!(target.get("tile/0/000.p/1").unwrap(), Some(vec![round]));
        target.put("tile/0/000.p/1", &[round, 1]).unwrap();
        target.put("tile/0/000.p/1", &[round, 2]).unwrap();
        target.put("tile/0/000", &[round]).unwrap();
        target.remove_folder("tile/0/000.p").unwrap();
        target.put("tile/0/000.p/2", &[round]).unwrap();
        target.sync().unwrap();
        let files = bucket.files();
        assert!(!files.contains_key("tile/0/000.p/1"), "removed behind it");
        assert_eq!(files["tile/0/000.p/2"], [round], "put behind the removal");
        assert_eq!(
            files["tile/0/000"],
            [round],
            "in no folder that was removed"
        );
    }
}

#[test]
fn objects_carry_the_headers_of_their_paths() {
    let store = Arc::new(InMemory::new());
    let target = ObjectTarget::new(store.clone(), "a/log").unwrap();
    sample::publish(target, &tree(300)).unwrap();
    for path in [
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/entries/000",
        "checkpoint",
        GUARD_PATH,
    ] {
        let full = Path::from(format!("a/log/{path}"));
        let found = store.get(&full).now_or_never();
        let attributes = found.unwrap().unwrap().attributes;
        let found = [Attribute::ContentType, Attribute::CacheControl]
            .map(|name| attributes.get(&name).map(|value| value.to_string()));
        let expected = HttpHeaders::of(path)
            .map(|headers| [headers.content_type, headers.cache_control].map(str::to_owned));
        assert_eq!(
            found,
            expected.map_or([None, None], |[a, b]| [Some(a), Some(b)]),
            "{path}"
        );
    }
}

#[test]
fn a_target_is_used_inside_asynchronous_code() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let bucket = Bucket::default();
    runtime.block_on(async {
        publish(&bucket, &Witnessed::new(), 3).unwrap();
        let mut client = rotortree_tiles::Client::new(target(&bucket), log());
        assert_eq!(client.follow().unwrap(), head(&tree(3)));
    });
    let error = ObjectTarget::new(Arc::new(bucket), "a//b").err().unwrap();
    assert_eq!(error.operation, Operation::Read);
}
