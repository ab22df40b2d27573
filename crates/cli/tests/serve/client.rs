//! [`Client`]: one connection to a server.

use std::{
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::Value;

/// The longest that an answer takes. A server that hangs fails the test.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn connect(server: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(server)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Status and document of an answer.
    pub(crate) fn get(&mut self, path: &str) -> io::Result<(u16, Value)> {
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n"), &[])
    }

    /// Appends leaves.
    pub(crate) fn append(&mut self, token: &str, leaves: &[u8]) -> io::Result<(u16, Value)> {
        let head = format!(
            "POST /v1/leaves HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {token}\r\n\
             content-type: application/octet-stream\r\ncontent-length: {}\r\n\r\n",
            leaves.len()
        );
        self.ask(&head, leaves)
    }

    /// An error is a connection that broke, by which nothing was acknowledged.
    fn ask(&mut self, head: &str, body: &[u8]) -> io::Result<(u16, Value)> {
        let message = [head.as_bytes(), body].concat();
        self.stream.get_mut().write_all(&message)?;
        let status = self.line()?;
        let status = status
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let mut len = 0;
        loop {
            let line = self.line()?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                len = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        let mut body = vec![0; len];
        self.stream.read_exact(&mut body)?;
        let document = serde_json::from_slice(&body).map_err(io::Error::other)?;
        Ok((status.ok_or(ErrorKind::InvalidData)?, document))
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 || !line.ends_with('\n') {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}
