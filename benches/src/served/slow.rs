//! [`SlowClients`]: connections that a server must not wait for.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Served;
use crate::Outcome;

/// Clients of each kind.
const EACH: usize = 32;

/// Clients that send the head of a request byte by byte, that ask for much and read none of it, and
/// that follow the heads without reading them.
pub struct SlowClients {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<usize>,
}

impl SlowClients {
    /// Connects all of them.
    ///
    /// # Errors
    /// Those of the system.
    pub fn start(served: &Served) -> Outcome<Self> {
        let mut senders = Vec::new();
        let mut holders = Vec::new();
        for _ in 0..EACH {
            let stream = TcpStream::connect(served.address)?;
            stream.set_nonblocking(true)?;
            senders.push(stream);
            for path in ["/v1/leaves?start=0&end=16384", "/v1/heads"] {
                let mut stream = TcpStream::connect(served.address)?;
                write!(stream, "GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n")?;
                holders.push(stream);
            }
        }
        let is_over = Arc::<AtomicBool>::default();
        let ends = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            let head = b"GET /v1/head HTTP/1.1\r\nhost: bench\r\nx-slow: ";
            for byte in head.iter().chain(std::iter::repeat(&b'x')) {
                if ends.load(Ordering::Relaxed) {
                    break;
                }
                // One that was closed meanwhile is no longer counted.
                senders.retain_mut(|stream| stream.write_all(&[*byte]).is_ok());
                thread::sleep(Duration::from_millis(100));
            }
            let is_held = |stream: &mut TcpStream| {
                stream.set_nonblocking(true).is_ok() && stream.read(&mut [0]).is_ok_and(|n| n > 0)
            };
            senders.len()
                + holders
                    .iter_mut()
                    .filter_map(|s| is_held(s).then_some(()))
                    .count()
        });
        Ok(Self { is_over, thread })
    }

    /// Ends them. Returns how many were served to the end.
    #[must_use]
    pub fn stop(self) -> usize {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or(0)
    }
}
