//! [`check_conformance`]: tests a hasher of any crate against the contract of [`Hasher`].
//! This module knows no concrete hasher and allocates nothing. It cannot test that a hash is hard
//! to invert, or that a field hasher refuses the values it must refuse; the hasher's own tests do.

use crate::fingerprint;
use crate::group_state::GroupState;
use crate::hash::Hash;
use crate::hasher::Hasher;
use crate::pair_path::PairPath;

/// The widest groups that are tested.
const WIDEST: usize = 40;

/// The largest batches that are tested.
const MOST_GROUPS: usize = 40;

/// Tests `hasher` against the contract of [`Hasher`].
///
/// Call it from the tests of the crate that implements the hasher. It computes up to 60,000 hashes
/// of groups of up to 40 children, or [`Hasher::MAX_ARITY`] if that is less, and takes 100 KiB of
/// stack. It tests that
///
/// - a hash depends on the values, the order and the number of its children, and on nothing else,
/// - hashes pass [`check`](Hasher::check),
/// - [`hash_groups`](Hasher::hash_groups) equals hashing group by group, for every width and 0 to
///   40 groups, and [`hash_groups_beside`](Hasher::hash_groups_beside) gives the same hashes and
///   has all of the work done,
/// - [`hash_pair_paths`](Hasher::hash_pair_paths) equals hashing step by step, for 0 to 40 paths of
///   0 to 64 steps,
/// - [`hash_resuming`](Hasher::hash_resuming) equals hashing the group anew, in whatever way the
///   group grows and its unstable children change, and absorbs no unstable child,
/// - [`fingerprint`](Hasher::fingerprint) is the documented one and differs by width.
///
/// # Panics
///
/// At the first violation, which the message names.
///
/// # Example
///
/// ```
/// use rotortree_hasher::{ToyHasher, check_conformance};
///
/// check_conformance(&ToyHasher::new());
/// ```
pub fn check_conformance<H: Hasher>(hasher: &H) {
    assert!(
        H::MAX_ARITY >= 2,
        "MAX_ARITY is {}, but trees have at least two children",
        H::MAX_ARITY
    );
    let children = make_children(hasher);
    check_single_groups(hasher, &children);
    check_batches(hasher, &children);
    check_pair_paths(hasher, &children);
    check_resuming(hasher, &children);
    check_fingerprint(hasher);
}

fn widest<H: Hasher>() -> usize {
    H::MAX_ARITY.min(WIDEST)
}

type Children = [Hash; WIDEST * MOST_GROUPS];

/// Children that every hasher accepts: small numbers, as in a fingerprint, and their hashes.
fn make_children<H: Hasher>(hasher: &H) -> Children {
    let mut children = [[0; 32]; WIDEST * MOST_GROUPS];
    for (i, child) in children.iter_mut().enumerate() {
        let (left, right) = (small(2 * i), small(2 * i + 1));
        for probe in [&left, &right] {
            assert!(
                hasher.check(probe),
                "check refuses {probe:x?}, which a fingerprint hashes",
            );
        }
        *child = if i % 4 == 3 {
            left
        } else {
            hasher.hash_children(&[left, right])
        };
        assert!(
            hasher.check(child),
            "check refuses {child:x?}, a hash of this hasher"
        );
    }
    children
}

fn small(number: usize) -> Hash {
    let mut hash = [0; 32];
    // At most 3200. The tests add the child zero.
    let [low, high, ..] = (number + 1).to_le_bytes();
    [hash[15], hash[16]] = [low, high];
    hash
}

