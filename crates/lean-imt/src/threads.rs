//! Where a batch is hashed: on the calling thread, or on rayon's threads.

/// The threads that may hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threads {
    /// The calling thread alone. For callers that hold a lock: a thread that waits for rayon may
    /// run other closures meanwhile, and those may want the lock.
    Caller,
    /// Rayon's.
    #[cfg(feature = "parallel")]
    All,
}

impl Threads {
    /// What a method without a say in it uses.
    #[cfg(not(feature = "parallel"))]
    pub(crate) const DEFAULT: Self = Self::Caller;
    /// What a method without a say in it uses.
    #[cfg(feature = "parallel")]
    pub(crate) const DEFAULT: Self = Self::All;

    /// How many there are.
    #[cfg(feature = "parallel")]
    pub(crate) fn count(self) -> usize {
        match self {
            Self::Caller => 1,
            Self::All => rayon::current_num_threads(),
        }
    }
}
