//! Go's `golang.org/x/mod/sumdb/tlog` and `note`, in a program of theirs.

use std::{fs, path::Path, process::Command};

use rotortree_hasher::Rfc6962Hasher;
use rotortree_tiles::{Client, Directory, Log, PublicKey};

use crate::{
    count::{Count, Failure, expect},
    exchange,
    log::{ORIGIN, SIZE, Sample, entry},
};

/// Where Debian has the packages, for programs without modules.
const GOPATH: &str = "/usr/share/gocode";

/// Runs `go/logs.go`, which checks what we wrote and writes what we check.
pub(crate) fn check(sample: &Sample, folder: &Path) -> Result<Count, Failure> {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/go/logs.go");
    let output = Command::new("go")
        .args(["run", program])
        .arg(folder)
        .env("GO111MODULE", "off")
        .env("GOPATH", GOPATH)
        .env("GOCACHE", folder.with_file_name("go-cache"))
        .output()?;
    expect(output.status.success(), || {
        String::from_utf8_lossy(&output.stderr).into_owned()
    })?;
    let mut count = exchange::read(sample, &folder.join("theirs.txt"))?;

    // The log that Go published, with a key of its own.
    let key: PublicKey = fs::read_to_string(folder.join("go-key.txt"))?
        .trim()
        .parse()?;
    let mut client = Client::new(
        Directory::open(folder.join("go-place"))?,
        Log::new(ORIGIN, key),
    );
    let head = client.follow()?;
    expect(head == sample.head(SIZE)?, || {
        "the head of Go's log".to_owned()
    })?;
    for index in (0..SIZE).step_by(997) {
        client.prove(index)?.verify_against(&Rfc6962Hasher, head)?;
        expect(client.entry(index)? == entry(index), || {
            format!("entry {index} of Go's log")
        })?;
        count.inclusion += 1;
    }
    count.notes += 1;
    Ok(count)
}
