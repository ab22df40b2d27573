//! The points at which calls fail, and the checks after each.

use std::{
    collections::BTreeMap,
    env,
    fmt::Write as _,
    os::unix::process::ExitStatusExt,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::{
    check::{Checker, watched},
    child::{CLEAN, ERROR, OVER},
    lines::told,
    strace::{Run, calls, child, is_missing, run, trace, unknown},
};

/// Points in a usual run.
const POINTS: usize = 400;
/// Runs at once: they wait for the disk more than they work.
const AT_ONCE: usize = 3;
/// Calls that make room in the file system or need some.
const WANT_ROOM: [&str; 8] = [
    "fallocate",
    "mkdir",
    "mkdirat",
    "openat",
    "openat2",
    "pwrite64",
    "rename",
    "renameat",
];
/// Calls that the system may interrupt, and that are then made again.
const INTERRUPTIBLE: [&str; 8] = [
    "fallocate",
    "fdatasync",
    "fsync",
    "getdents64",
    "openat",
    "openat2",
    "pread64",
    "pwrite64",
];
/// Calls that may do less than they were asked to.
const MAY_BE_SHORT: [&str; 3] = ["pread64", "pwrite64", "read"];

/// The fault at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// An error once, or from then on.
    Error(&'static str),
    ErrorForGood(&'static str),
    /// A call that must be repeated without a visible effect.
    Interrupted,
    /// Nothing was read or written, and no error told.
    Nothing,
    /// The process is killed before the call.
    Kill,
}

#[derive(Clone, Debug)]
struct Point {
    call: String,
    number: u64,
    fault: Fault,
}

impl Fault {
    fn all(call: &str) -> Vec<Self> {
        let mut all = vec![Self::Error("EIO"), Self::ErrorForGood("EIO"), Self::Kill];
        if WANT_ROOM.contains(&call) {
            all.extend([Self::Error("ENOSPC"), Self::ErrorForGood("ENOSPC")]);
        }
        if INTERRUPTIBLE.contains(&call) {
            all.push(Self::Interrupted);
        }
        if MAY_BE_SHORT.contains(&call) {
            all.push(Self::Nothing);
        }
        all
    }

    fn to_strace(self, number: u64) -> String {
        match self {
            Self::Error(error) => format!("error={error}:when={number}"),
            Self::ErrorForGood(error) => format!("error={error}:when={number}+"),
            Self::Interrupted => format!("error=EINTR:when={number}"),
            Self::Nothing => format!("retval=0:when={number}"),
            Self::Kill => format!("signal=SIGKILL:when={number}"),
        }
    }
}

/// The tally of the points.
#[derive(Debug, Default)]
struct Came {
    /// By call and fault: points, and those that the child reached.
    reached: BTreeMap<(String, Fault), (u64, u64)>,
    heads: usize,
    errors: BTreeMap<String, u64>,
}

#[test]
fn no_system_call_that_fails_and_no_kill_at_one_costs_what_was_told_is_durable() {
    if let Some(reason) = is_missing() {
        println!("NOT TESTED: {reason}");
        assert!(env::var_os("CI").is_none(), "CI tests this: {reason}");
        return;
    }
    let all = every_point();
    let seed = number("ROTORTREE_SYSCALL_SEED").unwrap_or(std::process::id() as usize);
    let chosen = chosen(
        &all,
        number("ROTORTREE_SYSCALL_POINTS").unwrap_or(POINTS),
        seed,
    );
    println!(
        "ROTORTREE_SYSCALL_SEED={seed}: {} of {} points",
        chosen.len(),
        all.len()
    );
    let (next, came) = (AtomicUsize::new(0), Mutex::new(Came::default()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let mut checker = Checker::<2>::new();
                while let Some(point) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    println!("{point:?}");
                    try_point(point, &mut checker, &came);
                }
            });
        }
    });
    let came = came.into_inner().unwrap();
    let (mut points, mut reached) = (0, 0);
    for ((call, fault), (tried, met)) in &came.reached {
        println!("{call:>12} {fault:?}: {met} of {tried} reached");
        points += tried;
        reached += met;
    }
    println!(
        "{points} points, {reached} reached, {} heads looked for",
        came.heads
    );
    println!("errors told: {:?}", came.errors);
    assert_eq!(points as usize, chosen.len());
    // The child makes the same calls every time, but for what a background thread adds when the
    // machine is slow.
    for fault in came.reached.keys().map(|(_, fault)| *fault) {
        let of_it = came
            .reached
            .iter()
            .filter(|((_, other), _)| *other == fault);
        let (tried, met) = of_it.fold((0, 0), |sum, (_, came)| (sum.0 + came.0, sum.1 + came.1));
        assert!(
            met * 10 >= tried * 8,
            "{fault:?}: {met} of {tried} points were reached"
        );
    }
    assert!(
        came.heads > chosen.len(),
        "children hardly told of anything"
    );
}

fn number(variable: &str) -> Option<usize> {
    env::var(variable).ok().map(|text| text.parse().unwrap())
}

