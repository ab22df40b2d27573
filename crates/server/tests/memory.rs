//! Metrics take no memory for samples, and bodies none for the pieces in which they come.

use std::{
    future,
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
};

use metrics::{Key, Level, Metadata, Recorder};
use rotortree::{AnyTreeBuilder, Blake3Hasher, store::memory::MemoryStorage};
use rotortree_server::{Metrics, Server, Tokens};
use rotortree_store::test_util::counting::{Counting, alone, calls, peak};
use tokio::{net::TcpListener, runtime};

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

#[test]
fn a_body_in_chunks_of_one_byte_takes_the_memory_of_a_body() {
    const TOKEN: &str = "a-token-of-the-tests";
    alone(|| {
        let tree = AnyTreeBuilder::on(Arc::new(MemoryStorage::new()))
            .arity(2)
            .open(Blake3Hasher)
            .unwrap();
        let server = Server::of_tree(tree).tokens(Tokens::single(TOKEN).unwrap());
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(server.serve(listener, future::pending()));
        let head = format!(
            "POST /v1/leaves HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\
             authorization: Bearer {TOKEN}\r\ntransfer-encoding: chunked\r\n\r\n"
        );
        let chunks = b"1\r\nx\r\n".repeat(1 << 19);
        let request = [head.as_bytes(), &chunks, b"0\r\n\r\n"].concat();
        let (answer, most) = peak(|| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(&request).unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            answer
        });
        assert!(
            answer.starts_with(b"HTTP/1.1 400"),
            "read whole, and no JSON"
        );
        // The longest body has 8 MiB.
        assert!(most < 10 << 20, "{most} bytes for a body of 0.5 MiB");
    });
}
