//! A tree whose N is chosen at run time equals the tree of that N, and opening identifies an
//! existing tree.

use std::{fs, io, sync::Arc, time::Duration};

use rotortree::{
    AnyProof, AnySnapshot, AnyTree, AnyTreeBuilder, Blake3Hasher, FlushPolicy, Hash, Hasher,
    RotorTree, RotorTreeError, StorageError, TreeError, TreeHead,
    any::{ARITIES, WithArity, with_arity},
    inspect,
    store::{StoreIdentity, memory::MemoryStorage, storage::Storage},
};

use crate::support::{Tree, block_on, leaf, leaves, open, quiet, storage_error};

fn tree_error<T>(outcome: Result<T, RotorTreeError>) -> TreeError {
    match outcome {
        Err(RotorTreeError::Tree(error)) => error,
        Err(error) => panic!("not an error of the tree: {error}"),
        Ok(_) => panic!("not an error"),
    }
}

fn is_missing(error: &StorageError) -> bool {
    matches!(error, StorageError::Io(error) if error.kind() == io::ErrorKind::NotFound)
}

/// Opens with this N, or with that of the existing tree.
fn open_any(path: &std::path::Path, n: Option<usize>) -> Result<Arc<dyn AnyTree>, RotorTreeError> {
    let builder = AnyTreeBuilder::new(quiet(path));
    let builder = n.map_or_else(|| AnyTreeBuilder::new(quiet(path)), |n| builder.arity(n));
    builder.open(Blake3Hasher)
}

/// Compares two trees of one content.
fn assert_same<const N: usize>(any: &dyn AnyTree, typed: &Tree<N>) {
    assert_eq!(any.arity(), N);
    assert_eq!(
        (any.root(), any.size(), any.depth(), any.head()),
        (typed.root(), typed.size(), typed.depth(), typed.head())
    );
    assert_eq!(any.metadata(), typed.metadata());
    assert_eq!(any.durable_size(), typed.durable_size());
    assert_eq!(
        any.durable_snapshot().head(),
        typed.durable_snapshot().head()
    );
    let roots = [typed.root().unwrap_or_default(), [7; 32], leaf(0)];
    for root in &roots {
        assert_eq!(any.find_head(root), typed.find_head(root));
    }
    let (a, b) = (any.stats(), typed.stats());
    assert_eq!(
        (a.size, a.durable_size, a.checkpointed_size, a.pending_bytes),
        (b.size, b.durable_size, b.checkpointed_size, b.pending_bytes)
    );
    assert_eq!(
        (a.checkpoints, a.log_segments),
        (b.checkpoints, b.log_segments)
    );
    assert_eq!(any.recovery_report(), typed.recovery_report());
    let (a, b) = (any.snapshot(), typed.snapshot());
    let typed_as_any: &dyn AnySnapshot = &*b;
    assert_eq!(a.head(), typed_as_any.head());
    let all: Vec<Hash> = typed.leaves(..).unwrap().map(Result::unwrap).collect();
    assert_eq!(all.len() as u64, any.size());
    assert!(
        any.leaves(..)
            .unwrap()
            .map(Result::unwrap)
            .eq(all.iter().copied())
    );
    assert!(any.leaves(..=any.size()).is_err() && typed.leaves(..=any.size()).is_err());
    assert!(any.get_leaf(any.size()).is_err() && typed.get_leaf(any.size()).is_err());
    for index in 0..a.size() {
        let leaf = all[index as usize];
        assert_eq!(any.get_leaf(index).unwrap(), leaf);
        assert_eq!(typed.get_leaf(index).unwrap(), leaf);
        let bytes = a.generate_proof(index).unwrap();
        assert_eq!(bytes, typed_as_any.generate_proof(index).unwrap());
        let proof = AnyProof::from_bytes(&bytes, N).unwrap();
        proof
            .verify_against(&Blake3Hasher, a.head().unwrap())
            .unwrap();
        proof.verify_against(a.hasher(), a.head().unwrap()).unwrap();
    }
    assert_eq!(
        a.generate_catch_up_proof(0, [0; 32]).unwrap(),
        typed_as_any.generate_catch_up_proof(0, [0; 32]).unwrap()
    );
}

