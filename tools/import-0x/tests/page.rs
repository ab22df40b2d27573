//! The page about coming from 0.20 has each public item of that crate.

/// The public items of `rotortree` 0.20: those at the root, what hangs on them, and the modules.
/// Fields and variants are in the table with their type.
const ITEMS: &[(&str, &[&str])] = &[
    ("", &["Hash", "adapters", "storage"]),
    (
        "Hasher",
        &["State", "new_state", "hash_children", "hash_many_into"],
    ),
    ("HashState", &["update", "finalize"]),
    ("Blake3Hasher", &["new"]),
    (
        "LeanIMT",
        &[
            "new",
            "insert",
            "insert_many",
            "root",
            "size",
            "depth",
            "snapshot",
        ],
    ),
    (
        "TreeSnapshot",
        &[
            "root",
            "size",
            "depth",
            "level_len",
            "get_node",
            "generate_proof",
            "generate_consistency_proof",
        ],
    ),
    ("NaryProof", &["verify", "verify_against"]),
    ("ProofLevel", &[]),
    (
        "ConsistencyProof",
        &[
            "old_root",
            "new_root",
            "old_size",
            "new_size",
            "level_count",
            "levels",
            "verify",
            "verify_against",
            "verify_transition",
            "update_inclusion_proof",
        ],
    ),
    ("ConsistencyLevel", &[]),
    (
        "RotorTree",
        &[
            "open",
            "insert",
            "insert_many",
            "insert_durable",
            "root",
            "size",
            "depth",
            "snapshot",
            "flush",
            "checkpoint",
            "wait_for_checkpoint",
            "close",
        ],
    ),
    ("RotorTreeConfig", &[]),
    ("FlushPolicy", &["Interval", "Manual"]),
    (
        "CheckpointPolicy",
        &["Manual", "EveryNEntries", "MemoryThreshold", "OnClose"],
    ),
    ("TieringConfig", &["pin_above_level"]),
    ("DurabilityToken", &["wait", "is_durable"]),
    ("CheckpointMeta", &[]),
    ("write_test_meta", &[]),
    ("RotorTreeError", &["Tree", "Storage"]),
    (
        "StorageError",
        &[
            "Io",
            "CrcMismatch",
            "WalCorrupted",
            "ConfigMismatch",
            "FileLocked",
            "Closed",
            "Tree",
            "FlushFailed",
            "CheckpointFailed",
            "MathError",
            "DataCorruption",
            "SerdeFailed",
        ],
    ),
    (
        "TreeError",
        &[
            "MaxDepthExceeded",
            "IndexOutOfRange",
            "EmptyBatch",
            "CapacityExceeded",
            "MathError",
            "InvalidProofDepth",
            "NoUpdateNeeded",
        ],
    ),
];

/// What a row's first column names: `Type::name`, `Type::{name, ..}` or `Type`.
fn names(page: &str, owner: &str, name: &str) -> bool {
    let mut cells = page.lines().filter_map(|line| {
        let cell = line.strip_prefix("| ")?.split(" | ").next()?;
        (cell.contains(owner)).then_some(cell)
    });
    let is_word = |cell: &str| {
        cell.split(|char: char| !char.is_alphanumeric() && char != '_')
            .any(|word| word == name)
    };
    cells.any(is_word)
}

#[test]
fn each_public_item_of_0_20_is_on_the_page() {
    let page = include_str!("../../../docs/guide/src/migrating.md");
    let mut missing = Vec::new();
    for (owner, items) in ITEMS {
        if !owner.is_empty() && !names(page, owner, owner) {
            missing.push((*owner).to_owned());
        }
        for item in *items {
            let is_there = match *owner {
                "" => page.contains(&format!("`{item}`")),
                owner => names(page, owner, item),
            };
            if !is_there {
                missing.push(format!("{owner}::{item}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}
