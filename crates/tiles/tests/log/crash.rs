//! The loss of power at every step of a publish.

use rotortree_tiles::{GUARD_PATH, PublishError, Publisher};

use crate::{
    disk::{Disk, Failure, Files},
    sample::{ORIGIN, Witnessed, entry, forked_tree, head, read_all, tree},
};

/// Publishes the tree over `size` entries, of which those from `fork` on are others.
fn publish(disk: &Disk, signer: &Witnessed, size: u64, fork: u64) -> Result<(), PublishError> {
    let publisher = Publisher::new(disk.clone(), ORIGIN, signer.clone());
    let entry = |index| Ok(entry(u8::from(index >= fork), index));
    publisher.publish(&forked_tree(size, fork), entry).map(drop)
}

fn publish_sizes(signer: &Witnessed, sizes: &[u64]) -> Files {
    let disk = Disk::default();
    for size in sizes {
        publish(&disk, signer, *size, u64::MAX).unwrap();
    }
    let [files] = <[Files; 1]>::try_from(disk.survivors()).unwrap();
    files
}

/// What the interrupted publish left is whole, the next publish does the rest, and a fork is
/// refused wherever its size may have been signed.
pub(crate) fn check(files: &Files, signer: &Witnessed, old: u64, new: u64) {
    let named = match files.contains_key("checkpoint") {
        true => read_all(files.clone()).size,
        false => 0,
    };
    assert!(named == old || named == new, "{named}");

    let disk = Disk::new(files.clone(), None);
    publish(&disk, &signer.fork(), new, u64::MAX).unwrap();
    for files in disk.survivors() {
        assert_eq!(read_all(files), head(&tree(new)));
    }
    // A store that was restored to the old size and has grown in another way.
    let disk = Disk::new(files.clone(), None);
    let forked = publish(&disk, signer, new, old);
    let may_be_signed = files.get(GUARD_PATH).is_some_and(|guard| {
        String::from_utf8_lossy(guard).lines().nth(2) == Some(&new.to_string())
    });
    assert_eq!(forked.is_err(), may_be_signed && new > old);
    if let Err(error) = forked {
        assert!(matches!(error, PublishError::Forked { .. }), "{error}");
        assert_eq!(
            disk.calls(),
            0,
            "nothing is written before a fork is refused"
        );
    }
}

#[test]
fn power_is_lost_at_every_step() {
    let mut states = 0;
    for sizes in [
        &[][..],
        &[1],
        &[200],
        &[255, 256],
        &[200, 300],
        &[300, 300, 511],
    ] {
        let old = sizes.last().copied().unwrap_or(0);
        for new in [old, old + 1, 256, 520]
            .into_iter()
            .filter(|new| *new >= old)
        {
            let files = publish_sizes(&Witnessed::new(), sizes);
            let whole = Disk::new(files.clone(), None);
            publish(&whole, &Witnessed::new(), new, u64::MAX).unwrap();
            for at in 0..whole.calls() {
                for done in [false, true] {
                    let disk = Disk::new(files.clone(), Some(Failure { at, done }));
                    let signer = Witnessed::new();
                    let failed = publish(&disk, &signer, new, u64::MAX).unwrap_err();
                    assert!(matches!(failed, PublishError::Target(_)), "{failed}");
                    for files in disk.survivors() {
                        // Each survivor is a world of its own, with the same past of signatures.
                        let signer = signer.fork();
                        check(&files, &signer, old, new);
                        signer.expect_one_root_a_size();
                        states += 1;
                    }
                }
            }
        }
    }
    println!("{states} states after a loss of power");
    assert!(states > 1000, "{states}");
}

/// The whole target was restored to an old state; the second guard was not.
#[test]
fn a_second_guard_knows_what_a_restored_target_does_not() {
    let (signer, second) = (Witnessed::new(), Disk::default());
    let publish = |files: Files, size, fork| {
        let target = Disk::new(files, None);
        let publisher = Publisher::new(target.clone(), ORIGIN, signer.clone())
            .with_second_guard(second.clone());
        let entry = |index| Ok(entry(u8::from(index >= fork), index));
        let done = publisher.publish(&forked_tree(size, fork), entry);
        done.map(|_| target.survivors().remove(0))
    };
    let old = publish(Files::new(), 100, u64::MAX).unwrap();
    let new = publish(old.clone(), 300, u64::MAX).unwrap();

    for fork in [100, 299] {
        let error = publish(old.clone(), 300, fork).unwrap_err();
        assert!(matches!(error, PublishError::Forked { .. }), "{error}");
    }
    let error = publish(old.clone(), 200, u64::MAX).unwrap_err();
    assert!(
        matches!(error, PublishError::Shrunk { size: 200, .. }),
        "{error}"
    );
    // The same tree is published again, and both guards go on.
    let again = publish(old, 300, u64::MAX).unwrap();
    assert_eq!(read_all(again), read_all(new.clone()));
    publish(new, 301, u64::MAX).unwrap();
    signer.expect_one_root_a_size();
}

/// The second guard is written first, and is ahead of the target's when the target then fails.
#[test]
fn the_second_guard_holds_where_the_target_fails() {
    let signer = Witnessed::new();
    let publish = |target: &Disk, second: &Disk, fork| {
        let publisher = Publisher::new(target.clone(), ORIGIN, signer.clone())
            .with_second_guard(second.clone());
        let entry = |index| Ok(entry(u8::from(index >= fork), index));
        publisher.publish(&forked_tree(9, fork), entry).map(drop)
    };
    // Two tiles and a sync; the call after them is the target's guard.
    let (at, done) = (3, false);
    let (target, second) = (
        Disk::new(Files::new(), Some(Failure { at, done })),
        Disk::default(),
    );
    publish(&target, &second, u64::MAX).unwrap_err();
    let files = target.survivors().remove(0);
    assert!(!files.contains_key(GUARD_PATH) && second.calls() == 1);

    let restarted = Disk::new(files, None);
    let error = publish(&restarted, &second, 5).unwrap_err();
    assert!(matches!(error, PublishError::Forked { .. }), "{error}");
    publish(&restarted, &second, u64::MAX).unwrap();
    signer.expect_one_root_a_size();
}