/// The error of a call that both refuse, as text.
fn both_refuse<T, U>(any: Result<T, RotorTreeError>, typed: Result<U, RotorTreeError>) {
    let (Err(any), Err(typed)) = (any, typed) else {
        panic!("one of them did not refuse");
    };
    assert_eq!(any.to_string(), typed.to_string());
}

/// Runs every method on an object and on a tree of the type beside it.
struct SideBySide;

impl WithArity for SideBySide {
    type Output = ();

    fn with<const N: usize>(self) {
        let dir = tempfile::tempdir().unwrap();
        let [any_path, typed_path] = ["any", "typed"].map(|name| dir.path().join(name));
        let any = open_any(&any_path, Some(N)).unwrap();
        let typed = open::<N>(&typed_path);
        assert_same(&*any, &typed);

        assert_eq!(
            any.insert(leaf(0)).unwrap().0,
            typed.insert(leaf(0)).unwrap().0
        );
        let (root, token) = any.insert_many(&leaves(1..7)).unwrap();
        let (typed_root, typed_token) = typed.insert_many(&leaves(1..7)).unwrap();
        assert_eq!(root, typed_root);
        assert_eq!(
            (token.leaf_range(), token.head()),
            (1..7, typed_token.head())
        );
        assert!(!token.is_durable() && !typed_token.is_durable());
        assert_same(&*any, &typed);
        assert_eq!(any.find_head(&root), token.head());

        any.flush().unwrap();
        typed.flush().unwrap();
        assert!(token.is_durable());
        assert_eq!(
            any.insert_durable(leaf(7)).unwrap(),
            typed.insert_durable(leaf(7)).unwrap()
        );
        let more = leaves(8..40);
        assert_eq!(
            any.insert_many_durable(&more).unwrap(),
            typed.insert_many_durable(&more).unwrap()
        );
        assert_same(&*any, &typed);
        assert_eq!(
            any.try_insert(leaf(40)).unwrap().0,
            typed.try_insert(leaf(40)).unwrap().0
        );
        let more = leaves(41..43);
        assert_eq!(
            any.try_insert_many(&more).unwrap().0,
            typed.try_insert_many(&more).unwrap().0
        );
        let more = leaves(43..50);
        assert_eq!(
            any.append_at(43, &more).unwrap().0,
            typed.append_at(43, &more).unwrap().0
        );
        both_refuse(any.append_at(43, &more), typed.append_at(43, &more));
        both_refuse(any.insert_many(&[]), typed.insert_many(&[]));
        let more = leaves(50..52);
        assert_eq!(
            any.insert_many_with_metadata(&more, b"block 17").unwrap().0,
            typed
                .insert_many_with_metadata(&more, b"block 17")
                .unwrap()
                .0
        );
        assert_same(&*any, &typed);
        let more = leaves(52..54);
        let object: &dyn AnyTree = &typed;
        for tree in [&*any, object] {
            let entry = tree.append(&more).metadata(b"block 18").at(52);
            let placement = entry.durable().unwrap();
            assert_eq!(
                (placement.leaf_range, placement.head),
                (52..54, tree.head())
            );
            assert!(entry.try_submit().is_err());
            let alone = tree.append(&[]).metadata(b"block 19").try_submit();
            assert_eq!(alone.unwrap().leaf_range(), 54..54);
            let last = tree.append_durable(&[leaf(54)]).unwrap();
            assert_eq!(last.leaf_range, 54..55);
        }
        assert_same(&*any, &typed);
        for tree in [&*any, object] {
            let mut heads = tree.durable_heads();
            block_on(tree.flush_async()).unwrap();
            assert_eq!(block_on(heads.next()), tree.head());
        }

        assert!(any.wait_for_size(55, Duration::ZERO));
        assert!(!any.wait_for_size(56, Duration::ZERO));
        assert!(!any.wait_for_checkpoint(Duration::ZERO));
        block_on(any.checkpoint_async()).unwrap();
        typed.checkpoint().unwrap();
        assert!(any.wait_for_checkpoint(Duration::ZERO));
        assert_same(&*any, &typed);
        any.verify().unwrap();
        let mut seen = None;
        any.verify_with_progress(&mut |progress| seen = Some(progress))
            .unwrap();
        assert!(seen.is_some_and(|progress| progress.done == progress.total));
        assert!(any.failure().is_none());
        assert!(format!("{any:?}").contains("RotorTree"));

        // A backup of an object is a tree of the type, and the other way round.
        let [any_copy, typed_copy] = ["any copy", "typed copy"].map(|name| dir.path().join(name));
        assert_eq!(any.backup(&any_copy).unwrap().leaves, 0..55);
        let as_object: &dyn AnyTree = &typed;
        assert_eq!(as_object.backup(&typed_copy).unwrap().leaves, 0..55);
        assert_eq!(open::<N>(&any_copy).head(), any.head());
        assert_eq!(open_any(&typed_copy, None).unwrap().head(), typed.head());

        // Closing is for all handles; a snapshot outlives it.
        let (snapshot, handle) = (any.snapshot(), Arc::clone(&any));
        block_on(any.close_async()).unwrap();
        handle.close().unwrap();
        typed.clone().close().unwrap();
        both_refuse(handle.insert(leaf(0)), typed.insert(leaf(0)));
        assert!(matches!(handle.flush(), Err(StorageError::Closed)));
        assert_eq!(snapshot.size(), 55);
        snapshot.generate_proof(54).unwrap();

        // Each opens what the other made.
        let reopened = open::<N>(&any_path);
        let any = open_any(&typed_path, Some(N)).unwrap();
        assert_same(&*any, &reopened);
        drop((any, reopened, handle));
        let whatever = open_any(&any_path, None).unwrap();
        assert_eq!((whatever.arity(), whatever.size()), (N, 55));
        whatever.insert(leaf(55)).unwrap();
    }
}

