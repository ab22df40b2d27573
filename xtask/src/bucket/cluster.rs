//! SeaweedFS as a cluster on loopback: each object is on two of three volume servers, and any one
//! process of a kind can be killed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::access::{BUCKET, LISTS};
use super::{postgres, seaweedfs};
use crate::loopback::server::Server;
use crate::loopback::{http, ports, python};
use crate::outcome::{Failure, Outcome};
use crate::workspace::Workspace;

/// A kind of process, with how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Master,
    Volume,
    Filer,
    Gateway,
}

const MEMBERS: [(Role, u16); 4] = [
    (Role::Master, 3),
    (Role::Volume, 3),
    (Role::Filer, 2),
    (Role::Gateway, 2),
];

/// One process.
struct Member {
    role: Role,
    port: u16,
    server: Server,
}

impl Member {
    fn is_healthy(&self) -> bool {
        let path = match self.role {
            Role::Master => "/cluster/status",
            Role::Volume | Role::Gateway => "/healthz",
            Role::Filer => "/?limit=1",
        };
        http::succeeds(self.port, "GET", path)
    }
}

/// A running cluster with one bucket in it. It ends, and its data with it, when it is dropped.
pub(crate) struct Cluster {
    members: Vec<Member>,
    /// Kills so far.
    kills: BTreeMap<Role, u64>,
    /// Ends last.
    _database: Server,
}

impl Cluster {
    /// Installs the programs, unless that was done before, and starts them.
    pub(crate) fn start(workspace: &Workspace) -> Outcome<Self> {
        let program = python::install(workspace, LISTS, "seaweedfs")?.join("weed");
        let members = MEMBERS.map(|(_, count)| count).iter().sum::<u16>();
        let first = ports::free(members + 1)?;
        let folder = |name: String| -> Outcome<PathBuf> {
            let folder = format!("target/bucket/cluster-{}-{name}", std::process::id());
            let folder = workspace.root().join(folder);
            fs::create_dir_all(&folder).map_err(|error| Failure::io(folder.display(), &error))?;
            Ok(folder)
        };
        let database = first + members;
        let mut cluster = Self {
            members: Vec::new(),
            kills: BTreeMap::new(),
            _database: postgres::start(&folder("database".to_owned())?, database)?,
        };
        let mut port = first;
        for (role, count) in MEMBERS {
            for _ in 0..count {
                let folder = folder(format!("{role:?}-{port}"))?;
                match role {
                    Role::Filer => {
                        let settings = folder.join("filer.toml");
                        fs::write(&settings, filer_settings(database))
                            .map_err(|error| Failure::io(settings.display(), &error))?;
                    }
                    Role::Gateway => seaweedfs::write_keys(&folder)?,
                    Role::Master | Role::Volume => {}
                }
                let options = options(role, port, first);
                let args: Vec<String> = options.split_whitespace().map(str::to_owned).collect();
                let server = Server::start(&program, &args, &folder)?;
                cluster.members.push(Member { role, port, server });
                port += 1;
            }
            // Each kind wants the ones before it.
            for member in cluster.of(role) {
                member.server.wait_until(|| member.is_healthy())?;
            }
        }
        let path = format!("/buckets/{BUCKET}/");
        if let Some(filer) = cluster.of(Role::Filer).next() {
            filer
                .server
                .wait_until(|| http::succeeds(filer.port, "POST", &path))?;
        }
        Ok(cluster)
    }

