//! Views: states and files of every age, damage that a lookup meets, trees that are not a later
//! state, a writer beside them.

use std::{collections::HashMap, fs, thread};

use rotortree_index::{FileFault, IndexError, IndexView};
use rotortree_lean_imt::AnySnapshot;
use rotortree_store::{ReadOnly, fs::FsStorage};

use super::*;

type Reader = ReadOnly<Blake3Hasher, 2, 40>;

fn reader(storage: &Arc<dyn Storage>) -> Reader {
    Tree::on(Arc::clone(storage))
        .verify_checkpoint(false)
        .open_read_only(Blake3Hasher)
        .unwrap()
}

fn memory() -> Arc<dyn Storage> {
    Arc::new(MemoryStorage::new())
}

/// Compares a view with the state that it shows: it answers as a map does, or says that it covers
/// less.
fn check(view: &IndexView) {
    let tree = view.snapshot();
    let (covered, size) = (view.covered(), tree.size());
    let mut map = HashMap::new();
    for (index, leaf) in (0..).zip(tree.leaves(..).unwrap()) {
        map.entry(leaf.unwrap()).or_insert(index);
    }
    for (leaf, &index) in &map {
        match view.find(leaf) {
            Ok(found) => assert_eq!(found, Some(index)),
            Err(IndexError::Behind {
                covered: told,
                size: of,
            }) => {
                assert!(index >= covered && (told, of) == (covered, size), "{index}");
            }
            Err(error) => panic!("{error}"),
        }
    }
    let absent = view.find(&leaf(u64::MAX));
    match covered < size {
        true => assert!(matches!(absent, Err(IndexError::Behind { .. }))),
        false => assert_eq!(absent.unwrap(), None),
    }
}

#[test]
fn a_view_answers_for_the_state_that_it_shows_whatever_its_file_covers() {
    // What the file covers, what the view is opened with, what comes later: below and above the
    // numbers from which on a shard has buckets, with leaves that are there twice.
    for [saved, opened, later] in [
        [0, 0, 0],
        [0, 0, 5000],
        [0, 700, 701],
        [1, 1, 2],
        [3000, 3000, 3000],
        [3000, 3500, 20_000],
        [20_000, 20_000, 20_001],
        [20_000, 40_000, 60_000],
    ] {
        let directory = tempfile::tempdir().unwrap();
        let storage = memory();
        let options = in_file(directory.path());
        let (tree, index) = open_on(Arc::clone(&storage), options.clone()).unwrap();
        let grow = |to: u64| {
            if to > tree.size() {
                let batch = leaves((tree.size()..to).map(|number| number * 9 % 50_000));
                tree.insert_many(&batch).unwrap();
            }
            tree.checkpoint().unwrap();
        };
        grow(saved);
        assert_eq!(index.save().unwrap(), saved);
        grow(opened);
        let reader = reader(&storage);
        let view = IndexView::open(&options.rebuild(false), reader.snapshot()).unwrap();
        assert_eq!((view.covered(), view.snapshot().size()), (saved, opened));
        check(&view);
        grow(later);
        reader.refresh().unwrap();
        check(&view);
        assert_eq!(view.advance(reader.snapshot()).unwrap(), later - saved);
        assert_eq!((view.covered(), view.snapshot().size()), (later, later));
        check(&view);
        view.load().unwrap();
        check(&view);
        // An older state of the same tree is not shown.
        let older = tree.snapshot().snapshot_at(opened).unwrap();
        assert_eq!(view.advance(Arc::new(older)).unwrap(), 0);
        assert_eq!(view.snapshot().size(), later);
    }
}

#[test]
fn a_view_without_a_file_covers_nothing_until_it_advances() {
    let directory = tempfile::tempdir().unwrap();
    let (tree, _) = in_memory(IndexOptions::in_memory());
    tree.insert_many(&leaves(0..1000)).unwrap();
    let missing = in_file(directory.path());
    let refused = IndexView::open(&missing.clone().rebuild(false), tree.snapshot());
    assert!(matches!(
        refused,
        Err(IndexError::File {
            fault: FileFault::Missing,
            ..
        })
    ));
    for (options, is_missing) in [(missing, true), (IndexOptions::in_memory(), false)] {
        let view = IndexView::open(&options, tree.snapshot()).unwrap();
        assert_eq!(
            matches!(view.fault(), Some(FileFault::Missing)),
            is_missing,
            "{view:?}"
        );
        check(&view);
        assert_eq!(view.advance(view.snapshot()).unwrap(), 1000);
        check(&view);
    }
}

#[test]
fn damage_is_named_by_the_lookup_that_meets_it_and_no_other_answer_changes() {
    let directory = tempfile::tempdir().unwrap();
    let options = in_file(directory.path()).rebuild(false);
    let path = directory.path().join("leaves.index");
    let (tree, index) = in_memory(options.clone());
    tree.insert_many_durable(&leaves(0..20_000)).unwrap();
    index.save().unwrap();
    let bytes = fs::read(&path).unwrap();
    let tree: Arc<dyn AnySnapshot> = tree.snapshot();
    for at in (0..bytes.len()).filter(|at| *at < 90 || at.is_multiple_of(4099)) {
        let mut changed = bytes.clone();
        changed[at] ^= 4;
        fs::write(&path, &changed).unwrap();
        let view = match IndexView::open(&options, Arc::clone(&tree)) {
            Ok(view) => view,
            Err(IndexError::File { .. }) => continue,
            Err(error) => panic!("{at}: {error}"),
        };
        let mut damaged = 0;
        for number in 0..20_000 {
            match view.find(&leaf(number)) {
                Ok(found) => assert_eq!(found, Some(number)),
                Err(IndexError::File {
                    fault: FileFault::Damaged(_),
                    ..
                }) => damaged += 1,
                Err(error) => panic!("{at}: {error}"),
            }
        }
        assert!((1..1000).contains(&damaged), "{at}: one shard of 256");
        assert!(matches!(view.load(), Err(IndexError::File { .. })));
    }
}

