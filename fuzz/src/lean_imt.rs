//! Properties of the tree crate's decoders and verifiers for any input.
//!
//! A verdict is judged by its claim about the tree, and not by whether bytes were changed: an
//! accepted claim must be true.

use rotortree_lean_imt::{
    AnyProof, Blake3Hasher, Frontier, Hash, Kind, LeanIMT, NaryProof, TreeHead, TreeSnapshot,
    UnrootedCatchUp, UnrootedConsistency, UnrootedInclusion, UnrootedMulti, UnrootedRange,
    VerifyError, geometry, peek_kind,
};

use crate::taken_over::{check_javascript, check_update};

/// Deep enough for every size.
pub const DEPTH: usize = 64;
/// Leaves of the largest honest tree.
const LEAVES: u64 = 100;
/// The branching factors that are fuzzed.
pub const ARITIES: [u64; 5] = [2, 3, 4, 16, 8];

/// The honest tree of `size` leaves.
pub fn tree<const N: usize>(size: u64) -> TreeSnapshot<N, DEPTH> {
    let leaves: Vec<Hash> = (0..size).map(|i| [i as u8 ^ 0x5a; 32]).collect();
    let mut tree = LeanIMT::<_, N, DEPTH>::new(Blake3Hasher);
    if size > 0 {
        tree.insert_many(&leaves)
            .expect("a small tree takes its leaves");
    }
    tree.snapshot()
}

fn head<const N: usize>(tree: &TreeSnapshot<N, DEPTH>) -> TreeHead {
    tree.head().unwrap_or(TreeHead::EMPTY)
}

/// A verdict over a proof that is well-formed, with a hasher that takes every hash: it holds, or is
/// false.
fn holds(verdict: Result<(), VerifyError>) -> bool {
    match verdict {
        Ok(()) => true,
        Err(VerifyError::RootMismatch { .. } | VerifyError::SizeMismatch { .. }) => false,
        Err(other) => panic!("{other} of a well-formed proof"),
    }
}

/// Decodes any bytes: no panic, and a decoded value encodes to the same bytes.
pub fn check_decode(bytes: &[u8]) {
    match peek_kind(bytes) {
        Ok((_, 3)) => decode::<3>(bytes),
        Ok((_, 4)) => decode::<4>(bytes),
        Ok((_, 8)) => decode::<8>(bytes),
        Ok((_, 16)) => decode::<16>(bytes),
        _ => decode::<2>(bytes),
    }
}

fn decode<const N: usize>(bytes: &[u8]) {
    let hasher = &Blake3Hasher;
    let head = TreeHead {
        size: 100,
        root: [1; 32],
    };
    if let Ok(head) = TreeHead::from_bytes(bytes, N) {
        assert_eq!(head.to_bytes(N), bytes);
    }
    if let Ok(mut frontier) = Frontier::<N, DEPTH>::import_untrusted(bytes, hasher) {
        assert_eq!(frontier.export(), bytes);
        if let Ok(root) = frontier.append(hasher, [1; 32]) {
            assert_eq!(frontier.root(), Some(root));
        }
    }
    if let Ok(proof) = UnrootedInclusion::<N>::from_bytes(bytes) {
        assert_eq!(proof.to_bytes(), bytes);
        assert!(!holds(proof.verify_against(hasher, head)));
        let rooted = proof
            .to_nary::<_, DEPTH>(hasher)
            .expect("64 levels are enough");
        assert!(rooted.verify(hasher).expect("the shape is right"));
        assert_eq!(rooted.to_bytes().expect("the shape is right"), bytes);
    }
    if let Ok(proof) = UnrootedConsistency::<N>::from_bytes(bytes) {
        assert_eq!(proof.to_bytes(), bytes);
        proof.compute_roots(hasher).expect("nothing is refused");
    }
    if let Ok(proof) = UnrootedMulti::<N>::from_bytes(bytes) {
        assert_eq!(proof.to_bytes(), bytes);
        let indices: Vec<u64> = proof.indices().collect();
        assert!(indices.is_sorted_by(|a, b| a < b));
        let root = proof.compute_root(hasher).expect("nothing is refused");
        let listed =
            UnrootedMulti::<N>::new(proof.tree_size(), &indices, proof.leaves(), proof.hashes())
                .expect("listed indices are the same");
        assert_eq!(
            listed.compute_root(hasher).expect("nothing is refused"),
            root
        );
    }
    if let Ok(proof) = UnrootedRange::<N>::from_bytes(bytes) {
        assert_eq!(proof.to_bytes(), bytes);
        proof.compute_root(hasher).expect("nothing is refused");
    }
    if let Ok(proof) = UnrootedCatchUp::<N>::from_bytes(bytes) {
        assert_eq!(proof.to_bytes(), bytes);
        let roots = proof.compute_roots(hasher).expect("nothing is refused");
        if let (Some((old, new)), true) = (roots, proof.old_size() > 0) {
            let mut frontier =
                Frontier::<N, DEPTH>::from_hashes(hasher, proof.old_size(), proof.frontier())
                    .expect("the frontier is whole");
            assert_eq!(frontier.root(), Some(old));
            let appended = frontier.append_many(hasher, proof.leaves());
            assert_eq!(appended.expect("64 levels are enough"), new);
        }
    }
    decode_any::<N>(bytes, head);
}

