//! Turns: contenders run one after the other, round by round, so that other load on the machine
//! affects all of them. A report has the median and the spread, of times and of the ratios
//! within a round.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::memory::malloc;

/// One contender's timed run. It returns its time without the setup.
pub type Run<'a> = &'a mut dyn FnMut() -> Outcome<Duration>;

/// The seconds that one contender took, round by round.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples(Vec<f64>);

/// Median, least and greatest of some numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The middle one; of an even number, the mean of the two in the middle.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

impl Spread {
    /// The spread of some numbers; all zero for none.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_unstable_by(f64::total_cmp);
        let middle = values.len() / 2;
        let (Some(&min), Some(&max)) = (values.first(), values.last()) else {
            return Self {
                median: 0.0,
                min: 0.0,
                max: 0.0,
            };
        };
        let median = if values.len().is_multiple_of(2) {
            f64::midpoint(values[middle - 1], values[middle])
        } else {
            values[middle]
        };
        Self { median, min, max }
    }

    /// Every number times `factor`, which is not negative.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            median: self.median * factor,
            min: self.min * factor,
            max: self.max * factor,
        }
    }
}

impl Samples {
    /// The given seconds.
    #[must_use]
    pub fn of(seconds: Vec<f64>) -> Self {
        Self(seconds)
    }

    /// Seconds per operation where a round had `operations`.
    #[must_use]
    pub fn per(&self, operations: u64) -> Spread {
        Spread::of(self.0.iter().map(|seconds| seconds / operations as f64))
    }

    /// Operations per second where a round had `operations`.
    #[must_use]
    pub fn rate(&self, operations: u64) -> Spread {
        Spread::of(self.0.iter().map(|seconds| operations as f64 / seconds))
    }

    /// The time of both contenders, one behind the other, round by round.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(
            self.0
                .iter()
                .zip(&other.0)
                .map(|(own, other)| own + other)
                .collect(),
        )
    }

    /// The factor by which this contender was faster than `other`, round by round.
    #[must_use]
    pub fn speedup_over(&self, other: &Self) -> Spread {
        Spread::of(self.0.iter().zip(&other.0).map(|(own, other)| other / own))
    }
}

/// Runs the contenders in turns: one round that does not count, then `rounds` rounds. Every other
/// round goes backwards, so no contender always runs after the same one.
///
/// # Errors
/// The first error of a contender.
pub fn alternate<const K: usize>(
    rounds: usize,
    mut contenders: [Run<'_>; K],
) -> Outcome<[Samples; K]> {
    let samples = take_turns(rounds, &mut contenders)?;
    samples
        .try_into()
        .map_err(|_| "A contender has no samples.".into())
}

/// [`alternate`] for a number of contenders that is known at run time.
///
/// # Errors
/// The first error of a contender.
pub fn take_turns(rounds: usize, contenders: &mut [Run<'_>]) -> Outcome<Vec<Samples>> {
    let count = contenders.len();
    let mut seconds = vec![Vec::new(); count];
    for round in 0..=rounds {
        for turn in 0..count {
            let which = if round.is_multiple_of(2) {
                turn
            } else {
                count - 1 - turn
            };
            malloc::between_runs();
            let took = contenders[which]()?;
            if round > 0 {
                seconds[which].push(took.as_secs_f64());
            }
        }
    }
    Ok(seconds.into_iter().map(Samples).collect())
}

/// The processor time of the calling thread for `work`, which does not wait. The time of other
/// programs is not counted, as far as the system can tell.
pub fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let started = clock::of_this_thread();
    let kept = work();
    let took = clock::of_this_thread().saturating_sub(started);
    // Outside of the time: dropping a tree is not part of building it.
    drop(black_box(kept));
    took
}

/// [`time`] of something that can fail.
///
/// # Errors
/// Those of `work`.
pub fn time_fallible<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<Duration> {
    let mut outcome = Ok(());
    let took = time(|| work().map_err(|failure| outcome = Err(failure)));
    outcome.map(|()| took)
}

/// The wall-clock time of `work`, for work that waits for a disk or for other threads.
///
/// # Errors
/// Those of `work`.
pub fn wall_time<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<Duration> {
    let started = Instant::now();
    let kept = work();
    let took = started.elapsed();
    drop(black_box(kept?));
    Ok(took)
}

mod clock {
    use std::time::Duration;

    /// The processor time of the calling thread.
    #[cfg(unix)]
    pub(super) fn of_this_thread() -> Duration {
        let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        spent.try_into().unwrap_or_default()
    }

    /// The wall clock from the first call on, because this system's thread clocks are too coarse.
    #[cfg(not(unix))]
    pub(super) fn of_this_thread() -> Duration {
        use std::{sync::OnceLock, time::Instant};
        static FIRST: OnceLock<Instant> = OnceLock::new();
        FIRST.get_or_init(Instant::now).elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_between_the_middle_two() {
        let spread = Spread::of([4.0, 1.0, 3.0, 2.0]);
        assert_eq!((spread.median, spread.min, spread.max), (2.5, 1.0, 4.0));
        assert_eq!(Spread::of([7.0]).median, 7.0);
        assert_eq!(Spread::of([]).median, 0.0);
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        let own = Samples::of(vec![1.0, 10.0]);
        let other = Samples::of(vec![2.0, 20.0]);
        let ratio = own.speedup_over(&other);
        assert_eq!((ratio.median, ratio.min, ratio.max), (2.0, 2.0, 2.0));
        assert_eq!(own.and(&other), Samples::of(vec![3.0, 30.0]));
    }

    #[test]
    fn contenders_take_turns_and_the_first_round_does_not_count() {
        let order = std::cell::RefCell::new(String::new());
        let mut first = || {
            order.borrow_mut().push('a');
            Ok(Duration::from_secs(1))
        };
        let mut second = || {
            order.borrow_mut().push('b');
            Ok(Duration::from_secs(2))
        };
        let [first, second] = alternate(3, [&mut first, &mut second]).unwrap();
        assert_eq!(order.into_inner(), "abbaabba");
        assert_eq!(first, Samples::of(vec![1.0; 3]));
        assert_eq!(second, Samples::of(vec![2.0; 3]));
    }
}
