//! Pins the bytes of chunk and checksum files: files of an earlier release must read the
//! same for ever.

use std::{ops::ControlFlow, sync::Arc};

use rotortree_hasher::{Blake3Hasher, Hash, Hasher};
use rotortree_lean_imt::{LeanIMT, reference};
use rotortree_store::{
    checkpoint::write_nodes,
    chunk::{CHUNK_BYTES, chunk_sum},
    manifest::Manifest,
    memory::MemoryStorage,
    storage::{Reads, Shard, Storage, Stream},
};

const TREE_ID: [u8; 16] = *b"a pinned tree id";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn chunks_are_their_nodes_and_sums_are_seeded_with_tree_level_and_index() {
    let leaves = reference::sample_leaves(7, 128 * 128);
    let mut tree = LeanIMT::<_, 4, 20>::new(Blake3Hasher);
    tree.insert_many(&leaves).unwrap();
    let manifest = Manifest {
        tree_id: TREE_ID,
        arity: 4,
        stride: 3,
        ..Manifest::empty()
    };
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let written = write_nodes(&*storage, &manifest, &tree.snapshot(), &mut |_| {
        ControlFlow::Continue(())
    })
    .unwrap();

    let read = |stream: Stream, level, units: u64| {
        let mut bytes = vec![0; units as usize * stream.unit_bytes()];
        let shard = Shard {
            stream,
            level,
            index: 0,
        };
        storage
            .region(&written.locator, shard, units, Reads::Positioned)
            .unwrap()
            .read_at(0, &mut bytes)
            .unwrap();
        bytes
    };
    let chunks = read(Stream::Chunks, 0, 128);
    assert_eq!(
        chunks,
        leaves.as_flattened(),
        "a chunk file is its level's nodes and nothing else"
    );
    let sums = read(Stream::Sums, 0, 1);
    for (index, (sum, chunk)) in sums.chunks(4).zip(chunks.chunks(CHUNK_BYTES)).enumerate() {
        assert_eq!(
            sum,
            chunk_sum(&TREE_ID, 0, index as u64, chunk).to_le_bytes()
        );
    }
    assert_eq!(hex(&sums[..8]), "88008dd7543506a3");
    // The next stored level is 3. It has 2 chunks: their sums do not fill a sector and travel in
    // the manifest.
    let inner = read(Stream::Chunks, 3, 2);
    assert_eq!(
        hex(&Blake3Hasher.hash_children(inner.as_chunks::<32>().0)),
        "1469d6787bd3f012c62c53692646585314d7df076cca5ece5bc90871ce6d44a3"
    );
    assert_eq!(written.tails[1].sums.len(), 2);
    assert_eq!(format!("{:08x}", written.tails[1].sums[1]), "19a8d40b");
    assert_eq!(written.tails.len(), 3, "levels 0, 3 and 6");
    let nodes: &[Hash] = &written.tails[2].nodes;
    assert_eq!(
        Blake3Hasher.hash_children(nodes),
        tree.root().unwrap(),
        "16,384 leaves are a full tree of 7 layers"
    );
}
