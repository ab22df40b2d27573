//! [`example`]: a program of `examples/`, built as this test is.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::OnceLock,
};

/// The command that runs an example.
pub(crate) fn example(name: &str) -> Command {
    let mut command = Command::new(
        folder()
            .join(name)
            .with_extension(std::env::consts::EXE_EXTENSION),
    );
    command.stdin(Stdio::null());
    command
}

/// The folder that the examples are built into, once they are. Cargo builds examples that have
/// tests as tests only, so they are asked for here, with the profile and the features of this
/// program: nothing else is compiled anew where this package alone is tested. `cargo xtask test`,
/// which tests them all together, has built them so and names their folder.
fn folder() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        if let Some(built) = std::env::var_os("ROTORTREE_EXAMPLES") {
            return built.into();
        }
        let exe = std::env::current_exe().unwrap();
        let profile = exe.parent().unwrap().parent().unwrap();
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build.args([
            "build",
            "--quiet",
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ]);
        build.args([
            "--example",
            "append_log",
            "--example",
            "any_tree",
            "--example",
            "chain_indexer",
        ]);
        build.args(["--no-default-features", "--features", &features().join(",")]);
        build.arg("--target-dir").arg(profile.parent().unwrap());
        build.args([
            "--profile",
            match profile.file_name().unwrap().to_str() {
                Some("debug") => "dev",
                Some(profile) => profile,
                None => "dev",
            },
        ]);
        let output = build.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        profile.join("examples")
    })
}

fn features() -> Vec<&'static str> {
    let all = [
        ("std", cfg!(feature = "std")),
        ("storage", cfg!(feature = "storage")),
        ("blake3", cfg!(feature = "blake3")),
        ("sha2", cfg!(feature = "sha2")),
        ("keccak", cfg!(feature = "keccak")),
        ("parallel", cfg!(feature = "parallel")),
        ("serde", cfg!(feature = "serde")),
        ("tracing", cfg!(feature = "tracing")),
    ];
    all.into_iter()
        .filter_map(|(name, on)| on.then_some(name))
        .collect()
}

/// The standard output of a program that must succeed.
pub(crate) fn told(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The standard error of a program that must fail without a panic.
pub(crate) fn refused(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!told.contains("panicked"), "{told}");
    told
}

/// Runs a program whose standard input is `text`.
pub(crate) fn fed(command: &mut Command, text: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    child.wait_with_output().unwrap()
}

/// Runs a program whose output is a pipe that the reader has closed: it ends well and says nothing.
pub(crate) fn ends_quietly(command: &mut Command) {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let child = command
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}

/// A name that is not Unicode, below a directory. Not every file system takes one.
#[cfg(target_os = "linux")]
pub(crate) fn not_unicode(dir: &std::path::Path, name: &[u8]) -> PathBuf {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    dir.join(OsStr::from_bytes(name))
}
