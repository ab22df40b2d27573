//! [`fork`]: a real forked child that runs a closure and reports the outcome, and all unsafe code
//! of these tests.

use std::{
    io::{BufRead, BufReader, PipeReader, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::{Duration, Instant},
};

use crate::common::PATIENCE;

/// The report of a child without a failure.
const FINE: &str = "fine";

/// A forked child.
pub(crate) struct Forked {
    pid: libc::pid_t,
    says: BufReader<PipeReader>,
}

/// The end of a child once its closure has returned.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    /// By `_exit`: nothing is dropped or flushed.
    AtOnce,
    /// By `exit`: with the exit handlers that it has from its parent.
    Orderly,
    /// By a signal that it sends itself.
    Killed,
}

/// Forks. The child runs `child`, whose panic becomes what it says, and ends without
/// returning from here.
///
/// It has no other thread. What it may touch is what these tests are about; the allocator is
/// made for it on the systems that these tests run on. The standard library's threads are not:
/// see [`threads`](crate::threads).
pub(crate) fn fork(ending: Ending, child: impl FnOnce()) -> Forked {
    let (says, mut tell) = std::io::pipe().unwrap();
    // SAFETY: the child of a process with several threads may only rely on what its one thread did,
    // and on what the system's library repairs in a child: the allocator and the state of its
    // own thread. `child` takes no lock of this program that another thread may hold, except
    // those that the product promises not to take in a child.
    let pid = unsafe { libc::fork() };
    match pid {
        -1 => panic!("{}", std::io::Error::last_os_error()),
        0 => {
            let outcome = catch_unwind(AssertUnwindSafe(child));
            let said = match &outcome {
                Ok(()) => FINE,
                Err(panic) => {
                    match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
                        (Some(text), _) => text.as_str(),
                        (_, Some(text)) => text,
                        _ => "a panic without words",
                    }
                }
            };
            // One line, which is not read if the parent is gone.
            let _ = writeln!(tell, "{}", said.replace('\n', " "));
            match ending {
                Ending::Orderly => std::process::exit(0),
                // SAFETY: a signal to this one thread, which is the child itself.
                Ending::Killed => unsafe {
                    libc::raise(libc::SIGKILL);
                },
                Ending::AtOnce => {}
            }
            // SAFETY: ends the process without anything that could rely on its parent's threads.
            unsafe { libc::_exit(0) }
        }
        pid => Forked {
            pid,
            says: BufReader::new(says),
        },
    }
}

impl Forked {
    /// Waits until the child has ended, and fails if it found something wrong or does not end.
    pub(crate) fn ends_well(mut self) {
        let started = Instant::now();
        let mut status = 0;
        loop {
            // SAFETY: `status` is a valid place for the status, and the child is this process's own
            // and not waited for yet.
            let ended = unsafe { libc::waitpid(self.pid, &raw mut status, libc::WNOHANG) };
            assert!(ended >= 0, "{}", std::io::Error::last_os_error());
            if ended == self.pid {
                break;
            }
            if started.elapsed() > PATIENCE {
                // SAFETY: a plain system call on this process's own child, which was not
                // waited for yet.
                unsafe { libc::kill(self.pid, libc::SIGKILL) };
                panic!("the forked child hangs");
            }
            thread::sleep(Duration::from_millis(1));
        }
        // Everything that it said is in the pipe by now; a line, since others may hold copies of
        // its other end.
        let died = libc::WIFSIGNALED(status) && libc::WTERMSIG(status) != libc::SIGKILL;
        assert!(!died, "a signal ended the child: {status:#x}");
        let mut line = String::new();
        self.says.read_line(&mut line).unwrap();
        assert_eq!(line.trim_end(), FINE);
    }
}
