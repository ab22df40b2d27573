//! An orderly end.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use crate::{
    client::{Answer, connect, request},
    running::{Running, TOKEN, leaf, limits, tree},
};

#[test]
fn what_is_under_way_is_finished_and_what_was_answered_is_durable() {
    const CLIENTS: u64 = 4;
    let mut running = Running::with_leaves(0);
    let address = running.address;
    let begun = AtomicBool::new(false);
    let acknowledged = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let begun = &begun;
                scope.spawn(move || {
                    let authorization = format!("authorization: Bearer {TOKEN}");
                    let headers = ["content-type: application/octet-stream", &authorization];
                    let mut firsts = Vec::new();
                    loop {
                        let number = client << 32 | firsts.len() as u64;
                        let append = request("POST /v1/leaves", &headers, &leaf(number));
                        let Ok(mut stream) = TcpStream::connect(address) else {
                            return firsts;
                        };
                        let mut bytes = Vec::new();
                        let sent = stream.write_all(&append);
                        if sent.is_err() || stream.read_to_end(&mut bytes).is_err() {
                            return firsts;
                        }
                        if !bytes.starts_with(b"HTTP/1.1 200") {
                            return firsts;
                        }
                        let answer = Answer::read(&bytes[..]).json();
                        firsts.push((answer["first"].as_u64().unwrap(), number));
                        begun.store(firsts.len() > 20, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        while !begun.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        running.stop();
        let firsts = clients.into_iter().map(|client| client.join().unwrap());
        firsts.flatten().collect::<Vec<_>>()
    });
    let durable = running.tree.durable_snapshot();
    assert!(acknowledged.len() > 20);
    for (first, number) in acknowledged {
        assert_eq!(durable.get_leaf(first).unwrap(), leaf(number));
    }
    assert!(
        TcpStream::connect(address).is_err(),
        "no new connection is taken"
    );
}

#[test]
fn a_request_that_has_begun_is_answered_and_idle_connections_are_closed() {
    let mut running = Running::of(tree(), |server| server);
    let mut idle = connect(running.address);
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n")
        .unwrap();
    idle.read_exact(&mut [0; 16]).unwrap();
    let authorization = format!("authorization: Bearer {TOKEN}");
    let expect = "expect: 100-continue";
    let headers = [
        "content-type: application/octet-stream",
        &authorization,
        expect,
    ];
    let append = request("POST /v1/leaves", &headers, &leaf(0));
    let (head, body) = append.split_at(append.len() - 32);
    let mut begun = connect(running.address);
    begun.write_all(head).unwrap();
    // The server asks for the body, so that the request is under way.
    let mut go_on = [0; 25];
    begun.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    running.ask_to_stop();
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).unwrap();
    begun.write_all(body).unwrap();
    assert_eq!(Answer::read(begun).status, 200);
    running.stop();
    assert_eq!(running.tree.durable_size(), 1);
}

#[test]
fn a_client_that_does_not_end_is_cut_off_in_time() {
    let limits = limits(|limits| limits.stop_time = Duration::from_millis(200));
    let mut running = Running::with_limits(0, limits);
    let authorization = format!("authorization: Bearer {TOKEN}");
    let headers = ["content-type: application/octet-stream", &authorization];
    let append = request("POST /v1/leaves", &headers, &leaf(0));
    let mut half = connect(running.address);
    half.write_all(&append[..append.len() - 1]).unwrap();
    running.stop();
    assert_eq!(running.tree.size(), 0);
}