/// The same for an N that is a number: a decoded value has one of the kinds, and the same verdict
/// as the typed proof.
fn decode_any<const N: usize>(bytes: &[u8], head: TreeHead) {
    let hasher = &Blake3Hasher;
    let is_proof = UnrootedInclusion::<N>::from_bytes(bytes).is_ok()
        || UnrootedConsistency::<N>::from_bytes(bytes).is_ok()
        || UnrootedMulti::<N>::from_bytes(bytes).is_ok()
        || UnrootedRange::<N>::from_bytes(bytes).is_ok()
        || UnrootedCatchUp::<N>::from_bytes(bytes).is_ok();
    let decoded = AnyProof::from_bytes(bytes, N);
    assert_eq!(decoded.is_ok(), is_proof);
    let Ok(proof) = decoded else {
        return;
    };
    let indices: Vec<u64> = proof.leaves().map(|(index, _)| index).collect();
    assert!(indices.is_sorted_by(|a, b| a < b));
    assert!(indices.iter().all(|&index| index < proof.tree_size()));
    let verdict = match proof.old_size() {
        Some(_) => proof.verify_against(hasher, (TreeHead { size: 7, ..head }, head)),
        None => proof.verify_against(hasher, head),
    };
    assert!(!holds(verdict));
}

/// Which proof is changed.
pub struct Case {
    /// Index into [`ARITIES`].
    pub arity: u8,
    /// The number of leaves, reduced to those available.
    pub size: u8,
    /// Reduced to 0 to 7: the five kinds of encoded proofs, an inclusion proof in memory, the
    /// inputs of an update, and a JavaScript proof.
    pub kind: u8,
    /// Leaf index, first leaf, or old size.
    pub first: u8,
    /// Another index, or number of leaves.
    pub second: u8,
}

impl Case {
    /// A case in front of changes: 5 bytes.
    pub fn encode(&self) -> [u8; 5] {
        [self.arity, self.size, self.kind, self.first, self.second]
    }
}

/// Changes an honest proof: an accepted proof is true.
pub fn check_mutation(input: &[u8]) {
    let Some((&[arity, size, kind, first, second], changes)) = input.split_first_chunk::<5>()
    else {
        return;
    };
    let case = Case {
        arity,
        size,
        kind,
        first,
        second,
    };
    match ARITIES[usize::from(arity) % ARITIES.len()] {
        2 => mutate::<2>(&case, changes),
        3 => mutate::<3>(&case, changes),
        4 => mutate::<4>(&case, changes),
        8 => mutate::<8>(&case, changes),
        _ => mutate::<16>(&case, changes),
    }
}

