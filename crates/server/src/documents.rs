//! The documents of answers: one for each kind, with the names that the command's `--json` has.

use rotortree::TreeHead;
use rotortree_proof_forms::hex;
use serde::Serialize;
use utoipa::ToSchema;

/// A head of the tree: what a client keeps and trusts.
#[derive(Serialize, ToSchema)]
pub(crate) struct Head {
    /// Leaves.
    #[schema(example = 3)]
    pub(crate) size: u64,
    /// The root, `0x` and 64 hex digits; zeros for the empty tree.
    #[schema(pattern = "^0x[0-9a-f]{64}$")]
    pub(crate) root: String,
}

impl Head {
    pub(crate) fn new(head: TreeHead) -> Self {
        Self {
            size: head.size,
            root: hex::encode(&head.root),
        }
    }
}

/// A leaf at its index.
#[derive(Serialize, ToSchema)]
pub(crate) struct Leaf {
    /// Its index.
    pub(crate) index: u64,
    /// The leaf.
    #[schema(pattern = "^0x[0-9a-f]{64}$")]
    pub(crate) leaf: String,
}

/// A run of leaves.
#[derive(Serialize, ToSchema)]
pub(crate) struct Leaves {
    /// The index of the first one.
    pub(crate) start: u64,
    /// The index behind the last one.
    pub(crate) end: u64,
    /// The leaves, in their order.
    pub(crate) leaves: Vec<String>,
}

/// The index of a leaf.
#[derive(Serialize, ToSchema)]
pub(crate) struct Found {
    /// The smallest index.
    pub(crate) index: u64,
    /// The leaf.
    pub(crate) leaf: String,
    /// `index`, or `scan` where leaves were read.
    #[schema(example = "index")]
    pub(crate) by: &'static str,
    /// Leaves that were read.
    pub(crate) scanned: u64,
}

/// An entry that is durable.
#[derive(Serialize, ToSchema)]
pub(crate) struct Appended {
    /// The index of its first leaf.
    pub(crate) first: u64,
    /// Leaves of the tree right behind the entry.
    pub(crate) size: u64,
    /// The root there.
    #[schema(pattern = "^0x[0-9a-f]{64}$")]
    pub(crate) root: String,
}

/// The frontier of the tree: all that a new node needs to append from there on.
#[derive(Serialize, ToSchema)]
pub(crate) struct FrontierDocument {
    /// Leaves.
    pub(crate) size: u64,
    /// The root.
    #[schema(pattern = "^0x[0-9a-f]{64}$")]
    pub(crate) root: String,
    /// N.
    pub(crate) arity: usize,
    /// The name of the hash function, or its fingerprint.
    pub(crate) hash: String,
    /// The canonical bytes, which `Frontier::import` reads.
    pub(crate) frontier: String,
}

/// The application's metadata.
#[derive(Serialize, ToSchema)]
pub(crate) struct Metadata {
    /// Leaves of the tree.
    pub(crate) size: u64,
    /// The metadata in base64, or `null` where there is none.
    pub(crate) metadata: Option<String>,
}

/// A proof with its claim in words. Only `proof`, the canonical bytes, counts when it is verified.
/// The other forms are those of other programs: see `docs/server.md`.
#[derive(ToSchema)]
#[schema(as = Proof)]
#[expect(
    dead_code,
    reason = "`ProofDocument` of the forms is written; this is its schema"
)]
pub(crate) struct ProofSchema {
    /// The kind of the proof.
    kind: Option<String>,
    /// N of the tree.
    arity: Option<usize>,
    /// The name of its hash function, or its fingerprint.
    hash: Option<String>,
    /// The head that the proof was made for, `SIZE:ROOT`. A verifier takes a head from elsewhere.
    head: Option<String>,
    /// The head that a proof of growth starts from.
    old: Option<String>,
    /// The leaves that the proof is about.
    leaves: Option<Vec<Leaf>>,
    /// The canonical bytes in hex.
    proof: Option<String>,
    /// The proofs, where there are many.
    proofs: Option<Vec<serde_json::Value>>,
}