#[test]
fn every_method_of_an_object_does_what_the_type_s_does() {
    for arity in ARITIES {
        with_arity(arity, SideBySide).unwrap();
    }
}

#[test]
fn a_view_of_an_object_moves_with_its_writer() {
    let dir = tempfile::tempdir().unwrap();
    let missing = AnyTreeBuilder::new(quiet(dir.path())).open_read_only(Blake3Hasher);
    assert!(is_missing(&storage_error(missing)));
    for arity in ARITIES {
        let path = dir.path().join(arity.to_string());
        let writer = open_any(&path, Some(arity)).unwrap();
        writer.insert_many_durable(&leaves(0..100)).unwrap();
        writer.checkpoint().unwrap();
        let view = AnyTreeBuilder::new(quiet(&path))
            .open_read_only(Blake3Hasher)
            .unwrap();
        assert_eq!((view.arity(), view.size()), (arity, 100));
        assert_eq!((view.root(), view.head()), (writer.root(), writer.head()));
        assert_eq!((view.depth(), view.metadata()), (writer.depth(), None));
        assert_eq!(view.get_leaf(99).unwrap(), leaf(99));
        assert_eq!(view.leaves(90..).unwrap().len(), 10);
        assert_eq!(view.recovery_report().checkpoint_size, 100);
        writer.insert_durable(leaf(100)).unwrap();
        writer.checkpoint().unwrap();
        assert!(view.wait_for_newer(0, Duration::ZERO).unwrap());
        assert_eq!(view.snapshot().head(), writer.head());
        assert_eq!(
            (view.version(), block_on(view.newer_than(0)).unwrap()),
            (1, 1)
        );
        assert!(!view.refresh().unwrap());
        let other = ARITIES.into_iter().find(|&other| other != arity).unwrap();
        let other = AnyTreeBuilder::new(quiet(&path))
            .arity(other)
            .open_read_only(Blake3Hasher);
        assert!(matches!(
            storage_error(other),
            StorageError::ConfigMismatch { .. }
        ));
    }
}

