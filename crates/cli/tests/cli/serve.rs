//! `serve`, and what it refuses. The server's own tests hold what it answers.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Stdio},
};

use serde_json::Value;

use crate::support::Folder;

const TOKEN: &str = "a-token-of-the-tests";

/// A server that is killed when the test ends.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(folder: &Folder, options: &str) -> Self {
        let line = format!("serve tree --listen 127.0.0.1:0 --json {options}");
        let mut child = folder
            .command(line.split_whitespace())
            .env("ROTORTREE_TOKEN", TOKEN)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        let out = child.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut first).unwrap();
        let document: Value = serde_json::from_str(&first).unwrap();
        let url = document["url"].as_str().unwrap();
        let address = url.strip_prefix("http://").unwrap().to_owned();
        assert_eq!(document["write"], options.contains("--write"));
        Self { child, address }
    }

    /// The answer to a request, whole.
    fn ask(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "{head} HTTP/1.1\r\nhost: test\r\nconnection: close\r\nauthorization: Bearer {TOKEN}\
             \r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn append(&self, number: u8) -> String {
        let leaf = format!("0x{}", format!("{number:02x}").repeat(32));
        self.ask("POST /v1/leaves", &format!("{{\"leaves\":[\"{leaf}\"]}}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_server_that_writes_owns_the_tree_and_one_that_reads_stands_beside_it() {
    let folder = Folder::new();
    folder.ok("init tree");
    let writer = Server::start(&folder, "--write --index");
    assert!(writer.append(1).starts_with("HTTP/1.1 200"));
    let second = folder
        .command(["serve", "tree", "--write", "--listen", "127.0.0.1:0"])
        .env("ROTORTREE_TOKEN", TOKEN)
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(5), "the place is in use");
    let reader = Server::start(&folder, "");
    assert!(reader.ask("GET /v1/info", "").contains("\"appends\":false"));
    assert!(reader.append(2).starts_with("HTTP/1.1 403"));
    assert!(writer.append(2).starts_with("HTTP/1.1 200"));
}

#[test]
fn a_server_that_reads_finds_by_the_index_beside_the_tree_or_by_one_of_its_own() {
    let folder = Folder::new();
    let lines: String = (1..6)
        .map(|n| format!("{n:02x}").repeat(32) + "\n")
        .collect();
    folder.write("leaves", lines);
    folder.ok("append tree leaves --create --hash sha256 --arity 2");
    let finds = |case: &str| {
        let server = Server::start(&folder, "--index");
        let answer = server.ask(&format!("GET /v1/find/0x{}", "03".repeat(32)), "");
        let answer = answer.split("\r\n\r\n").nth(1).unwrap();
        let found: Value = serde_json::from_str(answer).unwrap();
        assert_eq!(
            (&found["index"], &found["by"]),
            (&2.into(), &"index".into()),
            "{case}"
        );
    };
    finds("without a file");
    assert!(!folder.path("tree.index").exists(), "a reader writes none");
    folder.ok("index tree");
    finds("with a file");
    let file = folder.path("tree.index");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    finds("with a damaged file");
}

#[test]
fn metrics_may_want_a_token() {
    let folder = Folder::new();
    folder.ok("init tree");
    folder.write("scrapers", format!("{TOKEN}\n"));
    let server = Server::start(&folder, "--metrics-token-file scrapers");
    assert!(server.ask("GET /metrics", "").starts_with("HTTP/1.1 200"));
    folder.write("scrapers", "another-token-of-scrapers\n");
    let server = Server::start(&folder, "--metrics-token-file scrapers");
    assert!(server.ask("GET /metrics", "").starts_with("HTTP/1.1 401"));
    assert!(server.ask("GET /v1/head", "").starts_with("HTTP/1.1 200"));
}

#[test]
fn proofs_of_the_server_are_those_of_the_command() {
    let folder = Folder::new();
    // Numbers below the order of the field, the lowest byte first.
    let line = |number: u8| format!("{number:02x}{}\n", "00".repeat(31));
    folder.write("leaves", (1..6).map(line).collect::<String>());
    folder.ok("append tree leaves --create --hash poseidon-le --arity 2");
    let server = Server::start(&folder, "");
    for format in ["json", "circom", "semaphore", "abi"] {
        let answer = server.ask(&format!("GET /v1/proofs/3?format={format}"), "");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let printed = folder.ok(&format!("prove tree 3 --format {format}"));
        assert_eq!(body.trim_end(), printed.trim_end(), "{format}");
    }
}

#[test]
fn a_body_with_a_number_that_is_no_element_changes_nothing() {
    let folder = Folder::new();
    folder.ok("init tree --hash poseidon");
    let server = Server::start(&folder, "--write");
    let append = |leaf: &str| {
        let fine = format!("\"0x{:064}\"", 1);
        server.ask(
            "POST /v1/leaves",
            &format!("{{\"leaves\":[{fine},{leaf}]}}"),
        )
    };
    // The order of the field, and what it is in decimal.
    let order = "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
    let refused = append(&format!("\"0x{order}\""));
    assert!(refused.starts_with("HTTP/1.1 422"), "{refused}");
    assert!(refused.contains("the leaf at index 1"), "{refused}");
    let number = "21888242871839275222246405745257275088548364400416034343698204186575808495617";
    for leaf in [number.to_owned(), format!("\"{number}\""), "2".to_owned()] {
        let refused = append(&leaf);
        assert!(refused.starts_with("HTTP/1.1 400"), "{refused}");
        assert!(refused.contains("expected 64 hex digits"), "{refused}");
    }
    assert!(server.ask("GET /v1/head", "").contains("\"size\":0"));
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_server_in_order_with_what_was_appended() {
    for signal in ["INT", "TERM"] {
        let folder = Folder::new();
        folder.ok("init tree");
        let mut server = Server::start(&folder, "--write --index");
        assert!(server.append(1).starts_with("HTTP/1.1 200"));
        let number = server.child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-s", signal, &number])
            .status();
        assert!(sent.unwrap().success());
        assert_eq!(server.child.wait().unwrap().code(), Some(0), "{signal}");
        let info = folder.json("info tree");
        assert_eq!((&info["size"], &info["closed"]), (&1.into(), &true.into()));
        assert!(folder.path("tree.index").is_file(), "the index is saved");
    }
}

#[test]
fn what_other_machines_reach_and_writing_without_a_token_are_refused() {
    let folder = Folder::new();
    folder.ok("init tree");
    let exposed = folder.run("serve tree --listen 0.0.0.0:0");
    assert_eq!(exposed.code, Some(2));
    assert!(exposed.err.contains("--expose"), "{}", exposed.err);
    let without = folder.run("serve tree --write --listen 127.0.0.1:0");
    assert_eq!(without.code, Some(2));
    assert!(without.err.contains("--token-file"), "{}", without.err);
    let missing = folder.run("serve tree --write --token-file none --listen 127.0.0.1:0");
    assert_eq!(missing.code, Some(8), "{}", missing.err);
    folder.write("short", "x\n");
    let short = folder.run("serve tree --write --token-file short --listen 127.0.0.1:0");
    assert_ne!(short.code, Some(0));
    let reads = folder.run("serve tree --token-file short");
    assert_eq!(reads.code, Some(2), "a token is for writing");
    assert_eq!(folder.run("serve none").code, Some(4));
}