fn mutate<const N: usize>(case: &Case, changes: &[u8]) {
    let size = u64::from(case.size) % LEAVES + 1;
    let tree = tree::<N>(size);
    let first = u64::from(case.first) % size;
    let second = first + 1 + u64::from(case.second) % (size - first);
    let old = tree
        .snapshot_at(first)
        .expect("the size lies within the tree");
    let (old, new) = (head(&old), head(&tree));
    let kind = match case.kind % 8 {
        0 => Kind::Inclusion,
        1 => Kind::Consistency,
        2 => Kind::Multi,
        3 => Kind::Range,
        4 => Kind::CatchUp,
        5 => return mutate_in_memory(&tree, first, changes),
        6 => return check_update(&tree, second, changes),
        _ => return check_javascript(&self::tree::<2>(size), changes),
    };
    let honest = honest(&tree, kind, first, second, old).expect("an honest proof can be made");
    assert!(accepted(&tree, kind, &honest, old, new), "{kind} is honest");
    let mut bytes = honest.clone();
    for change in changes.chunks_exact(3) {
        let at = usize::from(change[1]) % (bytes.len() + 1);
        match change[0] % 4 {
            0 if at < bytes.len() => bytes[at] ^= change[2],
            1 => bytes.insert(at, change[2]),
            2 if at < bytes.len() => {
                bytes.remove(at);
            }
            3 => bytes.truncate(at),
            _ => {}
        }
    }
    // Checks the truth of an accepted proof.
    accepted(&tree, kind, &bytes, old, new);
}

fn honest<const N: usize>(
    tree: &TreeSnapshot<N, DEPTH>,
    kind: Kind,
    first: u64,
    second: u64,
    old: TreeHead,
) -> Result<Vec<u8>, rotortree_lean_imt::TreeError> {
    match kind {
        Kind::Inclusion => tree.generate_proof(first)?.to_bytes(),
        Kind::Consistency => tree
            .generate_consistency_proof(old.size, old.root)?
            .to_bytes(),
        Kind::Multi if second < tree.size() => {
            tree.generate_multiproof(&[first, second])?.to_bytes()
        }
        Kind::Multi => tree.generate_multiproof(&[first])?.to_bytes(),
        Kind::Range => tree.generate_range_proof(first..second)?.to_bytes(),
        _ => tree.generate_catch_up_proof(old.size, old.root)?.to_bytes(),
    }
}

/// Whether the bytes prove a claim, which must then be true.
fn accepted<const N: usize>(
    tree: &TreeSnapshot<N, DEPTH>,
    kind: Kind,
    bytes: &[u8],
    old: TreeHead,
    new: TreeHead,
) -> bool {
    let hasher = &Blake3Hasher;
    let is_leaf = |(index, leaf): (u64, &Hash)| {
        tree.get_node(0, index).expect("an accepted index exists") == *leaf
    };
    match kind {
        Kind::Inclusion => {
            let Ok(proof) = UnrootedInclusion::<N>::from_bytes(bytes) else {
                return false;
            };
            let accepted = holds(proof.verify_against(hasher, new));
            assert!(!accepted || is_leaf((proof.leaf_index(), proof.leaf())));
            let batch = UnrootedInclusion::verify_batch(hasher, new, &[proof]);
            assert_eq!(batch.is_ok(), accepted);
            accepted
        }
        Kind::Consistency => {
            let Ok(proof) = UnrootedConsistency::<N>::from_bytes(bytes) else {
                return false;
            };
            let accepted = holds(proof.verify_against(hasher, old, new));
            let honest = tree.generate_consistency_proof(old.size, old.root);
            assert!(
                !accepted || proof.hashes() == honest.expect("an honest proof can be made").hashes
            );
            accepted
        }
        Kind::Multi => {
            let Ok(proof) = UnrootedMulti::<N>::from_bytes(bytes) else {
                return false;
            };
            let accepted = holds(proof.verify_against(hasher, new));
            assert!(!accepted || proof.indices().zip(proof.leaves()).all(is_leaf));
            accepted
        }
        Kind::Range => {
            let Ok(proof) = UnrootedRange::<N>::from_bytes(bytes) else {
                return false;
            };
            let accepted = holds(proof.verify_against(hasher, new));
            assert!(!accepted || proof.range().zip(proof.leaves()).all(is_leaf));
            accepted
        }
        _ => {
            let Ok(proof) = UnrootedCatchUp::<N>::from_bytes(bytes) else {
                return false;
            };
            let accepted = holds(proof.verify_against(hasher, old, new));
            assert!(!accepted || proof.range().zip(proof.leaves()).all(is_leaf));
            accepted
        }
    }
}

