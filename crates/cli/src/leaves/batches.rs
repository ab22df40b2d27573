//! [`batches`]: decoded leaves on their way from the thread that decodes them to the one that
//! appends them. A buffer fills while the other one is appended: a fresh one costs three times as
//! much to fill, since the system clears its pages first.

use std::{
    fmt, mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rotortree::Hash;

use super::Input;
use crate::failure::{Code, Failure};

/// Leaves in a buffer as long as a full batch: a decoder writes them where they are appended from.
#[derive(Default)]
pub(crate) struct Batch {
    /// Of no length where this is no batch.
    buffer: Vec<Hash>,
    len: usize,
}

impl Batch {
    pub(crate) fn leaves(&self) -> &[Hash] {
        &self.buffer[..self.len]
    }

    /// Moves the leaves of another batch behind its own ones, where they fit.
    fn append(&mut self, other: &mut Self) {
        let end = self.len + other.len;
        self.buffer[self.len..end].copy_from_slice(other.leaves());
        (self.len, other.len) = (end, 0);
    }
}

/// A place for one batch between two threads.
#[derive(Default)]
struct Slot {
    content: Mutex<Content>,
    changed: Condvar,
}

#[derive(Default)]
struct Content {
    ready: Batch,
    /// Buffers to fill.
    spare: Vec<Batch>,
    /// Those that may still be made.
    unmade: usize,
    /// How decoding ended.
    outcome: Option<Result<(), Failure>>,
    /// Whether either side is gone.
    is_closed: bool,
}

impl Slot {
    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the other side, which may be gone.
    fn wait_while(
        &self,
        condition: impl Fn(&Content) -> bool,
    ) -> Result<MutexGuard<'_, Content>, Ended> {
        let is_waiting = |content: &mut Content| condition(content) && !content.is_closed;
        let waited = self.changed.wait_while(self.content(), is_waiting);
        let content = waited.unwrap_or_else(PoisonError::into_inner);
        match content.is_closed {
            true => Err(Ended),
            false => Ok(content),
        }
    }

    fn close(&self) {
        self.content().is_closed = true;
        self.changed.notify_all();
    }
}

/// The decoding side.
pub(super) struct Batches {
    batch: Batch,
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

/// Not told: the failure of the appending side is.
impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no more leaves are wanted")
    }
}

impl From<Ended> for Failure {
    fn from(ended: Ended) -> Self {
        Self::new(Code::Input, ended)
    }
}

/// What the appending side finds.
pub(crate) enum Next {
    Batch(Batch),
    /// Nothing yet: look around and ask again.
    Nothing,
    /// The end of the input, or why it could not be decoded to its end.
    End(Result<(), Failure>),
}

/// Both sides, for batches of at most `most` leaves.
pub(super) fn batches(most: usize, pauses: bool) -> (Batches, Taker) {
    let slot = Slot::default();
    // An input that pauses goes on with a third one, while leaves at hand wait to be appended.
    slot.content().unmade = if pauses { 3 } else { 2 };
    let slot = Arc::new(slot);
    let batches = Batches {
        batch: Batch::default(),
        most,
        slot: Arc::clone(&slot),
        pauses,
    };
    (batches, Taker { slot })
}

impl Batches {
    /// The buffer behind the leaves at hand, at least one leaf long. A decoder writes leaves to its
    /// front and [counts](Self::count) them. Waits while no buffer is free.
    pub(super) fn room(&mut self) -> Result<&mut [Hash], Ended> {
        if self.batch.buffer.is_empty() {
            self.batch = self.buffer()?;
        }
        Ok(&mut self.batch.buffer[self.batch.len..])
    }

    fn buffer(&self) -> Result<Batch, Ended> {
        let is_none_free = |content: &Content| content.spare.is_empty() && content.unmade == 0;
        let mut content = self.slot.wait_while(is_none_free)?;
        if let Some(batch) = content.spare.pop() {
            return Ok(batch);
        }
        content.unmade -= 1;
        Ok(Batch {
            // The system gives a page once it is written to.
            buffer: vec![[0; 32]; self.most],
            len: 0,
        })
    }

    /// Counts leaves at the front of the room.
    pub(super) fn count(&mut self, leaves: usize) -> Result<(), Ended> {
        self.batch.len += leaves;
        if self.batch.len == self.most {
            self.hand_over()
        } else {
            Ok(())
        }
    }

    /// Adds a leaf.
    pub(super) fn push(&mut self, leaf: Hash) -> Result<(), Ended> {
        self.room()?[0] = leaf;
        self.count(1)
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
        if self.batch.len == 0 {
            return Ok(());
        }
        let (most, len) = (self.most, self.batch.len);
        let slot = Arc::clone(&self.slot);
        let mut content = slot.wait_while(|content| content.ready.len + len > most)?;
        if content.ready.len == 0 {
            content.ready = mem::take(&mut self.batch);
        } else {
            content.ready.append(&mut self.batch);
        }
        slot.changed.notify_all();
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
    /// The next batch, in exchange for the last one. Waits a moment for it.
    pub(super) fn next(&self, mut last: Batch, moment: Duration) -> Next {
        let is_waiting = |content: &mut Content| content.ready.len == 0 && !content.is_closed;
        let changed = &self.slot.changed;
        let mut content = self.slot.content();
        if !last.buffer.is_empty() {
            last.len = 0;
            content.spare.push(last);
            changed.notify_all();
        }
        let waited = changed.wait_timeout_while(content, moment, is_waiting);
        let (mut content, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if content.ready.len > 0 {
            changed.notify_all();
            return Next::Batch(mem::take(&mut content.ready));
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
                let mut given = &given[..];
                while !given.is_empty() {
                    // As many as a decoder has at hand, and as there is room for.
                    let room = batches.room().unwrap();
                    let count = run.min(room.len()).min(given.len());
                    let (now, later) = given.split_at(count);
                    room[..count].copy_from_slice(now);
                    batches.count(count).unwrap();
                    given = later;
                }
                batches.end(Err(Failure::new(Code::Input, "the end")));
            });
            let mut taken = Vec::new();
            let mut last = Batch::default();
            loop {
                match taker.next(last, MOMENT) {
                    Next::Batch(batch) => {
                        assert!((1..=most).contains(&batch.leaves().len()));
                        taken.extend_from_slice(batch.leaves());
                        last = batch;
                    }
                    Next::Nothing => last = Batch::default(),
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
        assert!(matches!(
            taker.next(Batch::default(), MOMENT),
            Next::End(Err(_))
        ));

        let (mut batches, taker) = super::batches(1, false);
        batches.push([1; 32]).unwrap();
        drop(taker);
        assert!(batches.push([2; 32]).is_err());
    }
}
