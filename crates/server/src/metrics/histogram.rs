//! [`Buckets`]: a histogram in constant memory.

use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{GaugeFn, HistogramFn};

/// Bounds for seconds: from 10 µs to 100 s, three a decade.
const SECONDS: &[f64] = &[
    1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0,
];
/// Bounds for numbers, leaves for example: powers of 4 up to 16 million.
const NUMBERS: &[f64] = &[
    1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0,
    16777216.0,
];

/// A histogram with fixed bounds. A sample changes two atomics.
#[derive(Debug)]
pub(super) struct Buckets {
    bounds: &'static [f64],
    /// Samples up to each bound and above the one before it; then those above the last.
    counts: Box<[AtomicU64]>,
    /// The sum of all samples, as the bits of an `f64`.
    sum: AtomicU64,
}

impl Buckets {
    /// The histogram for a name, which ends in its unit.
    pub(super) fn of(name: &str) -> Self {
        let bounds = if name.ends_with("_seconds") {
            SECONDS
        } else {
            NUMBERS
        };
        Self {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    /// Calls `each` with each bound and the number of samples up to it, the last bound being
    /// infinity.
    pub(super) fn cumulative(&self, mut each: impl FnMut(f64, u64)) {
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        let mut total = 0;
        for (bound, count) in bounds.zip(&self.counts) {
            total += count.load(Ordering::Relaxed);
            each(bound, total);
        }
    }

    pub(super) fn sum(&self) -> f64 {
        f64::from_bits(self.sum.load(Ordering::Relaxed))
    }
}

impl HistogramFn for Buckets {
    fn record(&self, value: f64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        GaugeFn::increment(&self.sum, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Count by count: the samples up to each bound.
    fn reference(bounds: &[f64], samples: &[f64]) -> Vec<u64> {
        let bounds = bounds.iter().copied().chain([f64::INFINITY]);
        let up_to = |bound| samples.iter().filter(|sample| **sample <= bound).count() as u64;
        bounds.map(up_to).collect()
    }

    #[test]
    fn samples_are_counted_up_to_each_bound() {
        for (name, bounds) in [("a_seconds", SECONDS), ("a_leaves", NUMBERS)] {
            let buckets = Buckets::of(name);
            let mut samples = vec![0.0, 1e9];
            for bound in bounds {
                samples.extend([bound * 0.99, *bound, bound * 1.01]);
            }
            samples.iter().for_each(|sample| buckets.record(*sample));
            let mut counts = Vec::new();
            buckets.cumulative(|_, count| counts.push(count));
            assert_eq!(counts, reference(bounds, &samples), "{name}");
            let sum: f64 = samples.iter().sum();
            assert!((buckets.sum() - sum).abs() < 1e-3, "{name}");
        }
    }
}
