//! Moto, a mock of S3: a second opinion on requests and answers, and none on durability.

use std::path::Path;

use super::access::{BUCKET, LISTS, LOCKED, VERSIONED};
use crate::loopback::server::Server;
use crate::loopback::{http, ports, python};
use crate::outcome::Outcome;
use crate::workspace::Workspace;

/// Starts it; its port.
pub(super) fn start(workspace: &Workspace, folder: &Path) -> Outcome<(Server, u16)> {
    let program = python::install(workspace, LISTS, "moto")?.join("python");
    let port = ports::free(1)?;
    let args = format!("-m moto.server -H 127.0.0.1 -p {port}");
    let args: Vec<String> = args.split(' ').map(str::to_owned).collect();
    let server = Server::start(&program, &args, folder)?;
    server.wait_until(|| http::succeeds(port, "GET", "/moto-api/"))?;
    // Keys are not looked at, so no request needs a signature.
    let ask = |path: &str, body: &str| {
        let path = format!("/{path}");
        server.wait_until(|| http::succeeds_with(port, "PUT", &path, body))
    };
    for bucket in [BUCKET, VERSIONED, LOCKED] {
        ask(bucket, "")?;
    }
    for bucket in [VERSIONED, LOCKED] {
        ask(&format!("{bucket}?versioning"), VERSIONS)?;
    }
    ask(&format!("{LOCKED}?object-lock"), LOCK)?;
    Ok((server, port))
}

const VERSIONS: &str =
    "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
const LOCK: &str = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>\
                    </ObjectLockConfiguration>";
