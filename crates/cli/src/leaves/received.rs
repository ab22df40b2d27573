//! [`Received`]: batches of leaves that a thread decodes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use super::{
    Decoder, Input,
    batches::{self, Batch, Next, Taker},
};

/// How long the appending side waits before it looks around.
const MOMENT: Duration = Duration::from_millis(100);

/// The leaves of an input.
pub(crate) struct Received {
    taker: Taker,
    bytes: Arc<AtomicU64>,
    len: Option<u64>,
}

impl Received {
    /// Starts decoding on a thread. The thread ends with the input, or at the first batch after
    /// this side is dropped; a thread that waits for input ends with the process.
    pub(crate) fn start(mut input: Input, decoder: Decoder, most: usize) -> Self {
        let pauses = input.len().is_none();
        let (mut batches, taker) = batches::batches(most, pauses);
        let this = Self {
            taker,
            bytes: input.bytes(),
            len: input.len(),
        };
        thread::spawn(move || {
            let decoded = decoder.run(&mut input, &mut batches);
            // A line that is cut off is what a file has that was cut meanwhile.
            batches.end(input.expect_unchanged().and(decoded));
        });
        this
    }

    /// The next batch, in exchange for the last one. Waits a moment for it.
    pub(crate) fn next(&self, last: Batch) -> Next {
        self.taker.next(last, MOMENT)
    }

    /// Bytes decoded so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// The bytes of the whole input, where they are known.
    pub(crate) fn len(&self) -> Option<u64> {
        self.len
    }
}
