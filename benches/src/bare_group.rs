//! [`BareGroup`]: threads that share the syncs of one file, and nothing else. The least that a group
//! commit does: the limit of durable inserts by several threads.

use std::io;
use std::sync::{Condvar, Mutex, PoisonError};

use crate::limits::OverwrittenFile;

/// A file whose overwrites wait for a sync that covers them.
#[derive(Debug)]
pub struct BareGroup {
    state: Mutex<State>,
    synced: Condvar,
}

#[derive(Debug)]
struct State {
    /// Writes that were asked for, and those that a sync has covered.
    asked: u64,
    covered: u64,
    /// The file, while no thread syncs.
    file: Option<OverwrittenFile>,
}

impl BareGroup {
    /// Threads that share the syncs of `file`.
    #[must_use]
    pub fn new(file: OverwrittenFile) -> Self {
        Self {
            state: Mutex::new(State {
                asked: 0,
                covered: 0,
                file: Some(file),
            }),
            synced: Condvar::new(),
        }
    }

    /// Waits for a sync that began after the call.
    ///
    /// # Errors
    /// Those of the system; the file is gone then, and later calls fail.
    pub fn write_durably(&self) -> io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.asked += 1;
        let own = state.asked;
        let mut file = loop {
            if state.covered >= own {
                return Ok(());
            }
            match state.file.take() {
                Some(file) => break file,
                None => {
                    let waited = self.synced.wait(state);
                    state = waited.unwrap_or_else(PoisonError::into_inner);
                }
            }
        };
        let covers = state.asked;
        drop(state);
        let synced = file.overwrite_durably(&[0x5a; 512]);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.covered = covers;
        state.file = Some(file);
        drop(state);
        self.synced.notify_all();
        synced
    }
}
