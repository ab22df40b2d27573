//! [`Cache`]: the schedules of the widths in use, derived once.

use alloc::boxed::Box;

use once_cell::race::OnceBox;

use crate::parameters::MAX_CHILDREN;
use crate::schedule::Schedule;

/// A schedule for each number of children, derived when it is first asked for.
///
/// Threads that ask at the same time may each derive one; all of them get the first.
pub(crate) struct Cache<C>([OnceBox<Schedule<C>>; MAX_CHILDREN - 1]);

impl<C> Cache<C> {
    pub(crate) const fn new() -> Self {
        Self([const { OnceBox::new() }; MAX_CHILDREN - 1])
    }

    /// The schedule for groups of `children`, from 2 to [`MAX_CHILDREN`].
    #[inline]
    pub(crate) fn get(
        &self,
        children: usize,
        derive: impl FnOnce(usize) -> Schedule<C>,
    ) -> &Schedule<C> {
        assert!(
            (2..=MAX_CHILDREN).contains(&children),
            "Poseidon hashes 2 to {MAX_CHILDREN} children, and this group has {children}",
        );
        self.0[children - 2].get_or_init(|| Box::new(derive(children)))
    }
}
