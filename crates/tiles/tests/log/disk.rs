//! A target that loses power after any number of calls, and any part of what was not synced.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use rotortree_tiles::{Operation, Target, TargetError};

pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// A change that was not synced.
#[derive(Clone)]
enum Change {
    Put(String, Vec<u8>),
    RemoveFolder(String),
}

impl Change {
    fn apply(&self, files: &mut Files) {
        match self {
            Self::Put(path, bytes) => {
                files.insert(path.clone(), bytes.clone());
            }
            Self::RemoveFolder(folder) => {
                let prefix = format!("{folder}/");
                files.retain(|path, _| !path.starts_with(&prefix));
            }
        }
    }
}

#[derive(Default)]
struct State {
    durable: Files,
    volatile: Vec<Change>,
    /// Calls that change something, until now.
    calls: usize,
    bytes: usize,
}

/// When the power fails.
#[derive(Clone, Copy)]
pub(crate) struct Failure {
    /// At this call that changes something, from 0.
    pub(crate) at: usize,
    /// Whether the call is done before its answer is lost.
    pub(crate) done: bool,
}

#[derive(Clone, Default)]
pub(crate) struct Disk {
    state: Arc<Mutex<State>>,
    failure: Option<Failure>,
}

impl Disk {
    pub(crate) fn new(durable: Files, failure: Option<Failure>) -> Self {
        let state = State {
            durable,
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            failure,
        }
    }

    pub(crate) fn calls(&self) -> usize {
        self.state.lock().unwrap().calls
    }

    /// The bytes of all files that were put.
    pub(crate) fn bytes(&self) -> usize {
        self.state.lock().unwrap().bytes
    }

    /// Every state that the disk can have after the loss of power: what was synced, and any part of
    /// the rest.
    pub(crate) fn survivors(&self) -> Vec<Files> {
        let state = self.state.lock().unwrap();
        let count = state.volatile.len();
        // All parts of few changes; of many, the prefixes, and all but one.
        let parts: Vec<u64> = match count {
            0..=7 => (0..1 << count).collect(),
            _ => (0..=count)
                .map(|len| (1 << len) - 1)
                .chain((0..count).map(|lost| ((1 << count) - 1) ^ 1 << lost))
                .collect(),
        };
        let survivor = |part: u64| {
            let mut files = state.durable.clone();
            for (at, change) in state.volatile.iter().enumerate() {
                if part >> at & 1 == 1 {
                    change.apply(&mut files);
                }
            }
            files
        };
        parts.into_iter().map(survivor).collect()
    }

    /// Does a call, or fails.
    fn call<R>(
        &self,
        path: &str,
        operation: Operation,
        change: impl FnOnce(&mut State) -> R,
    ) -> Result<R, TargetError> {
        let mut state = self.state.lock().unwrap();
        let fails = self.failure.filter(|failure| failure.at <= state.calls);
        // Nothing is done after the loss of power.
        let is_done = fails.is_none_or(|failure| failure.done && failure.at == state.calls);
        state.calls += 1;
        let result = is_done.then(|| change(&mut state));
        match (result, fails) {
            (Some(result), None) => Ok(result),
            _ => Err(TargetError::new(path, operation, "power is lost")),
        }
    }
}

impl Target for Disk {
    fn get(&self, path: &str) -> Result<Option<Vec<u8>>, TargetError> {
        let state = self.state.lock().unwrap();
        let mut files = state.durable.clone();
        for change in &state.volatile {
            change.apply(&mut files);
        }
        Ok(files.get(path).cloned())
    }

    fn put(&self, path: &str, bytes: &[u8]) -> Result<(), TargetError> {
        self.call(path, Operation::Write, |state| {
            state.bytes += bytes.len();
            let change = Change::Put(path.to_owned(), bytes.to_vec());
            state.volatile.push(change);
        })
    }

    fn sync(&self) -> Result<(), TargetError> {
        self.call("", Operation::Sync, |state| {
            for change in std::mem::take(&mut state.volatile) {
                change.apply(&mut state.durable);
            }
        })
    }

    fn exchange(
        &self,
        path: &str,
        expected: Option<&[u8]>,
        bytes: &[u8],
    ) -> Result<bool, TargetError> {
        self.call(path, Operation::Write, |state| {
            if state.durable.get(path).map(Vec::as_slice) != expected {
                return false;
            }
            state.durable.insert(path.to_owned(), bytes.to_vec());
            true
        })
    }

    fn remove_folder(&self, path: &str) -> Result<(), TargetError> {
        self.call(path, Operation::Remove, |state| {
            state.volatile.push(Change::RemoveFolder(path.to_owned()));
        })
    }
}
