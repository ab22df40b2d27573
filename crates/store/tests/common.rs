//! Helpers for tests of several modules.

pub(crate) mod intercepted;

use std::{panic, sync::Once};

use rotortree_hasher::Blake3Hasher;
use rotortree_store::{RotorTree, RotorTreeBuilder, RotorTreeConfig};

/// The builder that the tests use.
pub(crate) type Builder<const N: usize = 2, H = Blake3Hasher, const MAX_DEPTH: usize = 32> =
    RotorTreeBuilder<RotorTree<H, N, MAX_DEPTH>>;

/// The defaults, before a storage is given.
pub(crate) fn unset<T: ?Sized>() -> RotorTreeBuilder<T> {
    RotorTreeBuilder::new(RotorTreeConfig::new(""))
}

/// Keeps panics that a test plans out of the output of this process. Others are told.
pub(crate) fn silence_planned_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let told = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let payload = info.payload();
            let text = payload
                .downcast_ref::<&str>()
                .copied()
                .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            if !text.is_some_and(|text| text.contains("a planned panic")) {
                told(info);
            }
        }));
    });
}
