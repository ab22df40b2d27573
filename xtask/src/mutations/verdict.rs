//! The fate of each mutation, and its meaning for the list.

use super::trial::Ending;

/// The fate of one mutation in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The test failed.
    Caught,
    /// The test did not end.
    CaughtByHanging,
    /// The test passed, as the list says and explains.
    Explained,
    /// The test passed: nothing would notice if this protection were lost.
    Survived,
    /// The test failed although the list says that it would not.
    ExplainedInVain,
}

impl Fate {
    /// The fate of a mutation whose test ended so.
    pub(crate) fn of(ending: Ending, is_explained: bool) -> Self {
        match (ending, is_explained) {
            (Ending::Failed, false) => Self::Caught,
            (Ending::Hung, false) => Self::CaughtByHanging,
            (Ending::Passed(_), true) => Self::Explained,
            (Ending::Passed(_), false) => Self::Survived,
            (Ending::Failed | Ending::Hung, true) => Self::ExplainedInVain,
        }
    }

    /// Whether the run as a whole can pass with it.
    pub(crate) fn is_fine(self) -> bool {
        matches!(self, Self::Caught | Self::CaughtByHanging | Self::Explained)
    }

    pub(crate) fn told(self) -> &'static str {
        match self {
            Self::Caught => "caught",
            Self::CaughtByHanging => "caught (hangs)",
            Self::Explained => "explained",
            Self::Survived => "SURVIVED",
            Self::ExplainedInVain => "EXPLAINED, BUT CAUGHT",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unexplained_survivor_and_a_stale_explanation_are_not_fine() {
        for (ending, is_explained, fate, is_fine) in [
            (Ending::Failed, false, Fate::Caught, true),
            (Ending::Hung, false, Fate::CaughtByHanging, true),
            (Ending::Passed(1), true, Fate::Explained, true),
            (Ending::Passed(1), false, Fate::Survived, false),
            (Ending::Failed, true, Fate::ExplainedInVain, false),
            (Ending::Hung, true, Fate::ExplainedInVain, false),
        ] {
            assert_eq!(Fate::of(ending, is_explained), fate);
            assert_eq!(fate.is_fine(), is_fine);
        }
    }
}
