//! [`Ordered`]: work on several threads, whose results are taken in the order of the work.

use std::{
    io,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, Scope},
};

/// Pieces of work that a thread has before it beside the one that it works on.
const AHEAD: usize = 2;

/// Threads that take turns: piece k is that of thread k modulo their number, so the results are in
/// order without a word about it. A thread starts with its first piece.
pub(super) struct Ordered<'scope, 'env, T, R, W> {
    scope: &'scope Scope<'scope, 'env>,
    work: &'scope W,
    threads: usize,
    lanes: Vec<Lane<T, R>>,
    given: usize,
    taken: usize,
}

/// The ends of one thread.
struct Lane<T, R> {
    pieces: SyncSender<T>,
    results: Receiver<R>,
}

impl<'scope, 'env, T, R, W> Ordered<'scope, 'env, T, R, W>
where
    T: Send + 'scope,
    R: Send + 'scope,
    W: Fn(T) -> R + Sync,
{
    /// As many threads as the machine runs at once.
    pub(super) fn new(scope: &'scope Scope<'scope, 'env>, work: &'scope W) -> Self {
        Self {
            scope,
            work,
            threads: thread::available_parallelism().map_or(1, usize::from),
            lanes: Vec::new(),
            given: 0,
            taken: 0,
        }
    }

    /// Whether a result has to be taken before the next piece is given.
    pub(super) fn is_full(&self) -> bool {
        self.given - self.taken == AHEAD * self.threads
    }

    /// Gives the next piece. Does not wait while the threads are not [full](Self::is_full).
    pub(super) fn give(&mut self, piece: T) -> io::Result<()> {
        let at = self.given % self.threads;
        if at == self.lanes.len() {
            self.lanes.push(self.start()?);
        }
        self.given += 1;
        let sent = self.lanes[at].pieces.send(piece);
        sent.map_err(|_| io::Error::other("a thread has ended"))
    }

    /// Waits for the next result. `None` if nothing is left, or a thread has panicked.
    pub(super) fn take(&mut self) -> Option<R> {
        if self.taken == self.given {
            return None;
        }
        let lane = &self.lanes[self.taken % self.threads];
        self.taken += 1;
        lane.results.recv().ok()
    }

    fn start(&self) -> io::Result<Lane<T, R>> {
        let (pieces, given) = sync_channel(AHEAD);
        let (made, results) = sync_channel(AHEAD);
        let work = self.work;
        let run = move || {
            // The other side is gone after a failure: the rest is not wanted.
            let _ended = given
                .into_iter()
                .try_for_each(|piece| made.send(work(piece)));
        };
        thread::Builder::new().spawn_scoped(self.scope, run)?;
        Ok(Lane { pieces, results })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_work_whatever_each_takes() {
        for count in [0, 1, 2, 3, 7, 100] {
            // Every third piece takes longer than those behind it.
            let work = |number: u64| {
                if number.is_multiple_of(3) {
                    thread::sleep(std::time::Duration::from_millis(1));
                }
                number * number
            };
            let mut results = Vec::new();
            thread::scope(|scope| {
                let mut ordered = Ordered::new(scope, &work);
                for number in 0..count {
                    if ordered.is_full() {
                        results.extend(ordered.take());
                    }
                    ordered.give(number).unwrap();
                }
                results.extend(std::iter::from_fn(|| ordered.take()));
            });
            assert_eq!(results, (0..count).map(|n| n * n).collect::<Vec<_>>());
        }
    }
}
