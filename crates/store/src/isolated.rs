//! [`isolated`]: runs foreign code and catches its panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// The outcome of `code`, or `None` if it panics, which the panic hook has reported by then. For
/// wakers, events, spans and jobs: code of one caller on a thread that has others to serve.
pub(crate) fn isolated<T>(code: impl FnOnce() -> T) -> Option<T> {
    let panic = match catch_unwind(AssertUnwindSafe(code)) {
        Ok(outcome) => return Some(outcome),
        Err(panic) => panic,
    };
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        // The payload of a panic that panics when it is dropped. Another attempt could panic again.
        std::mem::forget(second);
    }
    None
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
        assert_eq!(isolated(|| 7), Some(7));
        assert_eq!(isolated(|| panic!("a planned panic")), None::<()>);
        isolated(|| std::panic::panic_any(Nested(1)));
        isolated(|| std::panic::panic_any(Nested(5)));
    }
}
