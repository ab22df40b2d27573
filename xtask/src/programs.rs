//! Test programs, as cargo names them when it has built them.
//!
//! `cargo test` runs one program after the other, though many wait for disks, sockets and children
//! most of the time.

use std::path::{Path, PathBuf};

use cargo_metadata::{Artifact, Message};

use crate::cargo::Invocation;
use crate::outcome::{Failure, Outcome};

/// The words by which `cargo test` builds programs, and names them instead of running them.
pub(crate) const BUILD: [&str; 2] = ["--no-run", "--message-format=json-render-diagnostics"];

/// A program of tests.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    artifact: Artifact,
    path: PathBuf,
}

impl Program {
    /// True for the program of the unit tests of a library, or for the one of a target's name.
    pub(crate) fn holds(&self, target: &str) -> bool {
        let built = &self.artifact.target;
        match target {
            "lib" => built.is_lib(),
            name => !built.is_lib() && built.name == name,
        }
    }

    /// Its file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs it, as `cargo test` would, in the folder of its package.
    pub(crate) fn invocation(&self) -> Outcome<Invocation> {
        let folder = self.artifact.manifest_path.parent().ok_or_else(|| {
            Failure::new(format!(
                "`{}` is in no folder.",
                self.artifact.manifest_path
            ))
        })?;
        let program = self.path.to_string_lossy();
        Ok(Invocation::program(folder.as_std_path(), &program, "")
            .env("CARGO_MANIFEST_DIR", folder.as_str()))
    }
}

/// The programs of tests among the messages of cargo.
pub(crate) fn named_in(messages: &str) -> Outcome<Vec<Program>> {
    let mut programs = Vec::new();
    for message in Message::parse_stream(messages.as_bytes()) {
        let message = message.map_err(|error| Failure::io("a message of cargo", &error))?;
        if let Message::CompilerArtifact(artifact) = message
            && artifact.profile.test
            && let Some(path) = artifact.executable.clone()
        {
            programs.push(Program {
                artifact,
                path: path.into_std_path_buf(),
            });
        }
    }
    Ok(programs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: &str, name: &str, test: bool, executable: &str) -> String {
        format!(
            r#"{{"reason":"compiler-artifact","package_id":"a 0.1.0","manifest_path":"/a/Cargo.toml",
            "target":{{"kind":["{kind}"],"crate_types":["{kind}"],"name":"{name}","src_path":"/a/b.rs"}},
            "profile":{{"opt_level":"0","debug_assertions":true,"overflow_checks":true,"test":{test}}},
            "features":[],"filenames":[],"executable":{executable},"fresh":false}}"#
        )
        .replace('\n', "")
    }

    #[test]
    fn programs_of_tests_are_found_among_the_messages() {
        let messages = [
            message("lib", "a", false, "null"),
            message("lib", "a", true, r#""/deps/a-1""#),
            message("bin", "tool", false, r#""/tool""#),
            message("test", "crash", true, r#""/deps/crash-2""#),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ];
        let programs = named_in(&messages.join("\n")).unwrap();
        assert_eq!(programs.len(), 2);
        let found = |target| {
            let mut held = programs.iter().filter(|program| program.holds(target));
            held.next().map(|program| program.path().to_owned())
        };
        assert_eq!(found("lib"), Some(PathBuf::from("/deps/a-1")));
        assert_eq!(found("crash"), Some(PathBuf::from("/deps/crash-2")));
        assert_eq!(found("a"), None);
        assert_eq!(found("tool"), None);
    }
}
