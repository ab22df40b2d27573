//! Proofs of trees around each power of N, each with its forgeries and with the library's verdict.

use std::sync::LazyLock;

use rotortree::{
    Hash, Hasher, LeanIMT, Rfc6962Hasher, Sha256Hasher, TreeHead, UnrootedCatchUp,
    UnrootedConsistency, UnrootedInclusion, UnrootedMulti, UnrootedRange,
};

use crate::support::{hex, leaves};

/// What is claimed, and with which proof.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Inclusion,
    /// Several leaves at once: a multiproof or a range proof.
    Leaves,
    Consistency,
    CatchUp,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Inclusion => "inclusion",
            Self::Leaves => "leaves",
            Self::Consistency => "consistency",
            Self::CatchUp => "catch-up",
        }
    }

    /// Whether the verifier in shell knows it, as the other two do.
    fn fits_a_shell(self) -> bool {
        matches!(self, Self::Inclusion | Self::Consistency)
    }
}

/// Proofs for trees that cannot be, which a verifier that divides by N would never end with.
fn of_no_tree(arity: u8) -> [Case; 2] {
    let head = |size, root| TreeHead { size, root };
    let case = |kind, heads, proof| Case {
        kind,
        hash: "sha256",
        arity: arity.into(),
        heads,
        proof,
        verdict: "refused".to_owned(),
        fits_a_shell: true,
    };
    let leaf = [7; 32];
    let proof = [&[3, 1, arity, 2, 0], &leaf[..]].concat();
    let later = vec![head(1, leaf), head(2, leaf)];
    [
        case(Kind::Inclusion, vec![head(2, leaf)], proof),
        case(Kind::Consistency, later, vec![4, 1, arity, 1, 2]),
    ]
}

/// A proof, the head or the two heads that it is held against, and the verdict.
pub(super) struct Case {
    pub(super) kind: Kind,
    hash: &'static str,
    arity: usize,
    heads: Vec<TreeHead>,
    proof: Vec<u8>,
    /// As `clients/tests/check.py` prints it.
    pub(super) verdict: String,
    /// Whether its numbers are below 2^63.
    pub(super) fits_a_shell: bool,
}

impl Case {
    pub(super) fn line(&self) -> String {
        let heads: String = self.heads.iter().map(|head| format!("{head} ")).collect();
        let Self {
            kind,
            hash,
            arity,
            proof,
            ..
        } = self;
        let kind = kind.name();
        format!("{kind} {hash} {arity} {heads}0x{}\n", hex(proof))
    }

    /// The same claim with other heads or bytes, and the library's verdict on it.
    fn judged<H: Hasher, const N: usize>(
        hasher: &H,
        hash: &'static str,
        kind: Kind,
        (heads, proof): Claim,
    ) -> Self {
        let verdict = match kind {
            Kind::Inclusion => included::<H, N>(hasher, heads[0], &proof),
            Kind::Leaves => several::<H, N>(hasher, heads[0], &proof),
            Kind::Consistency => grew::<H, N>(hasher, heads[0], heads[1], &proof),
            Kind::CatchUp => came::<H, N>(hasher, heads[0], heads[1], &proof),
        };
        Self {
            kind,
            hash,
            arity: N,
            fits_a_shell: kind.fits_a_shell() && heads.iter().all(|head| head.size < 1 << 63),
            heads,
            proof,
            verdict: verdict.unwrap_or_else(|| "refused".to_owned()),
        }
    }
}

/// A head or two, and a proof.
type Claim = (Vec<TreeHead>, Vec<u8>);

fn included<H: Hasher, const N: usize>(hasher: &H, head: TreeHead, proof: &[u8]) -> Option<String> {
    let read = UnrootedInclusion::<N>::from_bytes(proof).ok()?;
    read.verify_against(hasher, head).ok()?;
    Some(listed([read.leaf_index()], &[*read.leaf()]))
}

fn several<H: Hasher, const N: usize>(hasher: &H, head: TreeHead, proof: &[u8]) -> Option<String> {
    if let Ok(read) = UnrootedMulti::<N>::from_bytes(proof) {
        read.verify_against(hasher, head).ok()?;
        return Some(listed(read.indices(), read.leaves()));
    }
    let read = UnrootedRange::<N>::from_bytes(proof).ok()?;
    read.verify_against(hasher, head).ok()?;
    Some(listed(read.range(), read.leaves()))
}

fn grew<H: Hasher, const N: usize>(
    hasher: &H,
    old: TreeHead,
    new: TreeHead,
    proof: &[u8],
) -> Option<String> {
    let read = UnrootedConsistency::<N>::from_bytes(proof).ok()?;
    read.verify_against(hasher, old, new).ok()?;
    Some("grew".to_owned())
}

fn came<H: Hasher, const N: usize>(
    hasher: &H,
    old: TreeHead,
    new: TreeHead,
    proof: &[u8],
) -> Option<String> {
    let read = UnrootedCatchUp::<N>::from_bytes(proof).ok()?;
    read.verify_against(hasher, old, new).ok()?;
    Some(listed(read.range(), read.leaves()))
}

/// Indices and leaves, as the verifiers print them.
fn listed(indices: impl IntoIterator<Item = u64>, leaves: &[Hash]) -> String {
    let pairs = indices.into_iter().zip(leaves);
    let pairs: Vec<String> = pairs
        .map(|(index, leaf)| format!("{index} {}", hex(leaf)))
        .collect();
    pairs.join(" ")
}

/// Every case, made once for all tests.
pub(super) static ALL: LazyLock<Vec<Case>> = LazyLock::new(all);

