//! Recent heads beside publishing: found if and only if readers see them.

use loom::thread;

use super::{Disk, insert, leaf, model, open_as};
use crate::{CheckpointPolicy, FlushPolicy, settings::Settings};

#[test]
fn loom_models_a_head_that_is_looked_for_while_it_is_published() {
    model("a head beside its publishing", 4, || {
        let disk = Disk::new();
        let (tree, _) = open_as(
            &disk,
            Settings {
                flush_policy: FlushPolicy::Manual,
                checkpoint_policy: CheckpointPolicy::Manual,
                recent_heads: 2,
                ..Settings::default()
            },
        );
        let inserter = thread::spawn({
            let tree = tree.clone();
            move || {
                for number in [1, 2] {
                    let head = insert(&tree, number).head().expect("a leaf was inserted");
                    assert_eq!(
                        tree.find_head(&head.root),
                        Some(head),
                        "missed by its inserter"
                    );
                }
            }
        });
        // The root of one leaf is that leaf.
        if let Some(head) = tree.find_head(&leaf(1)) {
            assert!(tree.size() >= head.size, "found before it is seen");
        }
        if let Some(head) = tree.head() {
            assert_eq!(tree.find_head(&head.root), Some(head), "seen and not found");
        }
        inserter.join().expect("no thread panics");
        assert_eq!(tree.find_head(&leaf(1)).map(|head| head.size), Some(1));
    });
}
