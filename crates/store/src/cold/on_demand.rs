//! [`OnDemand`]: a value that is made at its first use.

use std::{
    ops::Deref,
    sync::{Mutex, OnceLock},
};

/// A value that is made at its first use. No thread waits for another one: of several that make the
/// value at once each uses its own, and one of the values stays.
#[derive(Debug)]
pub(super) struct OnDemand<T> {
    value: OnceLock<T>,
    /// Held while a value is stored, and only ever tried. Storing waits for a thread that stores,
    /// and in a forked child that may be one of the parent's, which does not run there.
    storing: Mutex<()>,
}

/// A value for one use.
pub(super) enum Made<'a, T> {
    /// The value that stays.
    Kept(&'a T),
    /// One that was made beside it.
    Own(T),
}

impl<T> OnDemand<T> {
    /// None yet.
    pub(super) fn new() -> Self {
        Self {
            value: OnceLock::new(),
            storing: Mutex::default(),
        }
    }

    /// A value that was made in advance.
    pub(super) fn made(value: T) -> Self {
        Self {
            value: OnceLock::from(value),
            storing: Mutex::default(),
        }
    }

    /// The value, if it was made.
    pub(super) fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// The value, made now if it was not. An error is told, and the next use tries again.
    #[inline]
    pub(super) fn get_or_make<E>(
        &self,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Made<'_, T>, E> {
        match self.value.get() {
            Some(value) => Ok(Made::Kept(value)),
            None => self.make(make),
        }
    }

    #[cold]
    fn make<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<Made<'_, T>, E> {
        let value = make()?;
        Ok(match self.storing.try_lock() {
            Ok(_storing) => Made::Kept(self.value.get_or_init(|| value)),
            Err(_) => Made::Own(value),
        })
    }
}

impl<T> Deref for Made<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Kept(value) => value,
            Self::Own(value) => value,
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn kept<'a>(made: Result<Made<'a, u32>, &str>) -> Result<&'a u32, Option<u32>> {
        match made {
            Ok(Made::Kept(value)) => Ok(value),
            Ok(Made::Own(value)) => Err(Some(value)),
            Err(_) => Err(None),
        }
    }

    #[test]
    fn an_error_is_not_kept_and_a_value_is() {
        let value = OnDemand::new();
        assert_eq!(kept(value.get_or_make(|| Err("not now"))), Err(None));
        assert_eq!(value.get(), None);
        assert_eq!(kept(value.get_or_make(|| Ok(1))), Ok(&1));
        assert_eq!(kept(value.get_or_make(|| Ok(2))), Ok(&1));
        assert_eq!(kept(OnDemand::made(3).get_or_make(|| Ok(4))), Ok(&3));
    }

    #[test]
    fn of_two_threads_that_make_one_each_uses_its_own_and_none_waits() {
        let value = OnDemand::new();
        let meanwhile = || Ok(*value.get_or_make(|| Ok::<_, &str>(1))?);
        let first = value.get_or_make(|| meanwhile().map(|other| other + 1));
        assert_eq!(kept(first), Ok(&1), "the other one was there first");

        // As in a forked child whose parent's thread was storing.
        let value = OnDemand::new();
        let _stored_elsewhere = value.storing.lock().unwrap();
        for number in [5, 6] {
            let made = value.get_or_make(|| Ok(number));
            assert_eq!(kept(made), Err(Some(number)));
        }
    }
}
