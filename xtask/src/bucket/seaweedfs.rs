//! SeaweedFS, all of it in one process.

use std::fs;
use std::path::Path;

use super::access::{BUCKET, KEYS, LISTS, LOCKED, VERSIONED};
use crate::cargo::Invocation;
use crate::loopback::server::Server;
use crate::loopback::{http, ports, python};
use crate::outcome::{Failure, Outcome};
use crate::workspace::Workspace;

/// Starts it; the port of its S3 gateway.
pub(super) fn start(workspace: &Workspace, folder: &Path) -> Outcome<(Server, u16)> {
    let program = python::install(workspace, LISTS, "seaweedfs")?.join("weed");
    write_keys(folder)?;
    let first = ports::free(4)?;
    let [master, volume, filer, gateway] = [0, 1, 2, 3].map(|port| first + port);
    let second = |port| port + ports::SECOND;
    // Sockets lie in the folder of the process; the path of one is short on every system.
    let options = [
        format!("-dir={}", folder.display()),
        "-ip=127.0.0.1 -ip.bind=127.0.0.1 -filer -s3 -master.telemetry=false".to_owned(),
        format!("-master.port={master} -master.port.grpc={}", second(master)),
        format!("-volume.port={volume} -volume.port.grpc={}", second(volume)),
        format!("-filer.port={filer} -filer.port.grpc={}", second(filer)),
        format!("-s3.port={gateway} -s3.port.grpc={}", second(gateway)),
        "-filer.localSocket=filer.sock -s3.localSocket=s3.sock -s3.config=keys.json".to_owned(),
        "-s3.port.iceberg=0 -s3.port.lance=0".to_owned(),
        "-volume.max=200 -master.volumeSizeLimitMB=64".to_owned(),
    ];
    let words = ["-logtostderr=true", "server"].map(str::to_owned);
    let options = options
        .iter()
        .flat_map(|line| line.split(' '))
        .map(str::to_owned);
    let args: Vec<String> = words.into_iter().chain(options).collect();
    let server = Server::start(&program, &args, folder)?;
    server.wait_until(|| http::succeeds(gateway, "GET", "/healthz"))?;
    // To the filer a bucket is a folder, and takes no signature.
    let bucket = format!("/buckets/{BUCKET}/");
    server.wait_until(|| http::succeeds(filer, "POST", &bucket))?;
    make_buckets(&program, folder, &format!("127.0.0.1:{master}"))?;
    Ok((server, gateway))
}

/// Makes the buckets that keep every version of an object.
fn make_buckets(program: &Path, folder: &Path, master: &str) -> Outcome<()> {
    let lines = [
        format!("s3.bucket.create -name {VERSIONED}"),
        format!("s3.bucket.versioning -name {VERSIONED} -status Enabled"),
        format!("s3.bucket.create -name {LOCKED} -withLock"),
    ];
    let script = format!(
        "printf '%s\\n' '{}' | {} shell -master={master}",
        lines.join("' '"),
        program.display()
    );
    let told = Invocation::program(folder, "sh", "-c")
        .args([script])
        .output()?;
    match told.contains("error:") {
        true => Err(Failure::new(format!(
            "The shell of SeaweedFS told:\n{told}"
        ))),
        false => Ok(()),
    }
}

/// Writes `keys.json`, which tells a gateway who may do what.
pub(super) fn write_keys(folder: &Path) -> Outcome<()> {
    let keys = folder.join("keys.json");
    fs::write(&keys, identities()).map_err(|error| Failure::io(keys.display(), &error))
}

fn identities() -> String {
    let each = KEYS.iter().map(|key| {
        let (name, secret, rights) = (key.name, key.secret(), key.rights.join(r#"", ""#));
        format!(
            r#"{{"name": "{name}", "actions": ["{rights}"],
                "credentials": [{{"accessKey": "{name}", "secretKey": "{secret}"}}]}}"#
        )
    });
    format!(
        r#"{{"identities": [{}]}}"#,
        each.collect::<Vec<_>>().join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_its_rights() {
        let parsed: serde_json::Value = serde_json::from_str(&identities()).unwrap();
        let reader = &parsed["identities"][1];
        assert_eq!(reader["credentials"][0]["accessKey"], "reader");
        assert_eq!(reader["actions"], serde_json::json!(["Read", "List"]));
    }
}
