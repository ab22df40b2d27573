//! [`Writer`]: a process that writes to a place until it is lost, and takes it again.

use std::{
    env,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdout, Command, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use object_store::path::Path;
use rotortree_hasher::Hash;
use rotortree_store::{RotorTreeError, StorageError, test_util::watchdog::limit_this_process};

use super::{answers::Answering, storage};
use crate::{
    backend::tree,
    observed::Tree,
    place::{fresh_number, gateway},
};

/// Tells the process its place, its number, the seed of its leaves and its time in milliseconds.
const TASK: &str = "ROTORTREE_TEST_WRITER";
/// Begins each line that the process says; the test harness says others.
const SAYS: &str = "writer: ";

/// What a writer says.
pub(super) enum Said {
    /// The place is its own.
    Took,
    /// Another owner is alive.
    Refused,
    /// The place is another's now, or the store does not answer.
    Lost,
    /// Leaves are durable.
    Told {
        first: u64,
        leaves: Vec<Hash>,
    },
    Answer(String),
}

impl Said {
    fn parse(line: &str, seed: u64) -> Option<Self> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        Some(match word {
            "took" => Self::Took,
            "refused" => Self::Refused,
            "lost" => Self::Lost,
            "told" => {
                let mut numbers = rest.split(' ').map_while(|number| number.parse().ok());
                let (first, append) = (numbers.next()?, numbers.next()?);
                Self::Told {
                    first,
                    leaves: leaves(seed, append),
                }
            }
            "answer" => Self::Answer(rest.to_owned()),
            _ => return None,
        })
    }
}

/// The process, as the one that watches it has it.
pub(super) struct Writer {
    child: Mutex<Child>,
    says: Mutex<BufReader<ChildStdout>>,
    process: String,
    seed: u64,
}

impl Writer {
    /// Starts one that writes for a time.
    pub(super) fn start(path: &Path, number: usize, time: Duration) -> Self {
        let seed = fresh_number();
        let task = format!("{path} {number} {seed} {}", time.as_millis());
        let mut child = Command::new(env::current_exe().unwrap())
            .args([
                "fight::writer::writer_process",
                "--exact",
                "--ignored",
                "--nocapture",
            ])
            .env(TASK, task)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let says = BufReader::new(child.stdout.take().unwrap());
        Self {
            process: child.id().to_string(),
            child: Mutex::new(child),
            says: Mutex::new(says),
            seed,
        }
    }

    /// Hears it to its end, which is a good one.
    pub(super) fn listen(&self, hear: impl Fn(Said)) {
        let mut says = self.says.lock().unwrap();
        let mut line = String::new();
        while says.read_line(&mut line).unwrap() > 0 {
            // The harness has no line end before the first word of a test.
            if let Some((_, words)) = line.trim_end().split_once(SAYS) {
                hear(Said::parse(words, self.seed).unwrap_or_else(|| panic!("{line}")));
            }
            line.clear();
        }
        assert!(self.child.lock().unwrap().wait().unwrap().success());
    }

    pub(super) fn stop(&self) {
        self.signal("-STOP");
    }

    pub(super) fn wake(&self) {
        self.signal("-CONT");
    }

    /// Until it is waited for, its number is no other process's.
    fn signal(&self, signal: &str) {
        let Ok(mut child) = self.child.try_lock() else {
            return;
        };
        if child.try_wait().unwrap().is_none() {
            let mut kill = Command::new("kill");
            assert!(
                kill.args([signal, &self.process])
                    .status()
                    .unwrap()
                    .success()
            );
        }
    }
}

/// The leaves of an append: few, or a batch whose chunks go ahead of it.
fn leaves(seed: u64, append: u64) -> Vec<Hash> {
    let count = match append {
        append if append.is_multiple_of(7) => 700,
        append => 1 + append % 5,
    };
    let leaf = |at: u64| {
        let mut leaf = [0; 32];
        let (fields, _) = leaf.as_chunks_mut::<8>();
        for (bytes, field) in fields.iter_mut().zip([seed, append, at]) {
            *bytes = field.to_le_bytes();
        }
        leaf
    };
    (0..count).map(leaf).collect()
}

fn say(words: &str) {
    // One write, so that lines stay whole. Without a listener there is nothing to do.
    let line = format!("{SAYS}{words}\n");
    drop(std::io::stdout().lock().write_all(line.as_bytes()));
}

/// Not a test of its own: the process of a writer.
#[test]
#[ignore = "run by the test of writers that fight"]
fn writer_process() {
    let Ok(task) = env::var(TASK) else { return };
    limit_this_process();
    let [path, number, seed, millis] = task.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{task}");
    };
    let path = Path::from(path);
    let (number, seed, millis): (usize, u64, u64) = (
        number.parse().unwrap(),
        seed.parse().unwrap(),
        millis.parse().unwrap(),
    );
    let until = Instant::now() + Duration::from_millis(millis);
    let mut append = 0;
    for attempt in 0_u64.. {
        if Instant::now() >= until {
            return;
        }
        let answering = Answering::new(gateway(number), |answer| say(&format!("answer {answer}")));
        // An owner that gives no sign of life loses the place anyway.
        let insists = attempt % 3 < 2;
        match tree(storage(answering, &path).take_over(insists)) {
            Ok(tree) => {
                say("took");
                write(&tree, seed, &mut append, until);
                say("lost");
            }
            Err(RotorTreeError::Storage(StorageError::FileLocked)) => say("refused"),
            Err(_) => say("lost"),
        }
        // The other one gets some work done.
        thread::sleep(Duration::from_millis(400 + 300 * number as u64));
    }
}

/// Appends until the place is lost or the time is over.
fn write(tree: &Tree, seed: u64, append: &mut u64, until: Instant) {
    while Instant::now() < until {
        let Ok(placed) = tree.append(&leaves(seed, *append)).durable() else {
            return;
        };
        say(&format!("told {} {append}", placed.leaf_range.start));
        *append += 1;
        if append.is_multiple_of(9) && tree.checkpoint().is_err() {
            return;
        }
        // Once in a while it rests, and replicas show all that it has told.
        let rest = if append.is_multiple_of(64) { 1000 } else { 15 };
        thread::sleep(Duration::from_millis(rest));
    }
}
