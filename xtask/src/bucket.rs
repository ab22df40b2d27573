//! Object stores on loopback: installed below the target folder, started, and ended with xtask.

mod access;
mod cluster;
mod moto;
mod postgres;
mod seaweedfs;

use std::fs;
use std::path::Path;

use crate::loopback::server::Server;
use crate::outcome::{Failure, Outcome};
use crate::workspace::Workspace;
pub(crate) use access::BUCKET;
use access::KEYS;
pub(crate) use cluster::{Cluster, Role};

/// A store that tests can run against.
pub(crate) struct Kind {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// Tests that it fails.
    pub(crate) fails: &'static [&'static str],
    /// Starts it in a folder, with [`BUCKET`] in it; its port.
    start: fn(&Workspace, &Path) -> Outcome<(Server, u16)>,
}

/// Every kind.
pub(crate) const KINDS: [Kind; 2] = [
    Kind {
        name: "seaweedfs",
        fails: &[],
        start: seaweedfs::start,
    },
    Kind {
        name: "moto",
        fails: &[
            // A mock for one client at a time: it tells two that race of a success.
            "of_many_that_create_a_name_one_succeeds",
            "writers_that_fight_for_a_place",
            // It asks no key what it may do.
            "a_key_without_a_right",
        ],
        start: moto::start,
    },
];

/// A running store with one bucket in it. It ends, and its data with it, when it is dropped.
pub(crate) struct Store {
    _server: Server,
    port: u16,
}

impl Store {
    /// Installs a store of this kind, unless that was done before, and starts it.
    pub(crate) fn start(workspace: &Workspace, kind: &Kind) -> Outcome<Self> {
        let folder = format!("target/bucket/{}-{}", kind.name, std::process::id());
        let folder = workspace.root().join(folder);
        fs::create_dir_all(&folder).map_err(|error| Failure::io(folder.display(), &error))?;
        let (server, port) = (kind.start)(workspace, &folder)?;
        Ok(Self {
            _server: server,
            port,
        })
    }

    /// The variables that lead a client of S3 to the bucket.
    pub(crate) fn environment(&self) -> [(&'static str, String); 9] {
        environment(&[self.port])
    }
}

/// The variables that lead a client of S3 to the bucket behind gateways on these ports.
pub(crate) fn environment(gateways: &[u16]) -> [(&'static str, String); 9] {
    let each = gateways
        .iter()
        .map(|port| format!("http://127.0.0.1:{port}"));
    let gateways: Vec<String> = each.collect();
    let [owner, ..] = &KEYS;
    let keys = KEYS
        .iter()
        .map(|key| format!("{}:{}", key.name, key.secret()));
    [
        ("ROTORTREE_KEYS", keys.collect::<Vec<_>>().join(" ")),
        ("ROTORTREE_GATEWAYS", gateways.join(" ")),
        ("ROTORTREE_BUCKET", format!("s3://{BUCKET}")),
        (
            "AWS_ENDPOINT",
            gateways.first().cloned().unwrap_or_default(),
        ),
        ("AWS_ACCESS_KEY_ID", owner.name.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", owner.secret()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ALLOW_HTTP", "true".to_owned()),
        // Nothing on loopback is asked through a proxy.
        ("NO_PROXY", "127.0.0.1".to_owned()),
    ]
}
