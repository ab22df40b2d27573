//! The shipped hashers conform, and the conformance test finds hashers that do not.
#![cfg(all(
    feature = "blake3",
    feature = "sha2",
    feature = "keccak",
    feature = "digest",
    feature = "test-util"
))]

use rotortree_hasher::{
    Blake3Hasher, DigestHasher, GroupState, Hash, Hasher, Keccak256Hasher, PairPath, Rfc6962Hasher,
    Sha256Hasher, ToyHasher, check_conformance, forward_hasher,
};

#[test]
fn blake3_conforms() {
    check_conformance(&Blake3Hasher::new());
}

#[test]
fn sha256_conforms() {
    check_conformance(&Sha256Hasher::new());
}

#[test]
fn rfc6962_conforms() {
    check_conformance(&Rfc6962Hasher::new());
}

#[test]
fn keccak256_conforms() {
    check_conformance(&Keccak256Hasher::new());
}

#[test]
fn any_digest_of_32_bytes_conforms() {
    check_conformance(&DigestHasher::<sha2::Sha512_256>::new());
}

#[test]
fn the_toy_conforms_whatever_it_refuses() {
    check_conformance(&ToyHasher::new());
    check_conformance(&ToyHasher::refusing_from(0x80));
}

#[test]
fn digest_hashers_ask_nothing_of_their_digest() {
    fn is_plain<T: Copy + Default + std::fmt::Debug + Send + Sync>(_: T) {}
    is_plain(DigestHasher::<sha2::Sha256>::new());
    let shown = format!("{:?}", DigestHasher::<sha3::Keccak256>::default());
    assert!(
        shown.starts_with("DigestHasher<") && shown.contains("Keccak256"),
        "{shown}"
    );
}

/// The toy hasher with one fault.
#[derive(Clone)]
struct Faulty<F>(F);

trait Fault: Clone + Send + Sync + 'static {
    const MAX_ARITY: usize = usize::MAX;

    fn hash_children(&self, children: &[Hash]) -> Hash {
        ToyHasher::new().hash_children(children)
    }

    fn hash_groups(&self, arity: usize, children: &[Hash], parents: &mut [Hash]) {
        ToyHasher::new().hash_groups(arity, children, parents);
    }

    fn hash_groups_beside(
        &self,
        arity: usize,
        children: &[Hash],
        parents: &mut [Hash],
        work: &mut dyn FnMut(usize),
    ) {
        work(children.len());
        self.hash_groups(arity, children, parents);
    }

    fn hash_pair_paths<'a>(
        &self,
        paths: &mut [PairPath],
        steps: usize,
        sibling: impl Fn(usize, usize) -> &'a Hash,
    ) {
        ToyHasher::new().hash_pair_paths(paths, steps, sibling);
    }

    fn hash_resuming(&self, state: &mut GroupState, stable: usize, children: &[Hash]) -> Hash {
        ToyHasher::new().hash_resuming(state, stable, children)
    }

    fn check(&self, _: &Hash) -> bool {
        true
    }

    fn fingerprint(&self, arity: usize) -> Hash {
        ToyHasher::new().fingerprint(arity)
    }
}

impl<F: Fault> Hasher for Faulty<F> {
    const MAX_ARITY: usize = F::MAX_ARITY;

    forward_hasher!();
}

/// Declares a fault, and the test that the conformance test finds it.
macro_rules! finds {
    ($test:ident, $message:literal, $fault:ident { $($body:tt)* }) => {
        #[derive(Clone)]
        struct $fault;

        impl Fault for $fault {
            $($body)*
        }

        #[test]
        #[should_panic(expected = $message)]
        fn $test() {
            check_conformance(&Faulty($fault));
        }
    };
}

finds!(a_hasher_without_room_for_two_is_found, "MAX_ARITY is 1", TooNarrow {
    const MAX_ARITY: usize = 1;
});

finds!(a_hasher_that_ignores_order_is_found, "can be swapped", Orderless {
    fn hash_children(&self, children: &[Hash]) -> Hash {
        let mut children = children.to_vec();
        children.sort();
        ToyHasher::new().hash_children(&children)
    }
});

finds!(a_hasher_that_pads_with_zeros_is_found, "with a zero after it", Padding {
    fn hash_children(&self, children: &[Hash]) -> Hash {
        let mut children = children.to_vec();
        children.resize(64, [0; 32]);
        ToyHasher::new().hash_children(&children)
    }
});

finds!(a_hasher_that_overlooks_a_child_is_found, "child 4 of a group of 5 does not", Overlooking {
    fn hash_children(&self, children: &[Hash]) -> Hash {
        let mut children = children.to_vec();
        if children.len() == 5 {
            children[4] = [7; 32];
        }
        ToyHasher::new().hash_children(&children)
    }
});

