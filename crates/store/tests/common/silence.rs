//! Panics that a test plans, kept out of its output.

use std::{panic, sync::Once};

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
