//! The lines in which a child reports durable heads to its parent.

use std::io::{self, Write};

use rotortree::TreeHead;

/// The head that a line tells of, if it does.
pub(crate) fn told(line: &str) -> Option<TreeHead> {
    let (_, words) = line.split_once("head: ")?;
    let mut words = words.split_whitespace().skip(1);
    let size = words.next()?.parse().ok()?;
    let digits = words.next()?;
    let mut root = [0; 32];
    for (byte, at) in root.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    (size > 0).then_some(TreeHead { size, root })
}

/// Tells a head, or that there is none yet.
pub(crate) fn tell(what: &str, head: Option<TreeHead>) {
    let head = head.unwrap_or(TreeHead::EMPTY);
    let root: String = head.root.iter().map(|byte| format!("{byte:02x}")).collect();
    say(&format!("{what} {} {root}", head.size));
}

/// Says a line, at once.
pub(crate) fn say(line: &str) {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}
