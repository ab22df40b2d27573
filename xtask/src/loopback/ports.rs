//! Ports of loopback that are free.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

use crate::outcome::{Failure, Outcome};

/// Below the ports that systems give to outgoing connections, those of [`SECOND`] included.
const CHOICE: Range<u16> = 11_000..21_000;
/// A server has a second port, this much higher.
pub(crate) const SECOND: u16 = 10_000;

/// The first of `count` free ports in a row, whose second ports are free too.
pub(crate) fn free(count: u16) -> Outcome<u16> {
    // Two that look at the same time begin in different places.
    let begin = CHOICE.start + (std::process::id() % 97) as u16 * 100;
    let firsts = (begin..CHOICE.end).chain(CHOICE.start..begin);
    let mut firsts = firsts.step_by(usize::from(count));
    let is_free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    firsts
        .find(|first| (*first..first + count).all(|port| is_free(port) && is_free(port + SECOND)))
        .ok_or_else(|| Failure::new(format!("No {count} ports in a row are free.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_in_use_are_passed_over() {
        let first = free(4).unwrap();
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, first + 2 + SECOND)).unwrap();
        let other = free(4).unwrap();
        assert!(other + 4 <= first + 2 || other > first + 2, "{other}");
        drop(taken);
    }
}
