//! `cargo xtask bucket`: object stores on loopback, and the tests that want one.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::args::Args;
use crate::bucket::{BUCKET, Cluster, KINDS, Kind, Role, Store, environment};
use crate::cargo::Invocation;
use crate::command::Command;
use crate::outcome::{Failure, Outcome, Verdict, each};
use crate::terminal;
use crate::workspace::Workspace;

pub(super) const COMMAND: Command = Command {
    name: "bucket",
    summary: "the object-store tests against SeaweedFS and against moto",
    options: &[
        ("--store NAME", "seaweedfs or moto alone"),
        ("--serve", "start it, and keep it until the input ends"),
        (
            "--rate",
            "start it, and print the example `bucket_rate`'s rows",
        ),
        ("-- COMMAND", "start it, and run this command"),
    ],
    run,
};

/// The tests that want a bucket, the example's among them. They are chosen in the same packages as
/// those of `test`, so that what `test` has built serves here too.
const TESTS: &str = "test --workspace --exclude rotortree-benches --exclude rotortree-lean-imt \
                     --all-features --test real --example bucket";
/// The example that measures.
const RATE: &str = "--release -p rotortree-object-store --features aws --example bucket_rate";
/// They are left out where no store runs.
const IGNORED: [&str; 2] = ["--", "--ignored"];

/// The test of writers that fight, and how long they do in `torture`.
const FIGHT: &str = "fight::writers_that_fight_for_a_place_lose_nothing_that_was_told";
const FIGHT_SECONDS: u64 = 900;
/// The time for which one process of a cluster is away, and the time with all of them behind it.
const ABSENCE: Duration = Duration::from_secs(10);
const PEACE: Duration = Duration::from_secs(10);

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let command = args.behind_dashes();
    let name = args.value("--store")?;
    let serve = args.flag("--serve");
    let rate = args.flag("--rate");
    args.finish()?;
    if cfg!(windows) {
        return Ok(Verdict::Skipped("its servers run on Unix".to_owned()));
    }
    let kinds: Vec<_> = KINDS
        .iter()
        .filter(|kind| name.as_deref().is_none_or(|name| name == kind.name))
        .collect();
    if kinds.is_empty() {
        let names = KINDS.map(|kind| kind.name).join(", ");
        return Err(Failure::new(format!(
            "There is no such store; the stores are {names}."
        )));
    }
    let invocation = match &command {
        Some(words) => Some(Invocation::words(workspace.root(), words)?),
        None if rate => {
            // Built before the store starts, so that nothing but the example runs beside it.
            let build = Invocation::cargo(workspace.root(), "build");
            build.args(RATE.split_whitespace()).run()?;
            let run = Invocation::cargo(workspace.root(), "run --quiet");
            let place = format!("s3://{BUCKET}/rate");
            Some(run.args(RATE.split_whitespace()).args(["--", &place]))
        }
        None => None,
    };
    if serve || invocation.is_some() {
        let store = Store::start(workspace, kinds[0])?;
        match invocation {
            Some(invocation) => with(store.environment(), invocation).run()?,
            None => tell(&store),
        }
        return Ok(Verdict::Passed);
    }
    // One after the other: each looks for free ports.
    let stores: Vec<Store> = kinds
        .iter()
        .map(|kind| Store::start(workspace, kind))
        .collect::<Outcome<_>>()?;
    // Servers and tests wait for each other most of the time: all at once take little longer.
    let outcomes = thread::scope(|scope| {
        let runs = kinds.iter().zip(&stores);
        let runs = runs.map(|(kind, store)| scope.spawn(|| test(workspace, kind, store)));
        let runs: Vec<_> = runs.collect();
        let panicked = |_| Err(Failure::new("The thread of a store panicked."));
        let outcomes = runs
            .into_iter()
            .map(|run| run.join().unwrap_or_else(panicked));
        outcomes.collect::<Vec<_>>()
    });
    each(outcomes, |outcome| outcome)?;
    Ok(Verdict::Passed)
}

/// Runs the tests with a store of one kind.
fn test(workspace: &Workspace, kind: &Kind, store: &Store) -> Outcome<()> {
    let tests = Invocation::cargo(workspace.root(), TESTS).args(IGNORED);
    let but = kind.fails.iter().flat_map(|test| ["--skip", *test]);
    with(store.environment(), tests.args(but))
        .labelled(kind.name)
        .run_tests()
}

/// Lets writers fight over a cluster, whose processes are killed and come back one after the other.
pub(super) fn torture(workspace: &Workspace, scale: u64) -> Outcome<()> {
    // The network is what takes the time, so the build of `ci` serves.
    let tests = || Invocation::cargo(workspace.root(), TESTS);
    tests().args(["--no-run"]).run()?;
    let mut cluster = Cluster::start(workspace)?;
    let seconds = FIGHT_SECONDS * scale;
    let filter = ["--nocapture", "--exact", FIGHT];
    let tests = with(
        environment(&cluster.gateways()),
        tests().args(IGNORED).args(filter),
    )
    .env("ROTORTREE_FIGHT_SECONDS", &seconds.to_string())
    .env("ROTORTREE_TEST_LIMIT", &(2 * seconds + 600).to_string());
    let (done, end) = mpsc::channel();
    thread::scope(|scope| {
        let tests = scope.spawn(move || {
            let outcome = tests.run_tests();
            // Nothing waits for this where killing has failed.
            let _ = done.send(());
            outcome
        });
        let goes_on = |time| matches!(end.recv_timeout(time), Err(RecvTimeoutError::Timeout));
        let kills = [Role::Gateway, Role::Volume, Role::Master, Role::Filer];
        let mut kill = || -> Outcome<()> {
            for role in kills.into_iter().cycle() {
                if !goes_on(PEACE) {
                    break;
                }
                let member = cluster.kill(role)?;
                goes_on(ABSENCE);
                cluster.start_again(member)?;
            }
            Ok(())
        };
        let killed = kill();
        let outcome = tests.join();
        terminal::line(format_args!("  {}", cluster.killed()));
        killed?;
        outcome.unwrap_or_else(|_| Err(Failure::new("The thread of the tests panicked.")))
    })
}

fn with(environment: [(&'static str, String); 9], invocation: Invocation) -> Invocation {
    let set = |invocation: Invocation, (name, value): (_, String)| invocation.env(name, &value);
    environment.into_iter().fold(invocation, set)
}

/// Shows the variables that lead to the store, and waits.
fn tell(store: &Store) {
    for (name, value) in store.environment() {
        terminal::line(format_args!("export {name}={value}"));
    }
    terminal::line("The store ends with the input.");
    // An input that cannot be read has ended.
    let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
}