/// Changes the fields of a proof in memory: an accepted proof is the honest proof of some leaf.
fn mutate_in_memory<const N: usize>(tree: &TreeSnapshot<N, DEPTH>, index: u64, changes: &[u8]) {
    let head = head(tree);
    let mut proof = tree
        .generate_proof(index)
        .expect("the index lies within the tree");
    for change in changes.chunks_exact(4) {
        let (level, slot) = (
            usize::from(change[1]) % DEPTH,
            usize::from(change[1] >> 3) % N,
        );
        let (byte, value) = (usize::from(change[2]) % 32, change[3]);
        let number = if value & 0x80 == 0 {
            u64::from(value)
        } else {
            u64::MAX >> (value & 0x3f)
        };
        match change[0] % 9 {
            0 => proof.root[byte] ^= value,
            1 => proof.leaf[byte] ^= value,
            2 => proof.leaf_index = number,
            3 => proof.tree_size = number,
            4 => proof.level_count = number as usize,
            5 => proof.levels[level].position = number as usize,
            6 => proof.levels[level].sibling_count = number as usize,
            7 => proof.levels[level].siblings[slot][byte] ^= value,
            _ => proof.levels.swap(level, slot),
        }
    }
    let verdict = proof.verify_against(&Blake3Hasher, head);
    let accepted = verdict.is_ok();
    if accepted {
        let honest = tree.generate_proof(proof.leaf_index);
        assert_eq!(proof, honest.expect("an accepted index exists"));
    }
    let batch = NaryProof::verify_batch(&Blake3Hasher, head, std::slice::from_ref(&proof));
    assert_eq!(batch.is_ok(), accepted);
    if let Ok(bytes) = proof.to_bytes() {
        let unrooted = UnrootedInclusion::<N>::from_bytes(&bytes).expect("what is encoded decodes");
        let again = holds(unrooted.verify_against(&Blake3Hasher, head));
        assert!(!accepted || again);
    }
}

/// Bytes of every kind for every N, named: the seeds of the decoders. Honest ones, and claims about
/// the largest tree.
pub fn honest_encodings() -> Vec<(String, Vec<u8>)> {
    fn all<const N: usize>(encodings: &mut Vec<(String, Vec<u8>)>) {
        for size in [1, 7, 33] {
            let tree = tree::<N>(size);
            let old = head(
                &tree
                    .snapshot_at(size / 2)
                    .expect("the size lies within the tree"),
            );
            let mut add = |name: &str, bytes| encodings.push((format!("{name}_{N}_{size}"), bytes));
            add("head", head(&tree).to_bytes(N));
            let frontier = tree.frontier_at(size).expect("the size is the tree's");
            add("frontier", frontier.export());
            for kind in [
                Kind::Inclusion,
                Kind::Consistency,
                Kind::Multi,
                Kind::Range,
                Kind::CatchUp,
            ] {
                let bytes = honest(&tree, kind, size / 2, (size / 2 + 2).min(size), old);
                let name = kind.to_string().replace([' ', '-'], "_");
                add(&name, bytes.expect("an honest proof can be made"));
            }
        }
        // The last power of N below the end of u64: where a run's end may lie beyond it.
        let power = (0..64).rev().find_map(geometry::power::<N>);
        let (index, pool) = (power.expect("N^0 is 1"), [[9; 32]; 1000]);
        let mut add = |name: &str, bytes| encodings.push((format!("{name}_{N}_largest"), bytes));
        for len in 0..pool.len() {
            let (size, leaf, hashes) = (u64::MAX, &pool[..1], &pool[..len]);
            if let Ok(proof) = UnrootedInclusion::<N>::new(size, index, &leaf[0], hashes) {
                add("inclusion_proof", proof.to_bytes());
            }
            if let Ok(proof) = UnrootedMulti::<N>::new(size, &[index], leaf, hashes) {
                add("multiproof", proof.to_bytes());
            }
        }
    }
    let mut encodings = Vec::new();
    all::<2>(&mut encodings);
    all::<3>(&mut encodings);
    all::<4>(&mut encodings);
    all::<8>(&mut encodings);
    all::<16>(&mut encodings);
    encodings
}
