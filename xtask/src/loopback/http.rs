//! One request to a server on loopback, as far as a look at its health needs it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Sends a request; the answer as it comes.
fn send(port: u16, method: &str, path: &str, body: &str) -> io::Result<BufReader<TcpStream>> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let limit = Duration::from_secs(10);
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    Ok(BufReader::new(stream))
}

/// Sends a request; the code of the answer.
fn request(port: u16, method: &str, path: &str, body: &str) -> io::Result<u16> {
    let mut line = String::new();
    send(port, method, path, body)?.read_line(&mut line)?;
    let code = line.split(' ').nth(1).and_then(|code| code.parse().ok());
    code.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("answered `{line}`")))
}

/// Whether the answer to a request tells success.
pub(crate) fn succeeds(port: u16, method: &str, path: &str) -> bool {
    succeeds_with(port, method, path, "")
}

/// Whether the answer to a request with a body tells success.
pub(crate) fn succeeds_with(port: u16, method: &str, path: &str, body: &str) -> bool {
    request(port, method, path, body).is_ok_and(|code| (200..300).contains(&code))
}

/// Whether the answer to a GET holds these words.
pub(crate) fn answers(port: u16, path: &str, words: &str) -> bool {
    let mut answer = String::new();
    let read =
        send(port, "GET", path, "").and_then(|mut stream| stream.read_to_string(&mut answer));
    read.is_ok() && answer.contains(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn the_code_of_an_answer_is_read_and_anything_else_is_an_error() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            for answer in [
                "HTTP/1.1 204 No Content\r\n\r\n",
                "HTTP/1.1 503 Slow\r\n\r\n",
                "?\n",
                "HTTP/1.1 200 OK\r\n\r\nFine",
            ] {
                let (mut stream, _) = listener.accept().unwrap();
                let head = BufReader::new(&stream).lines().map_while(Result::ok);
                let head: Vec<String> = head.take_while(|line| !line.is_empty()).collect();
                assert_eq!(head[0], "GET /healthz HTTP/1.0");
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        assert!(succeeds(port, "GET", "/healthz"));
        assert!(!succeeds(port, "GET", "/healthz"));
        assert!(request(port, "GET", "/healthz", "").is_err());
        assert!(answers(port, "/healthz", "Fine"));
        server.join().unwrap();
        assert!(!succeeds(port, "GET", "/healthz"), "the server is gone");
    }
}
