//! Properties of frontiers from outside: against a head only the honest one passes, and every
//! frontier can be appended to.

use rotortree_lean_imt::{Blake3Hasher, Frontier, Hash, LeanIMT, TreeHead};

use crate::lean_imt::ARITIES;

/// Deep enough for every size.
const DEPTH: usize = 64;
/// Leaves of the largest honest tree.
const LEAVES: u64 = 300;

/// Which frontier is changed, in front of the changes: an index into [`ARITIES`], two bytes of
/// size, how many leaves are appended.
pub const CASE_BYTES: usize = 4;
/// Added to the index: what follows are whole bytes of a frontier, not changes of the honest one.
pub const RAW: u8 = 0x80;

fn leaf(index: u64) -> Hash {
    let mut leaf = [0x5a; 32];
    leaf[..8].copy_from_slice(&index.to_le_bytes());
    leaf
}

/// Imports an honest frontier with the changes of an input.
pub fn check_frontier(input: &[u8]) {
    let Some((&[arity, low, high, appended], rest)) = input.split_first_chunk::<CASE_BYTES>()
    else {
        return;
    };
    let size = u64::from(u16::from_le_bytes([low, high])) % (LEAVES + 1);
    let check = match ARITIES[usize::from(arity & !RAW) % ARITIES.len()] {
        2 => check::<2>,
        3 => check::<3>,
        4 => check::<4>,
        _ => check::<16>,
    };
    check(size, u64::from(appended % 40), arity & RAW != 0, rest);
}

/// The frontier of the first `size` leaves.
fn honest<const N: usize>(size: u64) -> Frontier<N, DEPTH> {
    let mut frontier = Frontier::new();
    let leaves: Vec<Hash> = (0..size).map(leaf).collect();
    if size > 0 {
        frontier
            .append_many(&Blake3Hasher, &leaves)
            .expect("a small tree takes its leaves");
    }
    frontier
}

fn changed(honest: &[u8], raw: bool, changes: &[u8]) -> Vec<u8> {
    if raw {
        return changes.to_vec();
    }
    let mut bytes = honest.to_vec();
    for change in changes.chunks_exact(4) {
        let at = usize::from(u16::from_le_bytes([change[1], change[2]])) % (bytes.len() + 1);
        match change[0] % 4 {
            0 if at < bytes.len() => bytes[at] ^= change[3],
            1 => bytes.insert(at, change[3]),
            2 if at < bytes.len() => {
                bytes.remove(at);
            }
            3 => bytes.truncate(at),
            _ => {}
        }
    }
    bytes
}

fn check<const N: usize>(size: u64, appended: u64, raw: bool, changes: &[u8]) {
    let hasher = &Blake3Hasher;
    let honest = honest::<N>(size);
    let encoded = honest.export();
    let bytes = changed(&encoded, raw, changes);
    let head = honest.head().unwrap_or(TreeHead::EMPTY);
    match Frontier::<N, DEPTH>::import(&bytes, hasher, head) {
        Ok(frontier) => {
            assert_eq!(bytes, encoded, "only the honest frontier has this head");
            assert_eq!((frontier.size(), frontier.root()), (size, honest.root()));
        }
        Err(error) => {
            assert_ne!(bytes, encoded, "the honest frontier is refused: {error}");
            assert!(!error.to_string().is_empty());
        }
    }
    let Ok(frontier) = Frontier::<N, DEPTH>::import_untrusted(&bytes, hasher) else {
        return;
    };
    assert_eq!(frontier.export(), bytes, "one encoding for each frontier");
    let own = frontier.head().unwrap_or(TreeHead::EMPTY);
    assert!(own != head || bytes == encoded);
    let again = Frontier::<N, DEPTH>::import(&bytes, hasher, own).expect("it has its own head");
    assert_eq!(again.root(), frontier.root());
    let mut other_root = own.root;
    other_root[31] ^= 1;
    for wrong in [
        TreeHead {
            size: own.size ^ 1,
            ..own
        },
        TreeHead {
            root: other_root,
            ..own
        },
    ] {
        let refused = Frontier::<N, DEPTH>::import(&bytes, hasher, wrong).is_err();
        assert!(refused || own.size == 0 && wrong.size == 0);
    }
    go_on(&frontier, appended);
}

/// Appending leaves one by one, as a batch, and to a tree that proves them gives one root.
fn go_on<const N: usize>(frontier: &Frontier<N, DEPTH>, appended: u64) {
    let hasher = &Blake3Hasher;
    let leaves: Vec<Hash> = (0..appended).map(leaf).collect();
    if leaves.is_empty() {
        return;
    }
    let (mut single, mut batch) = (frontier.clone(), frontier.clone());
    let singles: Result<Vec<Hash>, _> = leaves
        .iter()
        .map(|&leaf| single.append(hasher, leaf))
        .collect();
    let batched = batch.append_many(hasher, &leaves);
    let Ok(root) = batched else {
        // A batch is refused as a whole where its last leaf would be.
        assert!(singles.is_err());
        assert_eq!(
            batch.export(),
            frontier.export(),
            "a refusal changes nothing"
        );
        return;
    };
    assert_eq!(singles.expect("a batch of them fits").last(), Some(&root));
    assert_eq!(single.export(), batch.export());
    let mut tree = LeanIMT::<_, N, DEPTH>::from_frontier(Blake3Hasher, frontier)
        .expect("it was made with this hasher");
    assert_eq!(tree.root(), frontier.root());
    assert_eq!(tree.insert_many(&leaves).expect("it fits here too"), root);
    assert_eq!(tree.frontier().export(), batch.export());
    let head = tree.head().expect("it has leaves");
    for (index, leaf) in (frontier.size()..).zip(&leaves) {
        let proof = tree
            .snapshot()
            .generate_proof(index)
            .expect("a tree proves what it appended");
        assert_eq!(&proof.leaf, leaf);
        proof
            .verify_against(hasher, head)
            .expect("an honest proof holds");
    }
    if frontier.size() >= N as u64 {
        // Its first leaf is below the frontier.
        assert!(tree.snapshot().generate_proof(0).is_err());
    }
}

/// Inputs with honest frontiers of several sizes: changed and raw.
pub fn samples() -> Vec<(String, Vec<u8>)> {
    fn raw<const N: usize>(size: u64) -> Vec<u8> {
        honest::<N>(size).export()
    }
    let mut samples = Vec::new();
    for arity in 0..ARITIES.len() as u8 {
        for size in [0u16, 1, 7, 64, 255, 300] {
            let [low, high] = size.to_le_bytes();
            let case = [arity, low, high, 9];
            let number = ARITIES[usize::from(arity)];
            let change = [0, 40, 0, 1, 3, 60, 0, 0];
            samples.push((
                format!("changed_{number}_{size}"),
                [&case[..], &change].concat(),
            ));
            let bytes = match number {
                2 => raw::<2>(size.into()),
                3 => raw::<3>(size.into()),
                4 => raw::<4>(size.into()),
                _ => raw::<16>(size.into()),
            };
            let case = [arity | RAW, low, high, 9];
            samples.push((format!("raw_{number}_{size}"), [&case[..], &bytes].concat()));
        }
    }
    samples
}
