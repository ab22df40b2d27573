//! Tokens: who may write.

use std::{fs, sync::Arc, time::Duration};

use rotortree_server::{Metrics, Server, Tokens};

use crate::{
    client::{request, send},
    running::{Running, TOKEN, leaf, tree},
};

fn try_with(running: &Running, headers: &[&str]) -> crate::client::Answer {
    let mut headers = headers.to_vec();
    headers.push("content-type: application/octet-stream");
    send(
        running.address,
        &request("POST /v1/leaves", &headers, &leaf(0)),
    )
}

#[test]
fn a_wrong_or_missing_token_is_refused_and_says_what_is_wanted() {
    let running = Running::with_leaves(0);
    let longer = format!("authorization: Bearer {TOKEN}x");
    let shorter = format!("authorization: Bearer {}", &TOKEN[1..]);
    let endless = format!("authorization: Bearer {}", "x".repeat(4000));
    let scheme = format!("authorization: Basic {TOKEN}");
    let bare = format!("authorization: {TOKEN}");
    for header in [
        "x: y",
        "authorization: Bearer",
        "authorization: Bearer ",
        "authorization: ",
        &longer,
        &shorter,
        &endless,
        &scheme,
        &bare,
    ] {
        let answer = try_with(&running, &[header]);
        assert_eq!(answer.error(), (401, "unauthorized".to_owned()), "{header}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        let text = String::from_utf8(answer.body).unwrap();
        assert!(!text.contains(TOKEN), "no token is shown");
    }
    assert_eq!(running.tree.size(), 0);
}

#[test]
fn a_server_without_a_token_only_reads() {
    let tree = tree();
    let served = Arc::clone(&tree);
    let running = Running::start(tree, || Server::of_tree(served));
    let header = format!("authorization: Bearer {TOKEN}");
    let answer = try_with(&running, &[&header]);
    assert_eq!(answer.error(), (403, "read_only".to_owned()));
    assert_eq!(running.get("/v1/head").status, 200);
}

#[test]
fn a_token_is_replaced_in_its_file_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens");
    fs::write(&file, "# the first\nthe-first-token-of-all\n\n").unwrap();
    let tokens = Tokens::from_file(&file).unwrap();
    let tree = tree();
    let served = Arc::clone(&tree);
    let running = Running::start(tree, || Server::of_tree(served).tokens(tokens));
    let status = |token: &str| {
        let header = format!("authorization: Bearer {token}");
        try_with(&running, &[&header]).status
    };
    let until = |token: &str, expected: u16| {
        while status(token) != expected {
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    assert_eq!(status("the-first-token-of-all"), 200);
    assert_eq!(status("the-second-token-of-all"), 401);
    // Both hold while clients move.
    fs::write(&file, "the-first-token-of-all\nthe-second-token-of-all\n").unwrap();
    until("the-second-token-of-all", 200);
    assert_eq!(status("the-first-token-of-all"), 200);
    fs::write(&file, "the-second-token-of-all\n").unwrap();
    until("the-first-token-of-all", 401);
    assert_eq!(status("the-second-token-of-all"), 200);
    // A file that cannot be read lets no client write.
    fs::remove_file(&file).unwrap();
    until("the-second-token-of-all", 401);
}

#[test]
fn metrics_are_shown_to_clients_with_their_token_alone() {
    const SCRAPER: &str = "the-token-of-a-scraper";
    let tree = tree();
    let served = Arc::clone(&tree);
    let running = Running::start(tree, || {
        let server = Server::of_tree(served).metrics(Metrics::new());
        let scraper = Tokens::single(SCRAPER).unwrap();
        server
            .tokens(Tokens::single(TOKEN).unwrap())
            .metrics_tokens(scraper)
    });
    let scrape = |token: &str| {
        let header = format!("authorization: Bearer {token}");
        send(running.address, &request("GET /metrics", &[&header], b""))
    };
    assert_eq!(scrape(SCRAPER).status, 200);
    let without = running.get("/metrics");
    assert_eq!(without.error(), (401, "unauthorized".to_owned()));
    assert_eq!(scrape(TOKEN).status, 401, "that of writers is another one");
    let header = format!("authorization: Bearer {SCRAPER}");
    assert_eq!(try_with(&running, &[&header]).status, 401);
    assert_eq!(running.get("/healthz").status, 200);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let error = Tokens::from_file(&pipe).unwrap_err();
    assert_eq!(error.to_string(), "tokens come from a regular file");
}

#[test]
fn a_file_with_a_line_that_is_no_token_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens");
    for text in [
        "",
        "\n# none\n",
        "short\n",
        "a token with blanks\n",
        &("x".repeat(257) + "\n"),
        // What is left of a file that was cut.
        "a-token-that-is-cut-off",
        // A reader that stops at 64 KiB has a part of the tokens.
        &format!("#{}\na-token-that-is-whole\n", "x".repeat((64 << 10) - 18)),
    ] {
        fs::write(&file, text).unwrap();
        assert!(Tokens::from_file(&file).is_err(), "{text}");
    }
    assert!(Tokens::from_file(folder.path().join("none")).is_err());
    assert!(Tokens::from_file(folder.path()).is_err());
    assert!(Tokens::single("short").is_err());
    let tokens = Tokens::single(TOKEN).unwrap();
    assert!(!format!("{tokens:?}").contains(TOKEN));
}
