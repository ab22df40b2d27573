//! Moto, a mock of S3: a second opinion on requests and answers, and none on durability.

use std::path::Path;

use super::access::BUCKET;
use super::server::Server;
use super::{http, ports, python};
use crate::outcome::Outcome;
use crate::workspace::Workspace;

/// Starts it; its port.
pub(super) fn start(workspace: &Workspace, folder: &Path) -> Outcome<(Server, u16)> {
    let program = python::install(workspace, "moto")?.join("python");
    let port = ports::free(1)?;
    let args = format!("-m moto.server -H 127.0.0.1 -p {port}");
    let args: Vec<String> = args.split(' ').map(str::to_owned).collect();
    let server = Server::start(&program, &args, folder)?;
    server.wait_until(|| http::succeeds(port, "GET", "/moto-api/"))?;
    server.wait_until(|| http::succeeds(port, "PUT", &format!("/{BUCKET}")))?;
    Ok((server, port))
}
