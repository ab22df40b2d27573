//! [`PerProcess`]: a value that a forked child makes anew.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::fork::Process;

/// A shared value with threads of its own, of which every process has its own.
pub(crate) struct PerProcess<T> {
    current: ArcSwapOption<(Process, Arc<T>)>,
}

impl<T> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self {
            current: ArcSwapOption::const_empty(),
        }
    }

    /// This process's value, made if there is none yet. Of several that are made at once one is
    /// kept.
    pub(crate) fn get(&self, make: impl Fn() -> T) -> Arc<T> {
        loop {
            let current = self.current.load();
            if let Some(owned) = &*current
                && owned.0.is_current()
            {
                return Arc::clone(&owned.1);
            }
            let made = Arc::new((Process::current(), Arc::new(make())));
            let before = self
                .current
                .compare_and_swap(&current, Some(Arc::clone(&made)));
            let is_ours = match (&*before, &*current) {
                (None, None) => true,
                (Some(before), Some(current)) => Arc::ptr_eq(before, current),
                _ => false,
            };
            if is_ours {
                // The parent's threads may have held its locks, and dropping it would take them.
                std::mem::forget(arc_swap::Guard::into_inner(before));
                return Arc::clone(&made.1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_in_a_process() {
        let value = PerProcess::new();
        let first = value.get(|| 17);
        assert!(Arc::ptr_eq(&first, &value.get(|| unreachable!())));
    }
}
