//! [`batches`]: decoded leaves on their way from the thread that decodes them to the one that
//! appends them.

use std::{
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rotortree::Hash;

use super::Input;
use crate::failure::{Code, Failure};

/// A place for one batch between two threads.
#[derive(Default)]
struct Slot {
    content: Mutex<Content>,
    changed: Condvar,
}

#[derive(Default)]
struct Content {
    ready: Vec<Hash>,
    /// How decoding ended.
    outcome: Option<Result<(), Failure>>,
    /// Whether either side is gone.
    is_closed: bool,
}

impl Slot {
    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.content().is_closed = true;
        self.changed.notify_all();
    }
}

/// The decoding side.
pub(super) struct Batches {
    batch: Vec<Hash>,
    /// Leaves of a full batch.
    most: usize,
    slot: Arc<Slot>,
    /// Whether the input may pause, so that leaves at hand do not wait for more.
    pauses: bool,
}

/// The appending side.
pub(super) struct Taker {
    slot: Arc<Slot>,
}

/// The appending side has ended: decoding ends too.
#[derive(Debug)]
pub(super) struct Ended;

impl From<Ended> for Failure {
    /// Not told: the failure of the appending side is.
    fn from(Ended: Ended) -> Self {
        Self::new(Code::Input, "no more leaves are wanted")
    }
}

/// What the appending side finds.
pub(crate) enum Next {
    Batch(Vec<Hash>),
    /// Nothing yet: look around and ask again.
    Nothing,
    /// The end of the input, or why it could not be decoded to its end.
    End(Result<(), Failure>),
}

/// Both sides, for batches of at most `most` leaves.
pub(super) fn batches(most: usize, pauses: bool) -> (Batches, Taker) {
    let slot = Arc::new(Slot::default());
    let batches = Batches {
        batch: Vec::new(),
        most,
        slot: Arc::clone(&slot),
        pauses,
    };
    (batches, Taker { slot })
}

impl Batches {
    /// Adds a leaf.
    pub(super) fn push(&mut self, leaf: Hash) -> Result<(), Ended> {
        self.batch.push(leaf);
        if self.batch.len() == self.most {
            self.hand_over()
        } else {
            Ok(())
        }
    }

    /// Adds leaves.
    pub(super) fn extend(&mut self, mut leaves: &[Hash]) -> Result<(), Ended> {
        while !leaves.is_empty() {
            let room = self.most - self.batch.len();
            let (now, later) = leaves.split_at(room.min(leaves.len()));
            self.batch.extend_from_slice(now);
            leaves = later;
            if self.batch.len() == self.most {
                self.hand_over()?;
            }
        }
        Ok(())
    }

    /// The decoder is about to look for more bytes. Where it may have to wait for them, no leaf
    /// waits with it.
    pub(super) fn before_read(&mut self, input: &Input) -> Result<(), Ended> {
        if self.pauses && input.is_drained() {
            self.hand_over()
        } else {
            Ok(())
        }
    }

    /// Puts the leaves at hand into the slot, as soon as they fit.
    fn hand_over(&mut self) -> Result<(), Ended> {
        let mut content = self.slot.content();
        while content.ready.len() + self.batch.len() > self.most && !content.is_closed {
            let waited = self.slot.changed.wait(content);
            content = waited.unwrap_or_else(PoisonError::into_inner);
        }
        if content.is_closed {
            return Err(Ended);
        }
        if content.ready.is_empty() {
            // The slot has the memory of an earlier batch.
            mem::swap(&mut content.ready, &mut self.batch);
        } else {
            content.ready.append(&mut self.batch);
        }
        self.slot.changed.notify_all();
        Ok(())
    }

    /// Hands over the rest, and how decoding ended: the leaves in front of a defect count.
    pub(super) fn end(mut self, outcome: Result<(), Failure>) {
        // If the other side has ended, it has a failure of its own.
        if self.hand_over().is_ok() {
            self.slot.content().outcome = Some(outcome);
        }
    }
}

/// Without an outcome, the decoder panicked.
impl Drop for Batches {
    fn drop(&mut self) {
        self.slot.close();
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        self.slot.close();
    }
}

impl Taker {
    /// The next batch, in exchange for the memory of the last one. Waits a moment for it.
    pub(super) fn next(&self, mut memory: Vec<Hash>, moment: Duration) -> Next {
        let is_waiting = |content: &mut Content| content.ready.is_empty() && !content.is_closed;
        let waited = self
            .slot
            .changed
            .wait_timeout_while(self.slot.content(), moment, is_waiting);
        let (mut content, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if !content.ready.is_empty() {
            memory.clear();
            mem::swap(&mut content.ready, &mut memory);
            self.slot.changed.notify_all();
            return Next::Batch(memory);
        }
        match content.is_closed {
            false => Next::Nothing,
            true => Next::End(content.outcome.take().unwrap_or_else(|| {
                Err(Failure::new(Code::System, "the decoder of leaves panicked"))
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_secs(60);

    #[test]
    fn leaves_come_in_their_order_and_in_batches_that_are_not_too_long() {
        for (most, run) in [(1, 1), (7, 3), (8, 64), (1000, 10)] {
            let (mut batches, taker) = batches(most, false);
            let leaves: Vec<Hash> = (0..500_u16).map(|index| [index as u8; 32]).collect();
            let given = leaves.clone();
            let decoder = std::thread::spawn(move || {
                for leaves in given.chunks(run) {
                    match leaves {
                        [leaf] => batches.push(*leaf).unwrap(),
                        _ => batches.extend(leaves).unwrap(),
                    }
                }
                batches.end(Err(Failure::new(Code::Input, "the end")));
            });
            let mut taken = Vec::new();
            let mut memory = Vec::new();
            loop {
                match taker.next(memory, MOMENT) {
                    Next::Batch(batch) => {
                        assert!((1..=most).contains(&batch.len()));
                        taken.extend_from_slice(&batch);
                        memory = batch;
                    }
                    Next::Nothing => memory = Vec::new(),
                    Next::End(outcome) => break assert!(outcome.is_err()),
                }
            }
            decoder.join().unwrap();
            assert_eq!(taken, leaves);
        }
    }

    #[test]
    fn a_decoder_that_panics_is_told_and_one_that_is_left_ends() {
        let (batches, taker) = super::batches(4, false);
        drop(batches);
        assert!(matches!(taker.next(Vec::new(), MOMENT), Next::End(Err(_))));

        let (mut batches, taker) = super::batches(1, false);
        batches.push([1; 32]).unwrap();
        drop(taker);
        assert!(batches.push([2; 32]).is_err());
    }
}
