//! [`Front`]: a way to the store on which every request can be answered in its place, as by a store
//! that refuses for a while.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// A way to a store. Its threads end with the process.
pub(crate) struct Front {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    /// What each request is answered, instead of reaching the store.
    answer: Mutex<Option<String>>,
    live: Mutex<Vec<TcpStream>>,
}

impl Front {
    /// A way to the store at `http://HOST:PORT`.
    pub(crate) fn to(store: &str) -> Self {
        let store = store.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            answer: Mutex::default(),
            live: Mutex::default(),
        });
        let at = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (at, store) = (Arc::clone(&at), store.clone());
                // A connection that breaks is the client's to tell.
                thread::spawn(move || drop(at.serve(client, &store)));
            }
        });
        Self { address, shared }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on every request is answered with a status and a code of S3.
    pub(crate) fn refuse(&self, status: u16, code: &str) {
        let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
        self.set(Some(format!(
            "HTTP/1.1 {status} Refused\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        )));
    }

    /// From now on every request reaches the store.
    pub(crate) fn pass(&self) {
        self.set(None);
    }

    /// No request may be under way.
    fn set(&self, answer: Option<String>) {
        *self.shared.answer.lock().unwrap() = answer;
        for connection in self.shared.live.lock().unwrap().drain(..) {
            // It may have ended by itself.
            drop(connection.shutdown(Shutdown::Both));
        }
        // The client notices that its connections are gone.
        thread::sleep(Duration::from_millis(200));
    }
}

impl Shared {
    fn serve(&self, mut client: TcpStream, store: &str) -> io::Result<()> {
        let answer = self.answer.lock().unwrap().clone();
        if let Some(answer) = answer {
            read_request(&client)?;
            return client.write_all(answer.as_bytes());
        }
        let mut there = TcpStream::connect(store)?;
        self.live
            .lock()
            .unwrap()
            .extend([client.try_clone()?, there.try_clone()?]);
        let (mut requests, mut to) = (client.try_clone()?, there.try_clone()?);
        thread::spawn(move || drop(io::copy(&mut requests, &mut to)));
        io::copy(&mut there, &mut client)?;
        client.shutdown(Shutdown::Both)
    }
}

/// Reads a request to its end: one that is not read breaks the connection before the answer.
fn read_request(client: &TcpStream) -> io::Result<()> {
    let mut client = BufReader::new(client);
    let (mut line, mut length) = (String::new(), 0);
    while client.read_line(&mut line)? > 2 {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    client.read_exact(&mut vec![0; length])
}
