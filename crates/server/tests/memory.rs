//! Metrics take no memory for samples.

use metrics::{Key, Level, Metadata, Recorder};
use rotortree_server::Metrics;
use rotortree_store::test_util::counting::{Counting, alone, calls, peak};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SAMPLES: u64 = 10_000_000;

#[test]
fn ten_million_samples_take_no_memory() {
    alone(|| {
        let metrics = Metrics::new();
        let recorder = metrics.recorder();
        let metadata = Metadata::new("test", Level::INFO, None);
        let histogram = recorder.register_histogram(&Key::from_name("took_seconds"), &metadata);
        let counter = recorder.register_counter(&Key::from_name("done_total"), &metadata);
        let gauge = recorder.register_gauge(&Key::from_name("now"), &metadata);
        let before = metrics.text().len();
        let ((text, asked), most) = peak(|| {
            let ((), asked) = calls(|| {
                for sample in 0..SAMPLES {
                    // From 1 ns to hours.
                    histogram.record(1e-9 * (sample * sample) as f64);
                    counter.increment(1);
                    gauge.set(sample as f64);
                }
            });
            (metrics.text(), asked)
        });
        assert_eq!(asked, 0, "a sample asks for memory");
        assert!(most < 64 << 10, "{most} bytes for a text");
        assert!(
            text.len() < before + 1000,
            "{} bytes after {before}",
            text.len()
        );
        assert!(
            text.contains(&format!("\ntook_seconds_count {SAMPLES}\n")),
            "{text}"
        );
        assert!(
            text.contains(&format!("\ndone_total {SAMPLES}\n")),
            "{text}"
        );
        let last = text.lines().last().unwrap();
        assert!(last.starts_with("took_seconds_count"), "{last}");
    });
}