fn check_single_groups<H: Hasher>(hasher: &H, children: &Children) {
    let clone = hasher.clone();
    let mut narrower = None;
    for width in 2..=widest::<H>() {
        let group = &children[..width];
        let parent = hasher.hash_children(group);
        assert!(
            hasher.check(&parent),
            "check refuses the hash of a group of {width}"
        );
        assert!(
            parent == hasher.hash_children(group),
            "a group of {width} hashed twice gives two hashes",
        );
        assert!(
            parent == clone.hash_children(group),
            "a clone hashes a group of {width} to another hash",
        );
        assert!(
            narrower != Some(parent),
            "the last child of a group of {width} does not change its hash",
        );
        narrower = Some(parent);

        for changed in 0..width {
            let mut other: [Hash; WIDEST] = [[0; 32]; WIDEST];
            other[..width].copy_from_slice(group);
            other[changed] = children[width];
            assert!(
                parent != hasher.hash_children(&other[..width]),
                "child {changed} of a group of {width} does not change its hash",
            );
            if changed > 0 {
                other[changed] = group[changed];
                other.swap(changed - 1, changed);
                assert!(
                    parent != hasher.hash_children(&other[..width]),
                    "children {} and {changed} of a group of {width} can be swapped",
                    changed - 1,
                );
            }
        }

        let mut padded: [Hash; WIDEST] = [[0; 32]; WIDEST];
        padded[..width].copy_from_slice(group);
        if width < widest::<H>() {
            assert!(
                parent != hasher.hash_children(&padded[..width + 1]),
                "a group of {width} has the same hash with a zero after it",
            );
        }
    }
}

fn check_batches<H: Hasher>(hasher: &H, children: &Children) {
    for arity in 2..=widest::<H>() {
        let mut expected = [[0; 32]; MOST_GROUPS];
        for (parent, group) in expected.iter_mut().zip(children.chunks_exact(arity)) {
            *parent = hasher.hash_children(group);
        }
        for count in 0..=MOST_GROUPS {
            let mut parents = [[0xa5; 32]; MOST_GROUPS];
            hasher.hash_groups(arity, &children[..arity * count], &mut parents[..count]);
            for (i, (parent, expected)) in parents.iter().zip(&expected).take(count).enumerate() {
                assert!(
                    parent == expected,
                    "hash_groups gives another hash than hash_children for group {i} of {count} \
                     groups of {arity}",
                );
            }
            if ![1, 17, MOST_GROUPS].contains(&count) {
                continue;
            }
            let mut beside = [[0x5a; 32]; MOST_GROUPS];
            let mut done = 0;
            let mut work = |part| done += part;
            let children = &children[..arity * count];
            hasher.hash_groups_beside(arity, children, &mut beside[..count], &mut work);
            assert!(
                done == arity * count && beside[..count] == parents[..count],
                "hash_groups_beside does other work or gives another hash than \
                 hash_groups for {count} groups of {arity}",
            );
        }
    }
}

fn check_pair_paths<H: Hasher>(hasher: &H, children: &Children) {
    // Up to 64 steps; few paths have many steps, to keep the test fast.
    for (count, steps) in (0..=MOST_GROUPS)
        .map(|count| (count, count % 7))
        .chain([(3, 64), (17, 33)])
    {
        let mut paths = [PairPath::default(); MOST_GROUPS];
        let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
        for (path, child) in paths.iter_mut().zip(children) {
            let turns = bits;
            bits = bits.wrapping_mul(0xbf58_476d_1ce4_e5b9).rotate_left(31);
            *path = PairPath {
                node: *child,
                turns,
                lifts: bits & turns.rotate_left(7),
            };
        }
        let sibling = |path: usize, step: usize| &children[MOST_GROUPS + path + 31 * step % 1000];
        let mut expected = paths;
        for (i, path) in expected.iter_mut().enumerate().take(count) {
            for step in (0..steps).filter(|step| path.lifts >> step & 1 == 0) {
                let pair = match path.turns >> step & 1 {
                    0 => [path.node, *sibling(i, step)],
                    _ => [*sibling(i, step), path.node],
                };
                path.node = hasher.hash_children(&pair);
            }
        }
        hasher.hash_pair_paths(&mut paths[..count], steps, sibling);
        for (i, (path, expected)) in paths.iter().zip(&expected).enumerate() {
            assert!(
                path == expected,
                "hash_pair_paths gives another path than hash_children for path {i} of {count}, \
                 {steps} steps",
            );
        }
    }
}

