//! [`with_arity`]: from an N that is a number to code that is generic over it.

use crate::TreeError;

/// Every N that can be chosen at run time, ascending: those that trees are usually made with.
pub const ARITIES: [usize; 5] = [2, 3, 4, 8, 16];

/// Work that is generic over N; a closure that could be, if closures could. See [`any`](crate::any)
/// for an example.
pub trait WithArity {
    /// What the work gives, whatever N is.
    type Output;

    /// Does the work for this N, one of [`ARITIES`].
    fn with<const N: usize>(self) -> Self::Output;
}

/// Does `work` for the N that is `arity`.
///
/// # Errors
/// [`TreeError::UnsupportedArity`] if that is none of [`ARITIES`]; the work was then not begun.
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
