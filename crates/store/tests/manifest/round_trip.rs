//! Encoded manifests are read back, and other bytes are refused.

use proptest::prelude::*;
use rotortree_store::manifest::{CleanClose, Manifest};

use super::samples;

fn sizes() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..70_000_u64,
        any::<u64>(),
        (0..64u32).prop_map(|shift| 1 << shift)
    ]
}

fn manifests() -> impl Strategy<Value = Manifest> {
    let arity = prop_oneof![2..40_u32, 2..=u32::MAX];
    let metadata = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..300));
    let close = proptest::option::of((
        0..9_u64,
        1..1u64 << 62,
        any::<u32>(),
        any::<u32>(),
        any::<[u8; 32]>(),
    ));
    (
        arity,
        sizes(),
        any::<[u8; 32]>(),
        metadata,
        close,
        any::<(u64, u32, [u8; 16])>(),
        any::<u32>(),
    )
        .prop_map(
            |(arity, size, root, metadata, close, (generation, sequence, tree_id), stride)| {
                let root = if size == 0 { [0; 32] } else { root };
                let mut manifest = samples::plain(arity, size, root);
                manifest.stride = 1 + stride % samples::widest(arity);
                manifest.levels = samples::tails(arity, manifest.stride, size);
                manifest.generation = generation >> 2;
                manifest.tree_id = tree_id;
                manifest.sequence = u64::from(sequence);
                manifest.newest.number += 9;
                manifest.durable.sequence = manifest.sequence;
                manifest.metadata = metadata;
                manifest.clean_close = close.map(|(segment, length, records, leaves, end_root)| {
                    let end = size.saturating_add(u64::from(leaves));
                    CleanClose {
                        segment: manifest.first_segment + segment,
                        length,
                        sequence: manifest.sequence + u64::from(records),
                        size: end,
                        root: if end == size { root } else { end_root },
                    }
                });
                manifest
            },
        )
}

proptest! {
    #[test]
    fn what_is_encoded_is_read_back(manifest in manifests()) {
        let bytes = manifest.encode();
        prop_assert_eq!(Manifest::decode("MANIFEST", &bytes).unwrap(), manifest);
    }

    #[test]
    fn bytes_that_are_read_are_those_that_would_be_written(
        manifest in manifests(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut bytes = manifest.encode();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        samples::seal(&mut bytes);
        if let Ok(read) = Manifest::decode("MANIFEST", &bytes) {
            prop_assert_eq!(read.encode(), bytes);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..600), start in 0..200_usize) {
        let sample = samples::full(2, 300).encode();
        let start = start.min(bytes.len());
        bytes[..start].copy_from_slice(&sample[..start]);
        let _ = Manifest::decode("MANIFEST", &bytes);
        if bytes.len() >= 24 {
            let len = bytes.len() as u64;
            bytes[16..24].copy_from_slice(&len.to_le_bytes());
            samples::seal(&mut bytes);
            let _ = Manifest::decode("MANIFEST", &bytes);
        }
    }
}
