//! [`check_forwarding`]: tests that a wrapper of a hasher forwards every method.
//!
//! A wrapper that omits a provided method falls back to the trait's default: it computes the same
//! hashes at a fraction of the speed. No test of values finds that.

use core::sync::atomic::{AtomicU32, Ordering};

use crate::group_state::GroupState;
use crate::hash::Hash;
use crate::hasher::Hasher;
use crate::pair_path::PairPath;

/// The methods of [`Hasher`]; a bit of [`Calls`] each, in this order.
const METHODS: [&str; 7] = [
    "hash_children",
    "hash_groups",
    "hash_groups_beside",
    "hash_pair_paths",
    "hash_resuming",
    "check",
    "fingerprint",
];

/// The methods of a [`CallRecorder`] that were called.
#[derive(Debug, Default)]
pub struct Calls(AtomicU32);

impl Calls {
    /// None.
    pub const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    fn add(&self, method: &str) {
        for (bit, name) in METHODS.iter().enumerate() {
            if *name == method {
                self.0.fetch_or(1 << bit, Ordering::Relaxed);
            }
        }
    }

    fn take(&self) -> u32 {
        self.0.swap(0, Ordering::Relaxed)
    }
}

/// A hasher that overrides every method of [`Hasher`], hashes nothing, and records the calls.
#[derive(Clone, Debug)]
pub struct CallRecorder(&'static Calls);

impl Hasher for CallRecorder {
    fn hash_children(&self, _: &[Hash]) -> Hash {
        self.0.add("hash_children");
        [0; 32]
    }

    fn hash_groups(&self, _: usize, _: &[Hash], _: &mut [Hash]) {
        self.0.add("hash_groups");
    }

    fn hash_groups_beside(&self, _: usize, _: &[Hash], _: &mut [Hash], _: &mut dyn FnMut(usize)) {
        self.0.add("hash_groups_beside");
    }

    fn hash_pair_paths<'a>(
        &self,
        _: &mut [PairPath],
        _: usize,
        _: impl Fn(usize, usize) -> &'a Hash,
    ) {
        self.0.add("hash_pair_paths");
    }

    fn hash_resuming(&self, _: &mut GroupState, _: usize, _: &[Hash]) -> Hash {
        self.0.add("hash_resuming");
        [0; 32]
    }

    fn check(&self, _: &Hash) -> bool {
        self.0.add("check");
        false
    }

    fn fingerprint(&self, _: usize) -> Hash {
        self.0.add("fingerprint");
        [0; 32]
    }
}

/// Tests that each method of a wrapper calls the same method of the wrapped hasher, and no other.
///
/// Call it from the tests of the crate that wraps. No other call may use `calls` meanwhile.
///
/// # Panics
///
/// At the first method that is not forwarded, which the message names.
///
/// # Example
///
/// A wrapper that is older than some methods of the trait:
///
/// ```should_panic
/// use rotortree_hasher::{CallRecorder, Calls, Hash, Hasher, check_forwarding};
///
/// #[derive(Clone)]
/// struct Boxed(CallRecorder);
///
/// impl Hasher for Boxed {
///     fn hash_children(&self, children: &[Hash]) -> Hash {
///         self.0.hash_children(children)
///     }
/// }
///
/// static CALLS: Calls = Calls::new();
/// check_forwarding(&CALLS, Boxed);
/// ```
pub fn check_forwarding<W: Hasher>(calls: &'static Calls, wrap: impl FnOnce(CallRecorder) -> W) {
    let wrapper = wrap(CallRecorder(calls));
    let children = [[1; 32], [2; 32]];
    let mut parents = [[0; 32]; 1];
    calls.take();
    for (bit, method) in METHODS.iter().enumerate() {
        match *method {
            "hash_children" => {
                wrapper.hash_children(&children);
            }
            "hash_groups" => wrapper.hash_groups(2, &children, &mut parents),
            "hash_groups_beside" => {
                wrapper.hash_groups_beside(2, &children, &mut parents, &mut |_| ());
            }
            "hash_pair_paths" => {
                wrapper.hash_pair_paths(&mut [PairPath::default(); 3], 2, |_, _| &children[0]);
            }
            "hash_resuming" => {
                wrapper.hash_resuming(&mut GroupState::default(), 1, &children);
            }
            "check" => {
                wrapper.check(&children[0]);
            }
            _ => {
                wrapper.fingerprint(2);
            }
        }
        assert_eq!(
            calls.take(),
            1 << bit,
            "{method} is not forwarded to {method} of the wrapped hasher"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::METHODS;

    #[test]
    fn every_method_of_the_trait_is_recorded() {
        let source = include_str!("hasher.rs");
        let (_, from_trait) = source.split_once("pub trait Hasher").unwrap();
        let (methods, _) = from_trait.split_once("\n}\n").unwrap();
        let names = methods.lines().filter_map(|line| {
            let name = line.strip_prefix("    fn ")?;
            name.split(['(', '<']).next()
        });
        assert!(names.clone().eq(METHODS), "the list or its order differs");
    }
}
