//! The threads that hash a batch: the calling thread, or rayon's threads.

#[cfg(feature = "parallel")]
pub(crate) mod shares;

/// The threads that may hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threads {
    /// The calling thread alone, for callers that hold a lock: a thread that waits for rayon may
    /// run other closures, and these may want the lock.
    Caller,
    /// Rayon's.
    #[cfg(feature = "parallel")]
    All,
}

impl Threads {
    /// The choice of methods that do not ask their caller.
    #[cfg(not(feature = "parallel"))]
    pub(crate) const DEFAULT: Self = Self::Caller;
    /// The choice of methods that do not ask their caller.
    #[cfg(feature = "parallel")]
    pub(crate) const DEFAULT: Self = Self::All;

    /// The number of threads.
    #[cfg(feature = "parallel")]
    pub(crate) fn count(self) -> usize {
        match self {
            Self::Caller => 1,
            Self::All => rayon::current_num_threads(),
        }
    }
}