#[test]
fn an_n_that_cannot_be_chosen_is_refused_before_anything_is_touched() {
    let dir = tempfile::tempdir().unwrap();
    for n in [0, 1, 5, 7, 17, 1 << 40] {
        let path = dir.path().join("none");
        let error = tree_error(open_any(&path, Some(n)));
        assert!(
            matches!(error, TreeError::UnsupportedArity { arity } if arity == n),
            "{error}"
        );
        assert!(!path.exists());
    }
    // The store of a type that takes any N.
    let path = dir.path().join("five");
    open::<5>(&path).insert(leaf(0)).unwrap();
    let before = crate::place::contents(&path);
    let error = tree_error(open_any(&path, None));
    assert!(
        matches!(error, TreeError::UnsupportedArity { arity: 5 }),
        "{error}"
    );
    let error = tree_error(AnyTreeBuilder::new(quiet(&path)).open_read_only(Blake3Hasher));
    assert!(
        matches!(error, TreeError::UnsupportedArity { arity: 5 }),
        "{error}"
    );
    assert_eq!(crate::place::contents(&path), before);
    // As an object it is as good as any.
    let five = open::<5>(&path);
    let object: &dyn AnyTree = &five;
    assert_eq!((object.arity(), object.size()), (5, 1));
}

#[test]
fn another_n_than_the_store_s_is_refused_with_both() {
    let dir = tempfile::tempdir().unwrap();
    open_any(dir.path(), Some(4))
        .unwrap()
        .insert(leaf(0))
        .unwrap();
    for n in ARITIES.into_iter().filter(|&n| n != 4) {
        let error = storage_error(open_any(dir.path(), Some(n)));
        match error {
            StorageError::ConfigMismatch {
                expected_n,
                actual_n,
                ..
            } => assert_eq!((expected_n, actual_n), (n, 4)),
            error => panic!("{error}"),
        }
    }
    assert_eq!(open_any(dir.path(), Some(4)).unwrap().size(), 1);
}

#[test]
fn max_depth_is_that_of_the_type_with_the_number() {
    let dir = tempfile::tempdir().unwrap();
    let config = || AnyTreeBuilder::new(quiet(dir.path()));
    for max_depth in [0, 65, usize::MAX] {
        let refused = config().arity(2).max_depth(max_depth).open(Blake3Hasher);
        assert!(matches!(
            storage_error(refused),
            StorageError::InvalidConfig(_)
        ));
        assert_eq!(inspect(dir.path()).unwrap(), None);
    }
    // Made with 2, so that a type with 2 opens it.
    let tree = config().arity(2).max_depth(2).open(Blake3Hasher).unwrap();
    tree.insert_many(&leaves(0..4)).unwrap();
    let full = tree_error(tree.insert(leaf(4)));
    assert!(
        matches!(full, TreeError::MaxDepthExceeded { max_depth: 2 }),
        "{full}"
    );
    tree.close().unwrap();
    let typed = RotorTree::<_, 2, 2>::open(Blake3Hasher, quiet(dir.path())).unwrap();
    typed.close().unwrap();

    // A smaller ceiling is refused with both; a larger one obeys the stored ceiling.
    match storage_error(config().arity(2).max_depth(1).open(Blake3Hasher)) {
        StorageError::ConfigMismatch {
            expected_max_depth,
            actual_max_depth,
            ..
        } => assert_eq!((expected_max_depth, actual_max_depth), (1, 2)),
        error => panic!("{error}"),
    }
    for builder in [config(), config().arity(2), config().arity(2).max_depth(64)] {
        let tree = builder.open(Blake3Hasher).unwrap();
        let full = tree_error(tree.insert(leaf(4)));
        assert!(
            matches!(full, TreeError::MaxDepthExceeded { max_depth: 2 }),
            "{full}"
        );
        tree.close().unwrap();
    }

    let raised = config()
        .max_depth(40)
        .raise_max_depth()
        .open(Blake3Hasher)
        .unwrap();
    raised.insert(leaf(4)).unwrap();
    raised.close().unwrap();
    assert_eq!(inspect(dir.path()).unwrap().unwrap().max_depth, 40);
    // Beyond the ceiling where none is given; whatever is there is opened all the same.
    let refused = config().arity(2).open(Blake3Hasher);
    assert!(matches!(
        storage_error(refused),
        StorageError::ConfigMismatch { .. }
    ));
    let kept = config().raise_max_depth().open(Blake3Hasher).unwrap();
    kept.close().unwrap();
    assert_eq!(inspect(dir.path()).unwrap().unwrap().max_depth, 40);
    let typed = RotorTree::<_, 2, 40>::open(Blake3Hasher, quiet(dir.path())).unwrap();
    assert_eq!(typed.size(), 5);
}

