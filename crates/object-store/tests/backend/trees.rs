//! Trees in a bucket: what was acknowledged is there for the next owner and for replicas.

use rotortree_hasher::Blake3Hasher;

use crate::place::{Bucket, append};

#[test]
fn a_tree_grows_over_several_owners_and_replicas_follow() {
    let bucket = Bucket::new();
    let replica_of = |size: u64| {
        let replica = bucket.replica().unwrap();
        assert_eq!(replica.size(), size);
        replica
    };
    let mut size = 0;
    let mut early = None;
    for owner in 0..4_u64 {
        let tree = bucket.open().unwrap();
        assert_eq!(tree.size(), size, "owner {owner}");
        for count in [1, 100, 700] {
            append(&tree, size, count);
            size += count;
        }
        if owner % 2 == 0 {
            tree.checkpoint().unwrap();
        }
        append(&tree, size, 3);
        size += 3;
        let replica = replica_of(size);
        assert_eq!(replica.head(), tree.head());
        let early = early.get_or_insert(replica);
        early.refresh().unwrap();
        assert_eq!(early.head(), tree.head(), "owner {owner}");
        let snapshot = early.snapshot();
        for index in [0, size / 2, size - 1] {
            let proof = snapshot.generate_proof(index).unwrap();
            proof
                .verify_against(&Blake3Hasher, snapshot.head().unwrap())
                .unwrap();
        }
        if owner % 2 == 1 {
            tree.close().unwrap();
        }
    }
}
