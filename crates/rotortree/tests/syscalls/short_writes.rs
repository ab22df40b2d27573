//! Writes that are cut short for real, by a limit on the size of files: the write that crosses it
//! is short, the next one fails.

use crate::{
    check::Checker,
    child::ERROR,
    points::{Fault, afterwards, judge},
    strace::{child, run},
};

#[test]
fn writes_that_are_cut_short_cost_nothing_that_was_told_is_durable() {
    /// No file of the child is larger, in the units of the shell's limit.
    const LARGEST: u64 = 64;
    let mut checker = Checker::<2>::new();
    let (mut failed, mut clean) = (0, 0);
    for limit in 0..=LARGEST {
        let place = tempfile::tempdir().unwrap();
        let script = format!("trap '' XFSZ; ulimit -f {limit}; exec \"$0\" \"$@\"");
        let wrapper = ["sh".to_owned(), "-c".to_owned(), script];
        let (status, lines) = run(child(place.path(), &wrapper));
        let story = format!("limit {limit}: {status}\n{lines:#?}");
        assert!(status.success(), "{story}");
        let heads = judge(Fault::ErrorForGood("EFBIG"), 1, &lines, &story);
        // The limit is met before the first byte of a group: nothing of the log is in doubt.
        let in_doubt = format!("{ERROR}FlushFailed");
        assert!(
            !lines.iter().any(|line| line.starts_with(&in_doubt)),
            "{story}"
        );
        if lines.iter().any(|line| line.contains(ERROR)) {
            failed += 1;
        } else {
            clean += 1;
        }
        afterwards(place.path(), &mut checker, &heads, &story);
    }
    println!("{failed} limits cut writes short, {clean} did not");
    assert!(failed > 5 && clean > 0, "{failed} failed, {clean} did not");
}
