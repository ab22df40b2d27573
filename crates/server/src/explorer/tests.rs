//! The files of the page are complete, and go out with the headers that a browser heeds.

use std::{collections::BTreeSet, fs, path::Path};

use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};

use super::{PAGE, assets::ALL, send};

fn gather(folder: &Path, prefix: &str, paths: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            gather(&entry.path(), &path, paths);
        } else {
            paths.insert(path);
        }
    }
}

#[test]
fn every_file_of_the_page_is_served_and_the_list_is_sorted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut stored = BTreeSet::new();
    for folder in ["explorer", "vendor"] {
        gather(&root.join(folder), folder, &mut stored);
    }
    let is_served = |path: &String| {
        let parts: Vec<&str> = path.split('/').collect();
        match parts[..] {
            // Lists and descriptions of packages; of the files by others, code and licences.
            ["vendor", _] | [.., "package.json"] => false,
            _ => !path.starts_with("explorer/tests/"),
        }
    };
    stored.retain(is_served);
    let listed: Vec<&str> = ALL.iter().map(|asset| asset.path).collect();
    assert!(listed.is_sorted());
    assert!(stored.iter().eq(listed.iter()), "{stored:#?}");
}

#[test]
fn files_have_their_kinds_and_the_policy_that_forbids_what_the_page_does_not_do() {
    for (path, kind) in [
        (PAGE, "text/html; charset=utf-8"),
        ("explorer/main.js", "text/javascript; charset=utf-8"),
        (
            "explorer/verifier/rotortree-verify.mjs",
            "text/javascript; charset=utf-8",
        ),
        ("explorer/style/page.css", "text/css; charset=utf-8"),
        ("explorer/icon.svg", "image/svg+xml"),
        ("vendor/noble-hashes/LICENSE", "text/plain; charset=utf-8"),
        (
            "vendor/poseidon-lite/README.md",
            "text/plain; charset=utf-8",
        ),
    ] {
        let response = send(path, &HeaderMap::new());
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let headers = response.headers();
        assert_eq!(headers[header::CONTENT_TYPE], kind);
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"));
        assert!(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains('*'));
    }
}

#[test]
fn a_client_that_has_a_file_gets_it_once() {
    let first = send("explorer/main.js", &HeaderMap::new());
    let tag = first.headers()[header::ETAG].clone();
    let other = send("explorer/dom.js", &HeaderMap::new());
    assert_ne!(other.headers()[header::ETAG], tag);
    let again = |known: &str| {
        let request = Request::get("/").header(header::IF_NONE_MATCH, known);
        let request = request.body(Body::empty()).unwrap();
        send("explorer/main.js", request.headers())
    };
    let tag = tag.to_str().unwrap();
    for known in [tag, &format!("W/{tag}"), &format!("\"a\", {tag}")] {
        let response = again(known);
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(response.headers()[header::ETAG], tag);
    }
    for known in ["", "\"a\"", "a"] {
        assert_eq!(again(known).status(), StatusCode::OK);
    }
}

#[test]
fn no_other_path_is_a_file() {
    for path in [
        "",
        "explorer",
        "explorer/",
        "explorer/package.json",
        "explorer/../src/lib.rs",
    ] {
        assert_eq!(
            send(path, &HeaderMap::new()).status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    for path in [
        "explorer/tests/tree.js",
        "/etc/passwd",
        "vendor/SHA256SUMS",
        "explorer/MAIN.js",
    ] {
        assert_eq!(
            send(path, &HeaderMap::new()).status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

#[test]
fn the_page_has_no_inline_code_and_names_no_other_server() {
    let page = ALL.iter().find(|asset| asset.path == PAGE).unwrap();
    let html = std::str::from_utf8(page.bytes).unwrap();
    for forbidden in [
        "<style",
        " style=",
        " onclick",
        " onload",
        "javascript:",
        "://",
    ] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    assert_eq!(html.matches("<script").count(), 1);
    assert!(html.contains("<script type=\"module\" src=\"assets/explorer/main.js\"></script>"));
}
