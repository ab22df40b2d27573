//! Ends a process whose tests hang, so that other programs run.

use std::{env, panic, process, sync::Once, thread, time::Duration};

/// The time limit of a test program, all its tests together, unless `ROTORTREE_TEST_LIMIT` sets
/// another one, in seconds. No test comes near it; it is not a measure of anything.
const LIMIT: Duration = Duration::from_secs(1800);

/// Ends this process as failed if it runs longer than any test program does. Only the first call
/// counts; the test harness has named the hanging tests by then.
///
/// # Panics
/// If `ROTORTREE_TEST_LIMIT` is not a number, or no thread can be had.
pub fn limit_this_process() {
    static WATCH: Once = Once::new();
    WATCH.call_once(|| {
        let limit = env::var("ROTORTREE_TEST_LIMIT").map_or(LIMIT, |seconds| {
            Duration::from_secs(
                seconds
                    .parse()
                    .expect("ROTORTREE_TEST_LIMIT is a number of seconds"),
            )
        });
        thread::Builder::new()
            .name("watchdog".into())
            .spawn(move || {
                thread::sleep(limit);
                // A panic says so where panics are told, but ends no more than its thread.
                drop(panic::catch_unwind(|| {
                    panic!("still running after {limit:?}: something hangs")
                }));
                process::abort();
            })
            .expect("a test needs threads");
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    /// Not a test of its own: the program that hangs.
    #[test]
    #[ignore = "run by the test below"]
    fn hangs() {
        limit_this_process();
        loop {
            thread::park();
        }
    }

    #[test]
    fn a_test_program_that_hangs_is_ended_as_failed() {
        let own_path = env::current_exe().expect("a test knows its program");
        let status = Command::new(own_path)
            .args(["test_util::watchdog::tests::hangs", "--exact", "--ignored"])
            .env("ROTORTREE_TEST_LIMIT", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("the program runs");
        assert!(!status.success());
    }
}