fn all() -> Vec<Case> {
    let mut cases = of::<_, 2>(&Rfc6962Hasher, "rfc6962");
    let sha256 = &Sha256Hasher::new();
    cases.extend(of::<_, 2>(sha256, "sha256"));
    cases.extend(of::<_, 3>(sha256, "sha256"));
    cases.extend(of::<_, 4>(sha256, "sha256"));
    cases.extend(of::<_, 5>(sha256, "sha256"));
    cases.extend(of::<_, 8>(sha256, "sha256"));
    cases.extend(of::<_, 16>(sha256, "sha256"));
    cases.extend(of::<_, 33>(sha256, "sha256"));
    cases.extend([0, 1].into_iter().flat_map(of_no_tree));
    cases
}

fn of<H: Hasher + Clone, const N: usize>(hasher: &H, hash: &'static str) -> Vec<Case> {
    let n = N as u64;
    let mut sizes = vec![
        1,
        2,
        3,
        n,
        n + 1,
        2 * n,
        n * n - 1,
        n * n,
        n * n + 1,
        n * n + n + 1,
    ];
    sizes.sort_unstable();
    sizes.dedup();
    let mut tree = LeanIMT::<_, N, 64>::new(hasher.clone());
    let mut snapshots = Vec::new();
    let all = leaves(n * n + n + 1);
    for size in sizes {
        tree.insert_many(&all[tree.size() as usize..size as usize])
            .unwrap();
        snapshots.push((tree.head().unwrap(), tree.snapshot()));
    }
    let mut cases = Vec::new();
    let mut add = |kind: Kind, heads: Vec<TreeHead>, proof: Vec<u8>| {
        let forged = forgeries(&heads, &proof);
        let all = [(heads, proof)].into_iter().chain(forged);
        cases.extend(all.map(|claim| Case::judged::<H, N>(hasher, hash, kind, claim)));
    };
    for (head, snapshot) in &snapshots {
        let mut indices = vec![0, 1, n - 1, n, head.size / 2, head.size - 1];
        indices.sort_unstable();
        indices.dedup();
        indices.retain(|index| *index < head.size);
        for index in &indices {
            let proof = snapshot.generate_proof(*index).unwrap();
            add(Kind::Inclusion, vec![*head], proof.to_bytes().unwrap());
        }
        let many = snapshot.generate_multiproof(&indices).unwrap();
        add(Kind::Leaves, vec![*head], many.to_bytes().unwrap());
        let run = head.size / 2..(head.size / 2 + 3).min(head.size);
        let run = snapshot.generate_range_proof(run).unwrap();
        add(Kind::Leaves, vec![*head], run.to_bytes().unwrap());
        let olds = snapshots
            .iter()
            .map(|(old, _)| *old)
            .chain([TreeHead::EMPTY]);
        for old in olds.filter(|old| old.size <= head.size) {
            let proof = snapshot
                .generate_consistency_proof(old.size, old.root)
                .unwrap();
            add(
                Kind::Consistency,
                vec![old, *head],
                proof.to_bytes().unwrap(),
            );
            if head.size - old.size <= n + 1 {
                let proof = snapshot
                    .generate_catch_up_proof(old.size, old.root)
                    .unwrap();
                add(Kind::CatchUp, vec![old, *head], proof.to_bytes().unwrap());
            }
        }
    }
    for size in [(1 << 53) + 1, u64::MAX] {
        for index in [0, size / 3, size - 1] {
            let (head, proof) = sparse::<H, N>(hasher, index, size);
            add(Kind::Inclusion, vec![head], proof);
        }
    }
    cases
}

/// A proof of a tree of any size, whose head is made to fit it.
fn sparse<H: Hasher, const N: usize>(hasher: &H, index: u64, size: u64) -> (TreeHead, Vec<u8>) {
    let hashes = leaves(33 * 64);
    // The number of siblings is the one that is not refused.
    let proof = (0..hashes.len())
        .find_map(|count| UnrootedInclusion::<N>::new(size, index, &[7; 32], &hashes[..count]).ok())
        .unwrap();
    let root = proof.compute_root(hasher).unwrap();
    (TreeHead { size, root }, proof.to_bytes())
}

/// Changes of a claim, most of which make it false.
fn forgeries(heads: &[TreeHead], proof: &[u8]) -> Vec<Claim> {
    let mut forged = Vec::new();
    for at in (0..proof.len()).filter(|at| *at < 12 || at % 61 == 0) {
        let mut bytes = proof.to_vec();
        bytes[at] ^= if at % 2 == 0 { 1 } else { 0x80 };
        forged.push((heads.to_vec(), bytes));
    }
    for cut in [1, 32] {
        forged.push((
            heads.to_vec(),
            proof[..proof.len().saturating_sub(cut)].to_vec(),
        ));
    }
    forged.push((heads.to_vec(), [proof, &[0]].concat()));
    forged.push((heads.to_vec(), [proof, &[0; 32]].concat()));
    // A number in a longer form: N, which is below 128, in two bytes.
    forged.push((
        heads.to_vec(),
        [&proof[..2], &[proof[2] | 0x80, 0], &proof[3..]].concat(),
    ));
    for at in 0..heads.len() {
        let TreeHead { size, root } = heads[at];
        let mut other = root;
        other[31] ^= 1;
        let smaller = size.saturating_sub(1);
        for (size, root) in [
            (size.saturating_add(1), root),
            (smaller, root),
            (size, other),
        ] {
            let mut heads = heads.to_vec();
            heads[at] = TreeHead { size, root };
            forged.push((heads, proof.to_vec()));
        }
    }
    forged
}
