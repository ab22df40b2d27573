//! Limits of the system: files that may be open, and their length.

use std::thread;

use crate::{
    client::Client,
    process::{Process, TOKEN, run},
};

/// A server whose limit on open files leaves room for so many connections tells the next one, and
/// serves those that it has.
#[test]
fn as_many_connections_come_in_as_there_are_descriptors() {
    const CONNECTIONS: usize = 12;
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("tree");
    run(["init".as_ref(), place.as_os_str()]);
    let server = Process::start_within(&place, 128 + CONNECTIONS as u32);
    let mut clients: Vec<Client> = (0..CONNECTIONS)
        .map(|_| {
            let mut client = Client::connect(server.address).unwrap();
            assert_eq!(client.get("/v1/head").unwrap().0, 200);
            client
        })
        .collect();
    let (status, told) = Client::connect(server.address)
        .unwrap()
        .get("/v1/head")
        .unwrap();
    assert_eq!(
        (status, &told["error"]["code"]),
        (503, &"overloaded".into()),
        "{told}"
    );
    for (number, client) in (0..).zip(&mut clients) {
        let (status, answer) = client.append(TOKEN, &[number; 32]).unwrap();
        assert_eq!(
            (status, &answer["first"]),
            (200, &number.into()),
            "{answer}"
        );
    }
    clients.pop();
    // The server notices the end of a connection by itself.
    let is_let_in = || {
        let answer = Client::connect(server.address).unwrap().get("/v1/head");
        answer.is_ok_and(|(status, _)| status == 200)
    };
    while !is_let_in() {
        thread::yield_now();
    }
}

/// A limit on the length of files is a full disk until it is raised: nothing of the log is in
/// doubt, and appends go on without a restart.
#[cfg(target_os = "linux")]
#[test]
fn a_limit_on_the_length_of_files_turns_writing_off_until_it_is_raised() {
    use std::process::Command;

    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("tree");
    run(["init".as_ref(), place.as_os_str()]);
    let mut server = Process::start(&place, &[]);
    // Above what is there, and below what is reserved ahead.
    let soon = || {
        let segments = std::fs::read_dir(place.join("log")).unwrap();
        let lengths = segments.map(|file| file.unwrap().metadata().unwrap().len());
        (lengths.max().unwrap() + (16 << 10)).to_string()
    };
    let limit = |server: &Process, bytes: &str| {
        let set = Command::new("prlimit")
            .args(["--pid", &server.id(), &format!("--fsize={bytes}:unlimited")])
            .status();
        assert!(set.unwrap().success());
    };
    let mut client = Client::connect(server.address).unwrap();
    let mut size = 0;
    // Small groups, for which room is prepared, and large ones.
    for leaves in [1, 40, 3000] {
        let leaves = vec![7; 32 * leaves];
        let mut append = |size: &mut u64| {
            let (status, answer) = client.append(TOKEN, &leaves).unwrap();
            *size = answer["size"].as_u64().unwrap_or(*size);
            (status, answer["error"]["code"].clone())
        };
        assert_eq!(append(&mut size).0, 200);
        limit(&server, &soon());
        let refused = loop {
            match append(&mut size) {
                (200, _) => {}
                refused => break refused,
            }
        };
        assert_eq!(
            refused,
            (507, "storage_full".into()),
            "{} bytes",
            leaves.len()
        );
        let mut reader = Client::connect(server.address).unwrap();
        assert_eq!(
            reader.get("/v1/proofs/0").unwrap().0,
            200,
            "reads are served"
        );
        assert_eq!(reader.get("/readyz").unwrap().0, 200);
        limit(&server, "unlimited");
        assert_eq!(append(&mut size).0, 200, "without a restart");
    }
    server.end();
    let server = Process::read(&place);
    let head = Client::connect(server.address).unwrap().get("/v1/head");
    assert_eq!(head.unwrap().1["size"], size);
}
