//! The clients to copy, against `rotortree serve`, over a connection that loses answers.

use std::{
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStdout, Command, Stdio},
};

use super::{folder, is_missing, lossy::Lossy};
use crate::support::{Folder, hex, leaves};

const TOKEN: &str = "a-token-of-the-tests";

/// A process that is killed when the test ends, in whatever way, and the lines that it prints.
struct Running(Child, Lines<BufReader<ChildStdout>>);

impl Running {
    fn new(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self(child, lines)
    }

    fn line(&mut self) -> String {
        self.1.next().unwrap().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A client, and the shape of the tree that it meets.
struct Client {
    program: &'static str,
    script: &'static str,
    hash: &'static str,
    arity: &'static str,
    proves_several: bool,
}

impl Client {
    fn command(&self, url: &str, words: &[&str]) -> Command {
        let mut command = Command::new(self.program);
        command.arg(folder().join(self.script)).arg(url).args(words);
        command.env("ROTORTREE_TOKEN", TOKEN).stdin(Stdio::null());
        command
    }

    /// What a call prints, or `None` where it is refused.
    fn call(&self, url: &str, words: &[&str]) -> Option<String> {
        let run = self.command(url, words).output().unwrap();
        let error = String::from_utf8_lossy(&run.stderr).into_owned();
        assert!(
            run.status.success() || error.contains("refused"),
            "{}: {error}",
            self.script
        );
        let said = String::from_utf8(run.stdout).unwrap().trim_end().to_owned();
        run.status.success().then_some(said)
    }

    fn works(&self) {
        if is_missing(self.program) {
            return;
        }
        let place = Folder::new();
        place.write("token", format!("{TOKEN}\n"));
        place.ok(&format!(
            "init tree --hash {} --arity {}",
            self.hash, self.arity
        ));
        let serve = "serve tree --write --token-file token --listen 127.0.0.1:0";
        let mut server = Running::new(&mut place.command(serve.split(' ')));
        let listening = server.line();
        let address = listening.split(['/', ',']).nth(2).unwrap();
        let lossy = Lossy::to(address);
        let call = |words: &[&str]| self.call(&lossy.url, words);

        let leaves: Vec<String> = leaves(7).iter().map(|leaf| hex(leaf)).collect();
        let empty = call(&["head"]).unwrap();
        assert_eq!(empty, format!("0:0x{:064}", 0));

        // The answer to the first append is lost, and the client asks again, twice.
        let appended = call(&["append", &leaves[0], &leaves[1], &leaves[2]]).unwrap();
        assert!(appended.contains("\"size\""), "{appended}");
        let old = call(&["head"]).unwrap();
        assert!(old.starts_with("3:"), "appended twice: {old}");
        assert_eq!(lossy.lost()[0], 2);

        let mut follower = self.command(&lossy.url, &["follow", self.hash, self.arity, &empty]);
        let mut follower = Running::new(&mut follower);
        assert_eq!(follower.line(), old);
        call(&["append", &leaves[3]]).unwrap();
        let newer = call(&["head"]).unwrap();
        // The stream was cut behind the first head, and the client goes on behind it.
        assert_eq!(follower.line(), newer);
        assert!(lossy.lost()[1] >= 1);
        call(&["append", &leaves[4], &leaves[5]]).unwrap();
        assert_eq!(follower.line(), call(&["head"]).unwrap());

        let prove = |head: &str, index| call(&["prove", self.hash, self.arity, head, index]);
        assert_eq!(prove(&newer, "1"), Some(format!("0x{}", leaves[1])));
        assert_eq!(
            prove(&old, "1"),
            Some(format!("0x{}", leaves[1])),
            "for an old head"
        );
        let root = &newer[newer.find(':').unwrap()..];
        assert_eq!(prove(&format!("3{root}"), "1"), None, "another root");
        assert_eq!(prove(&old, "3"), None, "no such leaf");

        if self.proves_several {
            let several = |head: &str| call(&["prove", self.hash, self.arity, head, "3", "0", "1"]);
            let all = [0, 1, 3]
                .map(|index| format!("0x{}\n", leaves[index]))
                .concat();
            assert_eq!(several(&newer).as_deref(), Some(all.trim_end()));
            assert_eq!(several(&format!("4:0x{:064}", 7)), None, "another root");
            assert_eq!(several(&old), None, "no such leaf");
        }

        // A head that does not continue the one that is trusted.
        let forged = format!("2{root}");
        let mut follower = self.command(&lossy.url, &["follow", self.hash, self.arity, &forged]);
        let run = follower.output().unwrap();
        assert!(!run.status.success() && run.stdout.is_empty());
    }
}

#[test]
fn the_client_in_python_works() {
    Client {
        program: "python3",
        script: "python/rotortree_client.py",
        hash: "sha256",
        arity: "4",
        proves_several: true,
    }
    .works();
}

#[test]
fn the_client_in_javascript_works() {
    Client {
        program: "node",
        script: "javascript/rotortree-client.mjs",
        hash: "rfc6962",
        arity: "2",
        proves_several: true,
    }
    .works();
}

#[cfg(target_os = "linux")]
#[test]
fn the_client_in_shell_works() {
    Client {
        program: "sh",
        script: "shell/rotortree-client.sh",
        hash: "sha256",
        arity: "3",
        proves_several: false,
    }
    .works();
}
