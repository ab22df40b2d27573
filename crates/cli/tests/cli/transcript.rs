//! The transcripts of the pages are what a shell prints.
//!
//! Each block ```` ```console ```` of a page is replayed in one empty folder for the page. A line
//! behind `$ `, and those behind `> ` that continue it, are given to `sh`; the lines behind them
//! are what it prints on both outputs. `[..]` stands for any text within a line. The folder has the
//! sample of digests, and links to the folders of a clone that pages name. Ports 7070 and 7071 of a
//! page are free ones, and the processes whose numbers are in files `pid*` end with the page.

use std::{
    env, fs,
    net::TcpListener,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use rotortree_proof_forms::hex;
use tempfile::TempDir;

use crate::support::{sample, slow_root, whole_list};

/// A command of a transcript, with the lines behind it.
struct Step<'a> {
    command: String,
    expected: Vec<&'a str>,
}

fn steps(page: &str) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    let mut within = false;
    for line in page.lines() {
        match (line, line.strip_prefix("$ ")) {
            ("```console", _) => within = true,
            ("```", _) => within = false,
            (_, Some(command)) if within => steps.push(Step {
                command: command.to_owned(),
                expected: Vec::new(),
            }),
            (line, None) if within => {
                let step = steps
                    .last_mut()
                    .expect("a command stands in front of its output");
                match line.strip_prefix("> ") {
                    Some(more) => step.command += &format!("\n{more}"),
                    None => step.expected.push(line),
                }
            }
            _ => {}
        }
    }
    steps
}