#[test]
fn a_tree_that_is_no_later_state_is_refused_and_the_view_is_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let options = in_file(directory.path());
    let (tree, index) = in_memory(options.clone());
    tree.insert_many_durable(&leaves(0..1000)).unwrap();
    index.save().unwrap();
    let view = IndexView::open(&options, tree.snapshot()).unwrap();
    tree.insert_many(&leaves(1000..1500)).unwrap();
    view.advance(tree.snapshot()).unwrap();
    let other = |numbers: Vec<u64>| {
        let (other, _) = in_memory(IndexOptions::in_memory());
        other.insert_many(&leaves(numbers)).unwrap();
        other.snapshot()
    };
    for numbers in [
        (0..1200).chain(7000..8000).collect::<Vec<_>>(),
        (0..1200).chain(7000..7001).collect(),
        (5..3000).collect(),
        vec![9],
    ] {
        let size = (numbers.len() as u64).min(1500);
        let refused = view.advance(other(numbers)).unwrap_err();
        assert!(
            matches!(refused, IndexError::OtherTree { size: told } if told == size),
            "{refused}"
        );
        assert_eq!((view.covered(), view.snapshot().size()), (1500, 1500));
        check(&view);
    }
    // The file is older than its tree; a reader may be behind the file.
    let behind = tree.snapshot().snapshot_at(999).unwrap();
    let refused = IndexView::open(&options.rebuild(false), Arc::new(behind));
    assert!(matches!(
        refused,
        Err(IndexError::File {
            fault: FileFault::Ahead {
                size: 1000,
                tree_size: 999
            },
            ..
        })
    ));
}

#[test]
fn an_advance_that_cannot_read_a_leaf_goes_on_later() {
    // More than a block of leaves, so that a part of them was added.
    const LEAVES: u64 = 150_000;
    let directory = tempfile::tempdir().unwrap();
    let storage: Arc<dyn Storage> = Arc::new(FsStorage::new(directory.path().join("tree")));
    let (tree, _) = open_on(Arc::clone(&storage), IndexOptions::in_memory()).unwrap();
    tree.insert_many(&leaves(0..LEAVES)).unwrap();
    tree.checkpoint().unwrap();
    tree.close().unwrap();
    let (file, at) = leaf_on_disk(&directory.path().join("tree"), &leaf(LEAVES - 700));
    let bytes = fs::read(&file).unwrap();
    let mut changed = bytes.clone();
    changed[at] ^= 1;
    fs::write(&file, &changed).unwrap();
    let damaged = reader(&storage);
    let view = IndexView::open(&IndexOptions::in_memory(), damaged.snapshot()).unwrap();
    assert!(matches!(
        view.advance(damaged.snapshot()),
        Err(IndexError::Tree(_))
    ));
    assert_eq!(view.covered(), 0);
    let found = view.find(&leaf(LEAVES - 800));
    assert!(matches!(found, Err(IndexError::Behind { .. })));
    fs::write(&file, &bytes).unwrap();
    view.advance(reader(&storage).snapshot()).unwrap();
    assert_eq!(view.covered(), LEAVES);
    for number in (0..LEAVES).step_by(97) {
        assert_eq!(view.find(&leaf(number)).unwrap(), Some(number));
    }
}

/// The file below a directory that has these bytes, and where.
fn leaf_on_disk(directory: &Path, leaf: &Hash) -> (std::path::PathBuf, usize) {
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            if let Some(at) = bytes.chunks_exact(32).position(|chunk| chunk == leaf) {
                return (path, at * 32);
            }
        }
    }
    panic!("no file has the leaf");
}

#[test]
fn readers_follow_a_writer_that_inserts_and_saves() {
    const BATCHES: u64 = 40;
    let directory = tempfile::tempdir().unwrap();
    let storage = memory();
    let options = in_file(directory.path());
    let (tree, index) = open_on(Arc::clone(&storage), options.clone()).unwrap();
    tree.insert_many_durable(&leaves(0..100)).unwrap();
    index.save().unwrap();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let reader = reader(&storage);
                // The file that is newer than the state of a reader is named, and not believed.
                let view = IndexView::open(&options, reader.snapshot()).unwrap();
                while view.covered() < 100 * BATCHES {
                    reader.refresh().unwrap();
                    view.advance(reader.snapshot()).unwrap();
                    let size = view.covered();
                    assert_eq!(view.snapshot().size(), size);
                    for number in [0, size / 2, size.saturating_sub(1)] {
                        let expected = (number < size).then_some(number);
                        assert_eq!(view.find(&leaf(number)).unwrap(), expected);
                    }
                    thread::yield_now();
                }
            });
        }
        for batch in 1..BATCHES {
            let batch = leaves(100 * batch..100 * (batch + 1));
            tree.insert_many_durable(&batch).unwrap();
            index.save().unwrap();
        }
        tree.checkpoint().unwrap();
    });
}
