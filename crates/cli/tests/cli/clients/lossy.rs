//! A connection that loses answers, between a client and a server.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// The answer of a proxy that cannot reach the server, and names a date to come again.
const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\
    Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\nConnection: close\r\n\r\n";

/// Passes requests on. The answer to the first append is thrown away, the second append meets a
/// busy proxy, and a stream of heads is cut behind each head. Its thread ends with the process.
pub(super) struct Lossy {
    /// Where a client reaches it.
    pub(super) url: String,
    /// Answers and streams that were lost.
    lost: Arc<[AtomicUsize; 2]>,
}

impl Lossy {
    /// In front of the server at this address.
    pub(super) fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let lost: Arc<[AtomicUsize; 2]> = Arc::default();
        let (server, counters) = (server.to_owned(), Arc::clone(&lost));
        thread::spawn(move || {
            for client in listener.incoming() {
                let (server, counters) = (server.clone(), Arc::clone(&counters));
                // A client that goes away is no failure of the test.
                thread::spawn(move || pass_on(&client?, &server, &counters));
            }
        });
        Self { url, lost }
    }

    /// The number of appends, and of streams, that were lost.
    pub(super) fn lost(&self) -> [usize; 2] {
        [0, 1].map(|kind| self.lost[kind].load(Ordering::SeqCst))
    }
}

fn pass_on(mut client: &TcpStream, server: &str, lost: &[AtomicUsize; 2]) -> io::Result<()> {
    let mut request = BufReader::new(client);
    let mut first = String::new();
    request.read_line(&mut first)?;
    let mut head = first.clone();
    let mut len = 0;
    loop {
        let mut line = String::new();
        request.read_line(&mut line)?;
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            len = value.trim().parse().unwrap_or_default();
        }
        if line.trim().is_empty() {
            break;
        }
        if !name.eq_ignore_ascii_case("connection") {
            head += &line;
        }
    }
    let mut body = vec![0; len];
    request.read_exact(&mut body)?;

    if first.starts_with("POST") && lost[0].load(Ordering::SeqCst) == 1 {
        lost[0].fetch_add(1, Ordering::SeqCst);
        return client.write_all(BUSY);
    }
    let mut upstream = TcpStream::connect(server)?;
    upstream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes())?;
    upstream.write_all(&body)?;
    if first.starts_with("POST") && lost[0].load(Ordering::SeqCst) == 0 {
        io::copy(&mut upstream, &mut io::sink())?;
        lost[0].fetch_add(1, Ordering::SeqCst);
        return Ok(());
    }
    if !first.contains("/v1/heads") {
        return io::copy(&mut upstream, &mut client).map(drop);
    }
    for line in BufReader::new(upstream).split(b'\n') {
        let line = line?;
        client.write_all(&[&line[..], b"\n"].concat())?;
        if line.starts_with(b"data:") {
            client.write_all(b"\n")?;
            lost[1].fetch_add(1, Ordering::SeqCst);
            break;
        }
    }
    Ok(())
}
