//! [`Wide`]: a hasher without the compile-time bound on the width of groups.

use rotortree_hasher::{Hasher, forward_hasher};

use crate::VerifyError;

/// A hasher whose `MAX_ARITY` was compared with N at run time. The dispatch compiles code for every
/// N, and with the hasher's own `MAX_ARITY` the code for a larger N would not compile, although it
/// is never called.
#[derive(Clone)]
pub(super) struct Wide<H>(H);

impl<H: Hasher> Wide<H> {
    /// Wraps a clone of `hasher`.
    ///
    /// # Errors
    /// [`VerifyError::ArityExceedsHasher`] if `arity` exceeds the hasher's `MAX_ARITY`.
    pub(super) fn new(hasher: &H, arity: usize) -> Result<Self, VerifyError> {
        if arity > H::MAX_ARITY {
            return Err(VerifyError::ArityExceedsHasher {
                arity,
                max_arity: H::MAX_ARITY,
            });
        }
        Ok(Self(hasher.clone()))
    }
}

impl<H: Hasher> Hasher for Wide<H> {
    forward_hasher!();
}

#[cfg(test)]
mod tests {
    use rotortree_hasher::{Calls, check_forwarding};

    use super::Wide;

    #[test]
    fn every_call_reaches_the_same_method_of_the_hasher_within() {
        static CALLS: Calls = Calls::new();
        check_forwarding(&CALLS, Wide);
    }
}