    fn of(&self, role: Role) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(move |of| of.role == role)
    }

    /// The ports of the gateways.
    pub(crate) fn gateways(&self) -> Vec<u16> {
        self.of(Role::Gateway).map(|member| member.port).collect()
    }

    /// Kills one: a master that leads, or the next of the others in turn. The place of it among the
    /// members.
    pub(crate) fn kill(&mut self, role: Role) -> Outcome<usize> {
        let kills = self.kills.entry(role).or_default();
        let turn = *kills as usize;
        *kills += 1;
        let places: Vec<usize> = (0..self.members.len())
            .filter(|at| self.members[*at].role == role)
            .collect();
        let leader = places.iter().copied().find(|at| {
            let port = self.members[*at].port;
            role == Role::Master && http::answers(port, "/cluster/status", "\"IsLeader\":true")
        });
        let at = leader.unwrap_or(places[turn % places.len()]);
        self.members[at].server.kill()?;
        Ok(at)
    }

    /// Starts a killed one again, and waits for its health.
    pub(crate) fn start_again(&mut self, at: usize) -> Outcome<()> {
        self.members[at].server.start_again()?;
        let member = &self.members[at];
        member.server.wait_until(|| member.is_healthy())
    }

    /// The kills so far, in words.
    pub(crate) fn killed(&self) -> String {
        let each = |(role, count): (&Role, &u64)| match role {
            Role::Master => format!("{count} of the leading master"),
            Role::Volume => format!("{count} of volume servers"),
            Role::Filer => format!("{count} of filers"),
            Role::Gateway => format!("{count} of gateways"),
        };
        let words: Vec<String> = self.kills.iter().map(each).collect();
        let total: u64 = self.kills.values().sum();
        format!("{total} kills: {}", words.join(", "))
    }
}

/// The words of a member on a port, of a cluster whose ports begin at `first`.
fn options(role: Role, port: u16, first: u16) -> String {
    let addresses = |from: u16, count: u16| {
        let ports = first + from..first + from + count;
        let addresses = ports.map(|port| format!("127.0.0.1:{port}"));
        addresses.collect::<Vec<_>>().join(",")
    };
    let masters = addresses(0, 3);
    let second = port + ports::SECOND;
    let own = format!("-ip.bind=127.0.0.1 -port={port} -port.grpc={second}");
    let rest = match role {
        Role::Master => format!(
            "master -ip=127.0.0.1 {own} -mdir=. -peers={masters} -defaultReplication=001 \
             -volumeSizeLimitMB=64 -telemetry=false"
        ),
        Role::Volume => format!("volume -ip=127.0.0.1 {own} -dir=. -max=200 -master={masters}"),
        Role::Filer => format!(
            "filer -ip=127.0.0.1 {own} -master={masters} -defaultReplicaPlacement=001 \
             -localSocket=filer.sock"
        ),
        Role::Gateway => format!(
            "s3 {own} -filer={} -config=keys.json -localSocket=s3.sock -port.iceberg=0 \
             -port.lance=0",
            addresses(6, 2)
        ),
    };
    format!("-logtostderr=true {rest}")
}

/// Both filers keep names in one database: stores within the filers would be copied to the other
/// one later, and a name could be made twice.
fn filer_settings(port: u16) -> String {
    format!(
        r#"[postgres2]
enabled = true
createTable = """
CREATE TABLE IF NOT EXISTS "%s" (
  dirhash BIGINT, name VARCHAR(65535), directory VARCHAR(65535), meta bytea,
  PRIMARY KEY (dirhash, name)
);
"""
hostname = "127.0.0.1"
port = {port}
username = "postgres"
password = ""
database = "postgres"
schema = ""
sslmode = "disable"
connection_max_idle = 10
connection_max_open = 40
connection_max_lifetime_seconds = 300
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_knows_the_filers_and_every_other_one_the_masters() {
        let gateway = options(Role::Gateway, 11_008, 11_000);
        assert!(
            gateway.contains("-filer=127.0.0.1:11006,127.0.0.1:11007 "),
            "{gateway}"
        );
        assert!(
            gateway.contains("-port=11008 -port.grpc=21008 "),
            "{gateway}"
        );
        for role in [Role::Master, Role::Volume, Role::Filer] {
            let words = options(role, 11_001, 11_000);
            let masters = "=127.0.0.1:11000,127.0.0.1:11001,127.0.0.1:11002";
            assert!(words.contains(masters), "{words}");
        }
    }
}