/// Every call that the child makes on its files, with every fault that it may meet.
fn every_point() -> Vec<Point> {
    // Without the filter on names first: nothing that the store touches may have a name that the
    // filter does not know.
    let place = tempfile::tempdir().unwrap();
    let log = place.path().join("names");
    let wrapper = [
        "strace",
        "-f",
        "-qq",
        "-s",
        "4096",
        "-e",
        "trace=%file",
        "-o",
    ]
    .map(str::to_owned);
    let mut wrapper = wrapper.to_vec();
    wrapper.push(log.display().to_string());
    let (status, lines) = run(child(place.path(), &wrapper));
    assert!(status.success(), "{lines:#?}");
    let names = std::fs::read_to_string(&log).unwrap();
    let unknown = unknown(place.path(), &names);
    assert!(unknown.is_empty(), "files that get no faults: {unknown:?}");

    let place = tempfile::tempdir().unwrap();
    let Run {
        status,
        lines,
        trace,
    } = trace(place.path(), "all", None);
    assert!(status.success(), "{lines:#?}");
    let clean = lines.iter().filter(|line| line.contains(CLEAN)).count();
    assert_eq!(clean, 3, "{lines:#?}");
    let calls = calls(&trace);
    println!("calls: {calls:?}");
    for needed in ["openat", "pwrite64", "fdatasync", "fsync", "mmap", "flock"] {
        assert!(calls.contains_key(needed), "no {needed} in {calls:?}");
    }
    let mut points = Vec::new();
    for (call, count) in calls {
        for number in 1..=count {
            points.extend(Fault::all(&call).into_iter().map(|fault| Point {
                call: call.clone(),
                number,
                fault,
            }));
        }
    }
    points
}

/// At most `most` of all points (0: all of them), evenly spread.
fn chosen(all: &[Point], most: usize, seed: usize) -> Vec<Point> {
    if most == 0 || most >= all.len() {
        return all.to_vec();
    }
    let start = seed % all.len();
    (0..most)
        .map(|k| all[(start + k * all.len() / most) % all.len()].clone())
        .collect()
}

fn try_point(point: &Point, checker: &mut Checker<2>, came: &Mutex<Came>) {
    let place = tempfile::tempdir().unwrap();
    let fault = point.fault.to_strace(point.number);
    let Run {
        status,
        lines,
        trace,
    } = trace(place.path(), &point.call, Some(&fault));
    let mut story = format!("{point:?}: {status}\n{trace}\n");
    for line in &lines {
        writeln!(story, "{line}").unwrap();
    }
    let killed = status.signal() == Some(libc::SIGKILL);
    let met = if point.fault == Fault::Kill {
        u64::from(killed)
    } else {
        trace.matches("(INJECTED)").count() as u64
    };
    assert!(
        status.success() || killed && point.fault == Fault::Kill,
        "{story}"
    );
    let heads = judge(point.fault, met, &lines, &story);
    {
        let mut came = came.lock().unwrap();
        let reached = came
            .reached
            .entry((point.call.clone(), point.fault))
            .or_default();
        *reached = (reached.0 + 1, reached.1 + met.min(1));
        came.heads += heads.len();
        for line in lines.iter().filter(|line| line.starts_with(ERROR)) {
            let name = line[ERROR.len()..].split(':').next().unwrap_or_default();
            *came.errors.entry(name.to_owned()).or_default() += 1;
        }
    }
    afterwards(place.path(), checker, &heads, &story);
}

/// Judges what the child said; the heads that it was told are durable.
pub(crate) fn judge(
    fault: Fault,
    met: u64,
    lines: &[String],
    story: &str,
) -> Vec<rotortree::TreeHead> {
    let said = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
    if fault != Fault::Kill {
        assert_eq!(said(OVER), 1, "{story}");
    }
    for line in lines.iter().filter(|line| line.contains(ERROR)) {
        // A device that fails is no damage, and no reason to blame a file.
        let is_short_read = fault == Fault::Nothing;
        assert!(!line.contains("error: other"), "{story}");
        assert!(!line.contains("error: damage") || is_short_read, "{story}");
    }
    match fault {
        Fault::Interrupted => assert_eq!(said(CLEAN), 3, "{story}"),
        // One failure costs one session at most, or two if it left something for the next to
        // stumble over, which it must not.
        Fault::Error(_) | Fault::Nothing if met == 1 => assert!(said(CLEAN) >= 2, "{story}"),
        _ => {}
    }
    lines.iter().filter_map(|line| told(line)).collect()
}

/// Opens the tree without faults.
pub(crate) fn afterwards(
    place: &Path,
    checker: &mut Checker<2>,
    heads: &[rotortree::TreeHead],
    story: &str,
) {
    let tells = Tells(story);
    watched(|| checker.check(&place.join("tree"), heads, true));
    std::mem::forget(tells);
}

/// Says what had happened, if it is dropped.
struct Tells<'a>(&'a str);

impl Drop for Tells<'_> {
    fn drop(&mut self) {
        println!("{}", self.0);
    }
}
