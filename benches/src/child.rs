//! Work whose memory the system measures per process: each contender runs in a process of its own,
//! a copy of this program, and the parent watches it.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::Outcome;
use crate::memory::process;

/// The word that makes this program a child.
pub const WORD: &str = "--child";

/// The task of a child: a name, a contender, a folder and a number.
#[derive(Clone, Debug)]
pub struct Task {
    /// The task's name in its row.
    pub name: String,
    /// The contender.
    pub who: Who,
    /// The tree's folder.
    pub path: PathBuf,
    /// The size of the task.
    pub count: u64,
}

/// A contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Ours.
    Ours,
    /// The peer's.
    Peer,
}

impl Who {
    /// Both, in the order of the table.
    pub const BOTH: [Self; 2] = [Self::Ours, Self::Peer];

    const fn word(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Peer => "peer",
        }
    }
}

/// The result of a child.
#[derive(Clone, Debug)]
pub struct Done {
    /// The numbers that the child reported, mostly seconds.
    pub numbers: Vec<f64>,
    /// The largest observed anonymous memory, less the memory at the start.
    pub anonymous: Option<f64>,
}

/// Runs `task` in a child.
///
/// # Errors
/// If it cannot be started, or fails.
pub fn run(task: &Task) -> Outcome<Done> {
    let mut child = Command::new(std::env::current_exe()?)
        .args([WORD, &task.name, task.who.word()])
        .arg(&task.path)
        .arg(task.count.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let (mut most, mut least) = (0, u64::MAX);
    let status = loop {
        if let Some(anonymous) = process::anonymous(child.id()) {
            most = most.max(anonymous);
            least = least.min(anonymous);
        }
        if let Some(status) = child.try_wait()? {
            break status;
        }
        thread::sleep(Duration::from_millis(2));
    };
    let told = io::read_to_string(child.stdout.take().ok_or("The child has no output.")?)?;
    if !status.success() {
        return Err(format!("The child for {} failed: {status}.", task.name).into());
    }
    let numbers = told
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    Ok(Done {
        numbers,
        anonymous: (most > 0).then(|| (most - least) as f64),
    })
}

/// The task in the words behind [`WORD`].
///
/// # Errors
/// If they are none.
pub fn parse(mut words: impl Iterator<Item = OsString>) -> Outcome<Task> {
    let mut word = || words.next().ok_or("A child needs a task.");
    let name = word()?.to_string_lossy().into_owned();
    let who = match word()?.to_string_lossy().as_ref() {
        "ours" => Who::Ours,
        "peer" => Who::Peer,
        other => return Err(format!("No contender is called `{other}`.").into()),
    };
    Ok(Task {
        name,
        who,
        path: word()?.into(),
        count: word()?.to_string_lossy().parse()?,
    })
}

/// Reports numbers to the parent.
///
/// # Errors
/// If the parent is gone.
pub fn tell(numbers: &[f64]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for number in numbers {
        writeln!(out, "{number:e}")?;
    }
    out.flush()
}
