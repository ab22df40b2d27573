//! [`Reserve`]: a spare file descriptor of a runtime, for a process that has used all others.
//!
//! A tree that fell idle has closed its segment's file, and a rotation opens the next one. With the
//! descriptor given up for it either succeeds in a process that uses all that it may have, unless
//! another thread takes it first. One serves all trees of a runtime; a forked child, whose runtime
//! starts anew, opens its own.

#[cfg(unix)]
mod system {
    use std::fs::File;

    /// Anything that can be opened without effect.
    #[derive(Debug)]
    pub(super) struct Descriptor {
        #[expect(dead_code, reason = "held so that it can be given up")]
        file: File,
    }

    impl Descriptor {
        pub(super) fn open() -> Option<Self> {
            let file = File::open("/").ok()?;
            Some(Self { file })
        }
    }

    /// Whether the process, or the system, has no descriptor left.
    pub(super) fn is_exhausted(code: i32) -> bool {
        code == libc::EMFILE || code == libc::ENFILE
    }
}

#[cfg(not(unix))]
mod system {
    //! Handles are as many as memory holds: none is kept.

    #[derive(Debug)]
    pub(super) struct Descriptor;

    impl Descriptor {
        pub(super) fn open() -> Option<Self> {
            None
        }
    }

    pub(super) fn is_exhausted(_: i32) -> bool {
        false
    }
}

use std::sync::Mutex;

use crate::lock::lock;

/// The descriptor, or nothing where none could be had so far.
#[derive(Debug, Default)]
pub(crate) struct Reserve(Mutex<Option<system::Descriptor>>);

impl Reserve {
    /// Takes a descriptor into reserve, if there is none and the system has one.
    pub(crate) fn fill(&self) {
        let mut held = lock(&self.0);
        if held.is_none() {
            *held = system::Descriptor::open();
        }
    }

    /// Makes a call, and once more with the descriptor given up if there was none for it: `code`
    /// gives the system's number of an error after which nothing has changed. Afterwards the
    /// reserve is filled again.
    pub(crate) fn lend<T, E>(
        &self,
        mut call: impl FnMut() -> Result<T, E>,
        code: impl Fn(&E) -> Option<i32>,
    ) -> Result<T, E> {
        match call() {
            Err(error) if code(&error).is_some_and(system::is_exhausted) => {
                // What was held is closed here.
                if lock(&self.0).take().is_none() {
                    return Err(error);
                }
                let outcome = call();
                self.fill();
                outcome
            }
            outcome => outcome,
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::io;

    use super::*;

    fn failing(times: u32) -> (Result<u32, i32>, u32) {
        let reserve = Reserve::default();
        reserve.fill();
        let mut calls = 0;
        let call = || {
            calls += 1;
            if calls <= times {
                Err(libc::EMFILE)
            } else {
                Ok(calls)
            }
        };
        let outcome = reserve.lend(call, |&code| Some(code));
        assert!(lock(&reserve.0).is_some(), "not filled again");
        (outcome, calls)
    }

    #[test]
    fn a_call_without_a_descriptor_is_made_once_more_with_the_one_in_reserve() {
        assert_eq!(failing(0), (Ok(1), 1));
        assert_eq!(failing(1), (Ok(2), 2));
        assert_eq!(failing(9), (Err(libc::EMFILE), 2));
    }

    #[test]
    fn other_errors_and_an_empty_reserve_cost_one_call() {
        let mut calls = 0;
        let reserve = Reserve::default();
        let mut call = |code: i32| {
            calls += 1;
            Err::<(), _>(io::Error::from_raw_os_error(code))
        };
        let code = |error: &io::Error| error.raw_os_error();
        assert!(reserve.lend(|| call(libc::EMFILE), code).is_err());
        reserve.fill();
        assert!(reserve.lend(|| call(libc::ENOSPC), code).is_err());
        assert_eq!(calls, 2);
    }

    #[test]
    fn the_descriptor_is_given_up_while_the_call_is_made_again() {
        let reserve = Reserve::default();
        reserve.fill();
        let mut held = Vec::new();
        let call = || {
            held.push(lock(&reserve.0).is_some());
            Err::<(), _>(libc::ENFILE)
        };
        assert!(reserve.lend(call, |&code| Some(code)).is_err());
        assert_eq!(held, [true, false]);
    }
}