#[test]
fn where_nothing_is_nothing_is_made_without_an_n_or_leave() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tree");
    let error = storage_error(open_any(&path, None));
    assert!(
        is_missing(&error) && error.to_string().contains("the N"),
        "{error}"
    );
    for n in ARITIES {
        let builder = AnyTreeBuilder::new(quiet(&path)).arity(n);
        let error = storage_error(builder.create_if_missing(false).open(Blake3Hasher));
        assert!(is_missing(&error), "{error}");
    }
    let typed = Tree::<2>::builder(quiet(&path)).create_if_missing(false);
    assert!(is_missing(&storage_error(typed.open(Blake3Hasher))));
    assert!(!path.exists());
    open_any(&path, Some(3)).unwrap();
    let typed = Tree::<3>::builder(quiet(&path)).create_if_missing(false);
    typed.open(Blake3Hasher).unwrap();
    assert!(matches!(
        storage_error(AnyTreeBuilder::new(quiet("".as_ref())).open(Blake3Hasher)),
        StorageError::InvalidConfig(_)
    ));
}

#[test]
fn what_is_there_is_told_without_opening_or_changing_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tree");
    assert_eq!(inspect(&path).unwrap(), None);
    fs::create_dir(&path).unwrap();
    assert_eq!(inspect(&path).unwrap(), None, "an empty directory");

    let tree = RotorTree::<_, 8, 21>::open(Blake3Hasher, quiet(&path)).unwrap();
    tree.insert_many(&leaves(0..10)).unwrap();
    tree.checkpoint().unwrap();
    let checkpointed = tree.head().unwrap();
    tree.insert_durable(leaf(10)).unwrap();
    let before = crate::place::contents(&path);
    let found = inspect(&path).unwrap().unwrap();
    assert_eq!(crate::place::contents(&path), before);
    assert_eq!((found.arity, found.max_depth), (8, 21));
    assert_eq!(found.fingerprint, Blake3Hasher.fingerprint(8));
    assert!(found.is_of(&Blake3Hasher) && !found.is_of(&Other));
    assert_eq!((found.checkpointed, found.closed_at), (checkpointed, None));
    let closed = tree.head();
    tree.close().unwrap();
    let after = inspect(&path).unwrap().unwrap();
    assert_eq!(after.closed_at, closed);
    assert_eq!(after.tree_id, found.tree_id);

    // Directories that are not a store, or no longer one.
    let foreign = dir.path().join("foreign");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("letter.txt"), "dear").unwrap();
    assert!(matches!(
        inspect(&foreign),
        Err(StorageError::ForeignDirectory { .. })
    ));
    assert!(matches!(
        storage_error(open_any(&foreign, None)),
        StorageError::ForeignDirectory { .. }
    ));
    let manifest = path.join("MANIFEST");
    let mut bytes = fs::read(&manifest).unwrap();
    bytes[60] ^= 1;
    fs::write(&manifest, &bytes).unwrap();
    let damaged = inspect(&path).unwrap_err();
    assert_eq!(
        storage_error(open_any(&path, None)).to_string(),
        damaged.to_string()
    );
    fs::remove_file(&manifest).unwrap();
    assert!(matches!(
        inspect(&path),
        Err(StorageError::DataCorruption { .. })
    ));
}