/// Whether a line is as expected, where `[..]` stands for anything.
fn fits(line: &str, expected: &str) -> bool {
    let mut parts = expected.split("[..]");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The folder of a page.
struct Place(TempDir);

impl Place {
    fn new(root: &Path, list: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::copy(list, folder.path().join("digests.sha256")).unwrap();
        for name in ["clients", "crates"] {
            symlink(root.join(name), folder.path().join(name)).unwrap();
        }
        Self(folder)
    }

    /// What a shell prints.
    fn run(&self, command: &str) -> String {
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_rotortree"));
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = binary
            .parent()
            .map(PathBuf::from)
            .into_iter()
            .chain(env::split_paths(&path));
        let run = Command::new("sh")
            .args(["-c", &format!("{{ {command}\n}} 2>&1")])
            .current_dir(self.0.path())
            .env("PATH", env::join_paths(folders).unwrap())
            .output()
            .unwrap();
        String::from_utf8(run.stdout).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.run("cat pid* | xargs -r kill -9");
    }
}

/// Whether a command opens a browser, and there is none. `.ci/run` installs it on Linux.
fn lacks_browser(command: &str) -> bool {
    let browser = env::var("CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
    let must_be_there = cfg!(target_os = "linux") && env::var_os("CI").is_some();
    command.contains("clients/tests/look.mjs")
        && !must_be_there
        && Command::new(browser).arg("--version").output().is_err()
}

/// The text with ports that nothing listens at in place of those that pages name.
fn free_ports(mut text: String) -> String {
    let names = ["127.0.0.1:7070", "127.0.0.1:7071"];
    let held = names.map(|name| (name, TcpListener::bind("127.0.0.1:0").unwrap()));
    for (name, listener) in &held {
        text = text.replace(name, &listener.local_addr().unwrap().to_string());
    }
    text
}

/// The transcripts of another list of digests: what they tell of the sample, in terms of that one.
struct Retold(Vec<(String, String)>);

impl Retold {
    /// The words that change: numbers of leaves, and roots, in full and cut in the middle.
    fn of(list: &Path) -> Self {
        let leaves = |list: &Path| -> Vec<[u8; 32]> {
            let text = fs::read_to_string(list).unwrap();
            let leaf = |line: &str| hex::decode(line.as_bytes()[..64].try_into().unwrap());
            text.lines().map(|line| leaf(line).unwrap()).collect()
        };
        let (mut theirs, mut ours) = (leaves(&sample()), leaves(list));
        let mut words = Vec::new();
        let mut numbers =
            |their: usize, our: usize| words.push((their.to_string(), our.to_string()));
        // The leaves behind the first 600, and sizes around the list and around half a list more.
        numbers(theirs.len() - 600, ours.len() - 600);
        for off in [998, 999, 1000, 1001, 1500] {
            numbers(off, ours.len() + off - theirs.len());
        }
        for _ in 0..2 {
            let (their, our) = (slow_root(&theirs, 4), slow_root(&ours, 4));
            for part in [0..66, 0..10, 58..66] {
                words.push((their[part.clone()].to_owned(), our[part].to_owned()));
            }
            theirs.extend_from_within(..500);
            ours.extend_from_within(..500);
        }
        // A place in the second of two records, from the front and from behind.
        words.push((
            "40000".to_owned(),
            "$(($(wc -c < $(ls tree/log/*)) - 9152))".to_owned(),
        ));
        Self(words)
    }

    /// The text with these words, and `number` in place of each other number.
    fn retell(&self, text: &str, number: Option<&str>) -> String {
        let mut told = String::new();
        for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
            let (word, end) = match word.char_indices().last() {
                Some((at, last)) if !last.is_ascii_alphanumeric() => word.split_at(at),
                _ => (word, ""),
            };
            let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
            let known = self.0.iter().find(|(their, _)| their == word);
            told += match (known, number) {
                (Some((_, our)), _) => our,
                (None, Some(number)) if is_number => number,
                _ => word,
            };
            told += end;
        }
        told
    }
}

fn replay(page: &str, list: &Path, retold: Option<&Retold>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = root.canonicalize().unwrap();
    let text = fs::read_to_string(root.join(page)).unwrap();
    let text = free_ports(text);
    let place = Place::new(&root, list);
    let steps = steps(&text);
    assert!(!steps.is_empty(), "{page} has no transcript");
    for step in steps {
        if lacks_browser(&step.command) {
            continue;
        }
        let (mut command, mut expected) = (step.command.clone(), step.expected.join("\n"));
        if let Some(retold) = retold {
            command = retold.retell(&command, None);
            expected = retold.retell(&expected, Some("[..]"));
        }
        let printed = place.run(&command);
        // The dump of a log of other records has other lines.
        if retold.is_some() && step.command.starts_with("rotortree log ") {
            continue;
        }
        let lines: Vec<&str> = printed.lines().collect();
        let expected: Vec<&str> = expected.lines().collect();
        let same = lines.len() == expected.len()
            && lines
                .iter()
                .zip(&expected)
                .all(|(line, expected)| fits(line, expected));
        assert!(same, "{page}: $ {}\n{printed}", step.command);
    }
}

/// The pages that have a transcript and this word: the README, and chapters of the guide.
fn pages(word: &str) -> Vec<String> {
    let chapters = "docs/guide/src";
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let chapters = fs::read_dir(root.join(chapters)).unwrap().map(|entry| {
        let name = entry.unwrap().file_name();
        format!("{chapters}/{}", name.to_str().unwrap())
    });
    let pages = chapters.chain(["README.md".to_owned()]).filter(|page| {
        let text = fs::read_to_string(root.join(page)).unwrap();
        // A build without buckets cannot replay those.
        let is_built = cfg!(feature = "object-store") || !text.contains("file://");
        is_built && text.contains("```console\n") && text.contains(word)
    });
    pages.collect()
}

#[test]
fn the_guide_is_what_a_shell_prints() {
    let pages = pages("");
    assert!(pages.len() > 3, "{pages:?}");
    thread::scope(|scope| {
        for page in &pages {
            scope.spawn(|| replay(page, &sample(), None));
        }
    });
}

/// The same of the whole list of digests, where it is present. The page of the server, which cuts
/// answers at a column, is left to the sample.
#[test]
fn the_guide_holds_for_the_whole_list() {
    let Some(list) = whole_list() else {
        return;
    };
    let retold = Retold::of(&list);
    let mut pages = pages("digests.sha256");
    pages.retain(|page| !page.ends_with("/server.md"));
    thread::scope(|scope| {
        for page in &pages {
            scope.spawn(|| replay(page, &list, Some(&retold)));
        }
    });
}

#[test]
fn gaps_stand_for_any_text_and_nothing_else_does() {
    assert!(fits("a b c", "a b c"));
    assert!(fits("a b c", "a [..] c"));
    assert!(fits("a b c", "[..]"));
    assert!(fits("a b c", "a [..] [..]"));
    assert!(!fits("a b c", "a b"));
    assert!(!fits("a b c", "b[..]"));
    assert!(!fits("a b c", "a [..] d"));
}
