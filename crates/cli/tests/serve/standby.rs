//! A standby: it reads while another process owns the tree, and takes the place once that one is
//! gone, or stalls.

use std::{
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    client::Client,
    process::{Process, TOKEN, run},
};

/// Far longer than a takeover takes, two intervals of signs of life included.
const PATIENCE: Duration = Duration::from_secs(120);

fn readiness(server: &Process) -> Value {
    let mut client = Client::connect(server.address).unwrap();
    client.get("/readyz").unwrap().1
}

/// Waits until a server is ready as a writer.
fn await_writer(server: &Process) {
    let begun = Instant::now();
    while readiness(server)["role"] != "writer" {
        assert!(
            begun.elapsed() < PATIENCE,
            "the standby does not take the place"
        );
        thread::sleep(Duration::from_millis(20));
    }
}

fn append(server: &Process, leaf: u8) -> (u16, Value) {
    let mut client = Client::connect(server.address).unwrap();
    client.append(TOKEN, &[leaf; 32]).unwrap()
}

/// A writer and a standby of a new tree, with one leaf that the standby sees.
fn pair(place: &Path) -> [Process; 2] {
    run(["init".as_ref(), place.as_os_str()]);
    let writer = Process::start(place, &[]);
    let standby = Process::start(place, &["--standby"]);
    assert_eq!(readiness(&standby)["role"], "reader");
    assert_eq!(append(&standby, 1).0, 403);
    assert_eq!(append(&writer, 1).1["size"], 1);
    let begun = Instant::now();
    while readiness(&standby)["size"] != 1 {
        assert!(begun.elapsed() < PATIENCE, "the standby does not follow");
        thread::sleep(Duration::from_millis(20));
    }
    [writer, standby]
}

#[test]
fn a_standby_takes_a_directory_whose_writer_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let [mut writer, standby] = pair(&directory.path().join("tree"));
    writer.kill();
    await_writer(&standby);
    let (status, answer) = append(&standby, 2);
    assert_eq!(
        (status, &answer["first"]),
        (200, &Value::from(1)),
        "{answer}"
    );
}

#[test]
fn a_second_writer_of_a_directory_is_refused_and_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("tree");
    run(["init".as_ref(), place.as_os_str()]);
    let _writer = Process::start(&place, &[]);
    let second = Command::new(env!("CARGO_BIN_EXE_rotortree"))
        .arg("serve")
        .arg(&place)
        .args(["--listen", "127.0.0.1:0", "--write"])
        .env("ROTORTREE_TOKEN", TOKEN)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(5), "{told}");
    assert!(told.contains("next:"), "{told}");
    let reader = Process::read(&place);
    assert_eq!(readiness(&reader)["role"], "reader");
}

/// In a bucket no lock of a system says that the writer is gone: its signs of life stay away. A
/// writer that wakes later is told, and acknowledges nothing.
#[cfg(feature = "object-store")]
#[test]
fn a_standby_takes_a_bucket_whose_writer_stalls_and_fences_it() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("file://{}", directory.path().display());
    let [writer, standby] = pair(Path::new(&url));
    writer.signal("STOP");
    await_writer(&standby);
    let (status, answer) = append(&standby, 2);
    assert_eq!(
        (status, &answer["first"]),
        (200, &Value::from(1)),
        "{answer}"
    );
    writer.signal("CONT");
    let (status, answer) = append(&writer, 3);
    assert_eq!(status, 503, "{answer}");
    assert_eq!(append(&standby, 4).1["size"], 3);
}
