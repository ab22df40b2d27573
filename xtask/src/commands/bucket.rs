//! `cargo xtask bucket`: object stores on loopback, and the tests that want one.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::args::Args;
use crate::bucket::{KINDS, Store};
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
        ("-- COMMAND", "start it, and run this command"),
    ],
    run,
};

/// The tests that want a bucket. They are chosen in the same packages as those of `test`, so that
/// what `test` has built serves here too.
const TESTS: &str = "test --workspace --exclude rotortree-benches --exclude rotortree-lean-imt \
                     --all-features --test real";
/// They are left out where no store runs.
const IGNORED: [&str; 2] = ["--", "--ignored"];

/// The time between two kills of the store, which is back after some twenty seconds: its master
/// has to elect itself again.
const KILL_INTERVAL: Duration = Duration::from_secs(40);

fn run(workspace: &Workspace, mut args: Args) -> Outcome {
    let command = args.behind_dashes();
    let name = args.value("--store")?;
    let serve = args.flag("--serve");
    args.finish()?;
    if cfg!(windows) {
        return Ok(Verdict::Skipped("its servers run on Unix".to_owned()));
    }
    let mut kinds: Vec<_> = KINDS
        .iter()
        .filter(|kind| name.as_deref().is_none_or(|name| name == kind.name))
        .collect();
    if kinds.is_empty() {
        let names = KINDS.map(|kind| kind.name).join(", ");
        return Err(Failure::new(format!(
            "There is no such store; the stores are {names}."
        )));
    }
    if serve || command.is_some() {
        kinds.truncate(1);
    }
    each(kinds, |kind| {
        let store = Store::start(workspace, kind)?;
        match &command {
            Some(words) => with(&store, Invocation::words(workspace.root(), words)?).run(),
            None if serve => {
                tell(&store);
                Ok(())
            }
            None => {
                let tests = Invocation::cargo(workspace.root(), TESTS).args(IGNORED);
                let but = kind.fails.iter().flat_map(|test| ["--skip", *test]);
                with(&store, tests.args(but)).run_tests()
            }
        }
    })?;
    Ok(Verdict::Passed)
}

/// Writers fight for a place, and replicas look, while the store is killed again and again.
pub(super) fn torture(workspace: &Workspace, scale: u64) -> Outcome<()> {
    // The network is what takes the time, so the build of `ci` serves.
    let tests = || Invocation::cargo(workspace.root(), TESTS);
    tests().args(["--no-run"]).run()?;
    let mut store = Store::start(workspace, &KINDS[0])?;
    let seconds = 160 * scale;
    let tests = tests().args(IGNORED);
    let tests = with(
        &store,
        tests.args(["--nocapture", "writers_that_fight_for_a_place"]),
    )
    .env("ROTORTREE_FIGHT_SECONDS", &seconds.to_string());
    let (done, end) = mpsc::channel();
    thread::scope(|scope| {
        let tests = scope.spawn(move || {
            let outcome = tests.run_tests();
            // Nothing waits for this where restarting has failed.
            let _ = done.send(());
            outcome
        });
        let mut kills = 0;
        let restarted = loop {
            match end.recv_timeout(KILL_INTERVAL) {
                Err(RecvTimeoutError::Timeout) => {}
                _ => break Ok(()),
            }
            kills += 1;
            if let Err(failure) = store.restart() {
                break Err(failure);
            }
        };
        let outcome = tests.join();
        terminal::line(format_args!("  the store was killed {kills} times"));
        restarted?;
        outcome.unwrap_or_else(|_| Err(Failure::new("The thread of the tests panicked.")))
    })
}

fn with(store: &Store, invocation: Invocation) -> Invocation {
    let set = |invocation: Invocation, (name, value): (_, String)| invocation.env(name, &value);
    store.environment().into_iter().fold(invocation, set)
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