fn check_resuming<H: Hasher>(hasher: &H, children: &Children) {
    // The group grows by one child, all stable, like a group of leaves.
    let mut group = Group::new(hasher, children);
    for len in 2..=widest::<H>() {
        group.hash(len, len);
    }
    // The group grows by one child, and its last child changes a few times first, as on
    // inner levels.
    let mut group = Group::new(hasher, children);
    for len in 2..=widest::<H>() {
        for _ in 0..3 {
            group.hash(len, len - 1);
        }
    }
    // Every pair of calls on narrow groups.
    let narrow = widest::<H>().min(9);
    for first_len in 2..=narrow {
        for first_stable in 0..=first_len {
            for second_len in first_stable.max(2)..=narrow {
                for second_stable in [0, first_stable, second_len] {
                    let mut group = Group::new(hasher, children);
                    group.hash(first_len, first_stable);
                    group.hash(second_len, second_stable);
                    group.hash(narrow, narrow);
                }
            }
        }
    }
    // Leaps forward and back, in an arbitrary order that is the same in every run.
    let mut random = 1_u32;
    let mut below = |bound: usize| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 16) as usize % bound
    };
    for _ in 0..100 {
        let mut group = Group::new(hasher, children);
        while group.stable < widest::<H>() {
            let room = widest::<H>() - group.stable;
            let len = (group.stable + below(room + 1)).max(2);
            let stable = below(len + 1);
            group.hash(len, stable);
            if below(4) == 0 {
                group.hash(len, len);
            }
        }
    }
}

/// A group whose children change from call to call until they are declared stable.
struct Group<'a, H> {
    hasher: &'a H,
    children: &'a Children,
    state: GroupState,
    /// Number of leading children that were declared stable.
    stable: usize,
    calls: usize,
}

impl<'a, H: Hasher> Group<'a, H> {
    fn new(hasher: &'a H, children: &'a Children) -> Self {
        Self {
            hasher,
            children,
            state: GroupState::default(),
            stable: 0,
            calls: 0,
        }
    }

    fn hash(&mut self, len: usize, stable: usize) {
        let mut group = [[0; 32]; WIDEST];
        group.copy_from_slice(&self.children[..WIDEST]);
        self.calls += 1;
        for child in &mut group[self.stable..] {
            // An unstable child changes at every call.
            *child = self.children[WIDEST + self.calls % WIDEST];
        }
        let kept = self.stable.max(stable);
        group[..kept].copy_from_slice(&self.children[..kept]);

        let before = self.state;
        let parent = self
            .hasher
            .hash_resuming(&mut self.state, stable, &group[..len]);
        assert!(
            parent == self.hasher.hash_children(&group[..len]),
            "hash_resuming gives another hash than hash_children for {len} children, {stable} of \
             them stable, from {before:?}",
        );
        self.stable = kept;
        assert!(
            self.state.absorbed as usize <= self.stable,
            "hash_resuming absorbed {} children, but only {} were ever stable",
            self.state.absorbed,
            self.stable,
        );
    }
}

fn check_fingerprint<H: Hasher>(hasher: &H) {
    let mut fingerprints = [[0; 32]; WIDEST + 1];
    for arity in 2..=widest::<H>() {
        let fingerprint = hasher.fingerprint(arity);
        assert!(
            fingerprint
                == fingerprint::of(arity.min(H::MAX_ARITY), |group| hasher.hash_children(group)),
            "the fingerprint for {arity} is not the one that Hasher documents",
        );
        assert!(
            !fingerprints[2..arity].contains(&fingerprint),
            "the fingerprint for {arity} is also that of a smaller arity",
        );
        fingerprints[arity] = fingerprint;
    }
}
