//! [`isolated`]: runs code of others so that its panic ends with it.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `code` and swallows its panic, which the panic hook has reported by then. For wakers,
/// events and jobs: code of one caller on a thread that has others to serve.
pub(crate) fn isolated(code: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(code))
        && let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(panic)))
    {
        // The payload of a panic that panics when it is dropped. Another attempt could panic again.
        std::mem::forget(second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nested(u32);

    impl Drop for Nested {
        fn drop(&mut self) {
            if self.0 > 0 {
                std::panic::panic_any(Self(self.0 - 1));
            }
        }
    }

    #[test]
    fn a_panic_ends_here_and_so_does_one_of_its_payload() {
        isolated(|| panic!("a planned panic"));
        isolated(|| std::panic::panic_any(Nested(1)));
        isolated(|| std::panic::panic_any(Nested(5)));
    }
}