finds!(a_hasher_that_refuses_its_own_hashes_is_found, "a hash of this hasher", SelfRefusing {
    fn check(&self, hash: &Hash) -> bool {
        hash[0] == 0
    }
});

finds!(a_hasher_that_refuses_small_numbers_is_found, "which a fingerprint hashes", Picky {
    fn check(&self, hash: &Hash) -> bool {
        hash[0] != 0
    }
});

finds!(a_batch_that_swaps_parents_is_found, "for group 1 of 9 groups of 2", Swapping {
    fn hash_groups(&self, arity: usize, children: &[Hash], parents: &mut [Hash]) {
        ToyHasher::new().hash_groups(arity, children, parents);
        if parents.len() == 9 {
            parents.swap(1, 8);
        }
    }
});

finds!(a_batch_that_forgets_its_remainder_is_found, "for group 4 of 5 groups of 2", Forgetful {
    fn hash_groups(&self, arity: usize, children: &[Hash], parents: &mut [Hash]) {
        let whole = parents.len() / 4 * 4;
        let whole = if whole == 0 { parents.len() } else { whole };
        ToyHasher::new().hash_groups(arity, &children[..arity * whole], &mut parents[..whole]);
    }
});

finds!(work_that_is_left_undone_is_found, "does other work", Lazy {
    fn hash_groups_beside(
        &self,
        arity: usize,
        children: &[Hash],
        parents: &mut [Hash],
        work: &mut dyn FnMut(usize),
    ) {
        work(children.len().min(100));
        self.hash_groups(arity, children, parents);
    }
});

finds!(paths_that_are_never_lifted_are_found, "another path than hash_children for path", Unlifted {
    fn hash_pair_paths<'a>(
        &self,
        paths: &mut [PairPath],
        steps: usize,
        sibling: impl Fn(usize, usize) -> &'a Hash,
    ) {
        paths.iter_mut().for_each(|path| path.lifts = 0);
        ToyHasher::new().hash_pair_paths(paths, steps, sibling);
    }
});

finds!(a_path_that_is_forgotten_is_found, "for path 16 of 17, 33 steps", Dropping {
    fn hash_pair_paths<'a>(
        &self,
        paths: &mut [PairPath],
        steps: usize,
        sibling: impl Fn(usize, usize) -> &'a Hash,
    ) {
        let len = if steps == 33 { 16 } else { paths.len() };
        ToyHasher::new().hash_pair_paths(&mut paths[..len], steps, sibling);
    }
});

finds!(a_state_that_absorbs_unstable_children_is_found, "hash_resuming gives another hash", Hasty {
    fn hash_resuming(&self, state: &mut GroupState, _: usize, children: &[Hash]) -> Hash {
        // Absorbs the first child into the state, stable or not.
        let (words, _) = children[0].as_chunks::<4>();
        let mut kept = state.words();
        if kept == [0; 16] {
            for (word, bytes) in kept.iter_mut().zip(words) {
                *word = u32::from_le_bytes(*bytes);
            }
            *state = GroupState::new(0, kept);
        }
        let mut children = children.to_vec();
        let (chunks, _) = children[0].as_chunks_mut::<4>();
        for (chunk, word) in chunks.iter_mut().zip(kept) {
            *chunk = word.to_le_bytes();
        }
        ToyHasher::new().hash_children(&children)
    }
});

finds!(a_state_that_claims_too_much_is_found, "absorbed 3 children, but only 2 were", Boastful {
    fn hash_resuming(&self, state: &mut GroupState, stable: usize, children: &[Hash]) -> Hash {
        *state = GroupState::new(stable as u32 + 1, state.words());
        ToyHasher::new().hash_children(children)
    }
});

finds!(a_fingerprint_of_ones_own_is_found, "is not the one that Hasher documents", SelfNaming {
    fn fingerprint(&self, _: usize) -> Hash {
        [1; 32]
    }
});

/// Counts the hashes of a conformance test, because its documentation states their number.
#[test]
fn conformance_takes_as_few_hashes_as_documented() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Clone, Default)]
    struct Counting(Arc<AtomicUsize>);

    impl Hasher for Counting {
        fn hash_children(&self, children: &[Hash]) -> Hash {
            self.0.fetch_add(1, Ordering::Relaxed);
            ToyHasher::new().hash_children(children)
        }
    }

    let counting = Counting::default();
    check_conformance(&counting);
    let hashes = counting.0.load(Ordering::Relaxed);
    assert!((1..=60_000).contains(&hashes), "{hashes}");
}
