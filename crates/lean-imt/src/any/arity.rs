//! [`with_arity`]: calls code that is generic over N with an N that is a number.

use crate::TreeError;

/// The usual values of N, ascending: each can be chosen at run time.
pub const ARITIES: [usize; 5] = [2, 3, 4, 8, 16];

/// Work that is generic over N. It stands for a closure, which cannot be generic. See
/// [`any`](crate::any) for an example.
pub trait WithArity {
    /// The result of the work, the same type for every N.
    type Output;

    /// Does the work for this N, one of [`ARITIES`].
    fn with<const N: usize>(self) -> Self::Output;
}

/// Does `work` with `N = arity`.
///
/// # Errors
/// [`TreeError::UnsupportedArity`] if `arity` is none of [`ARITIES`]; the work has not begun then.
pub fn with_arity<W: WithArity>(arity: usize, work: W) -> Result<W::Output, TreeError> {
    Ok(match arity {
        2 => work.with::<2>(),
        3 => work.with::<3>(),
        4 => work.with::<4>(),
        8 => work.with::<8>(),
        16 => work.with::<16>(),
        _ => return Err(TreeError::UnsupportedArity { arity }),
    })
}
