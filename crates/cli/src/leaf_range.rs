//! [`LeafRange`]: a range of leaves on the command line.

use std::{ops::Range, str::FromStr};

use crate::failure::{Code, Failure};

/// `A..B`, `A..`, `..B` or `..`: the leaves from A on and before B.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeafRange {
    start: u64,
    end: Option<u64>,
}

impl FromStr for LeafRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a range is A..B: the leaves from A on and before B".to_owned();
        let (start, end) = text.split_once("..").ok_or_else(wrong)?;
        let bound = |text: &str| match text {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| wrong()),
        };
        Ok(Self {
            start: bound(start)?.unwrap_or(0),
            end: bound(end)?,
        })
    }
}

impl LeafRange {
    /// The indices, in a tree of `size` leaves.
    pub(crate) fn within(self, size: u64) -> Result<Range<u64>, Failure> {
        let end = self.end.unwrap_or(size);
        if self.start <= end && end <= size {
            return Ok(self.start..end);
        }
        let sentence = format!(
            "the range {}..{end} is not within the {size} leaves of the tree",
            self.start
        );
        Err(Failure::new(Code::Usage, sentence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_and_held_against_the_size() {
        let within = |text: &str| text.parse::<LeafRange>().unwrap().within(10).ok();
        assert_eq!(within("2..5"), Some(2..5));
        assert_eq!(within(".."), Some(0..10));
        assert_eq!(within("3.."), Some(3..10));
        assert_eq!(within("..0"), Some(0..0));
        assert_eq!(within("5..2"), None);
        assert_eq!(within("5..11"), None);
        for text in ["", "3", "a..b", "-1..2", "1...2", "1..2..3"] {
            assert!(text.parse::<LeafRange>().is_err(), "{text}");
        }
    }
}