/// Another function.
#[derive(Clone)]
struct Other;

impl Hasher for Other {
    const MAX_ARITY: usize = 4;

    fn hash_children(&self, children: &[Hash]) -> Hash {
        let mut hash = Blake3Hasher.hash_children(children);
        hash[0] ^= 1;
        hash
    }
}

#[test]
fn the_hasher_is_a_store_s_identity_and_may_be_narrow() {
    let dir = tempfile::tempdir().unwrap();
    let builder = || AnyTreeBuilder::new(quiet(dir.path()));
    for n in [8, 16] {
        let error = tree_error(builder().arity(n).open(Other));
        assert!(
            matches!(error, TreeError::ArityExceedsHasher { arity, max_arity: 4 } if arity == n),
            "{error}"
        );
    }
    assert_eq!(inspect(dir.path()).unwrap(), None);
    let tree = builder().arity(4).open(Other).unwrap();
    tree.insert_many(&leaves(0..100)).unwrap();
    let root = tree.root();
    tree.close().unwrap();
    let other = storage_error(builder().open(Blake3Hasher));
    assert!(
        matches!(other, StorageError::HasherMismatch { .. }),
        "{other}"
    );
    let typed = RotorTree::<_, 4, 32>::open(Other, quiet(dir.path())).unwrap();
    assert_eq!(typed.root(), root);
}

#[test]
fn settings_and_backends_are_for_objects_too() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let builder = || AnyTreeBuilder::new(quiet("".as_ref())).storage(Arc::clone(&storage));
    let tree = builder()
        .arity(3)
        .max_unflushed_bytes(1)
        .recent_heads(1)
        .open(Blake3Hasher)
        .unwrap();
    let (first, _) = tree.insert(leaf(0)).unwrap();
    let full = tree.try_insert(leaf(1));
    assert!(matches!(storage_error(full), StorageError::WouldBlock));
    let (second, _) = tree.insert(leaf(1)).unwrap();
    assert_eq!(
        (tree.find_head(&first), tree.find_head(&second)),
        (None, tree.head())
    );
    let head = tree.head().unwrap();
    tree.close().unwrap();
    assert_eq!(StoreIdentity::read(&*storage).unwrap().unwrap().arity, 3);
    let other = TreeHead {
        root: [9; 32],
        ..head
    };
    let refused = builder().expect_head(other).open(Blake3Hasher);
    assert!(matches!(
        storage_error(refused),
        StorageError::UnexpectedHead { .. }
    ));
    let tree = builder().expect_head(head).open(Blake3Hasher).unwrap();
    assert_eq!(tree.head(), Some(head));
}

/// A background thread syncs for an object as for a tree.
#[test]
fn tokens_of_objects_become_durable_by_themselves() {
    let dir = tempfile::tempdir().unwrap();
    let config = rotortree::RotorTreeConfig {
        flush_policy: FlushPolicy::Interval(Duration::from_millis(1)),
        ..quiet(dir.path())
    };
    let tree = AnyTreeBuilder::new(config)
        .arity(16)
        .open(Blake3Hasher)
        .unwrap();
    let (_, token) = tree.insert_many(&leaves(0..1000)).unwrap();
    assert!(token.wait_timeout(crate::support::PATIENCE / 2).unwrap());
    assert_eq!(tree.durable_size(), 1000);
}
