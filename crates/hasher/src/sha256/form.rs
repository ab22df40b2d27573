//! [`Form`]: what the groups of a batch have in common.

use super::schedule::{AFTER_A_PAIR, Schedule, padding_schedule};
use super::spec::bits;

/// The form of the messages of a batch.
#[derive(Clone, Copy)]
pub(super) struct Form<'a> {
    /// The byte in front of each group.
    pub(super) prefix: Option<u8>,
    pub(super) arity: usize,
    /// The schedule of the last block, where it is the same for all groups.
    pub(super) padding: Option<&'a Schedule>,
}

impl<'a> Form<'a> {
    /// `computed` keeps the schedule, unless it is that of pairs.
    pub(super) fn new(
        prefix: Option<u8>,
        arity: usize,
        computed: &'a mut Option<Schedule>,
    ) -> Self {
        let padding: Option<&Schedule> = match prefix {
            None if arity == 2 => Some(&AFTER_A_PAIR),
            None if arity.is_multiple_of(2) => {
                Some(computed.insert(padding_schedule(bits(prefix, arity))))
            }
            _ => None,
        };
        Self {
            prefix,
            arity,
            padding,
        }
    }
}
