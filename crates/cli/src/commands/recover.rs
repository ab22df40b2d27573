//! `recover`: what a looser recovery would keep, and that recovery when it is told to.

use std::fmt;

use rotortree::{CutNotice, RecoveryMode, RecoveryReport};
use serde::Serialize;

use crate::{
    failure::{Code, Failure},
    output::Output,
    place::Place,
    store::Store,
};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    place: Place,
    /// Does it: cuts a damaged log at its last valid entry, and keeps the bytes that are cut
    #[arg(long)]
    apply: bool,
    /// Also takes a cut that leaves no leaf
    #[arg(long)]
    accept_loss: bool,
    /// Ends the telling of cuts whose loss is dealt with
    #[arg(long)]
    acknowledge: bool,
}

#[derive(Serialize)]
struct Report {
    /// Whether anything was changed.
    applied: bool,
    /// Its cuts are those that are still to be acknowledged.
    report: RecoveryReport,
    /// The cuts that are acknowledged from now on.
    acknowledged: Vec<CutNotice>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The report is one line of parts.
        f.write_str(&self.report.to_string().replace("; ", "\n  "))?;
        for cut in &self.acknowledged {
            write!(f, "\nacknowledged: {cut}")?;
        }
        match (self.applied, &self.report.damage) {
            (true, _) => Ok(()),
            (false, None) => write!(f, "\nnothing is damaged, and nothing was changed"),
            (false, Some(_)) => write!(
                f,
                "\nnothing was changed: --apply cuts the log there and keeps the bytes that are cut"
            ),
        }
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        let store = Store::at(&self.place)?;
        let mode = match self.accept_loss {
            true => RecoveryMode::AcceptLoss,
            false => RecoveryMode::StopAtLastValid,
        };
        let builder = store.builder().recovery(mode);
        if !(self.apply || self.acknowledge) {
            let report = store.view_with(builder)?.recovery_report();
            return output.document(&Report {
                applied: false,
                report,
                acknowledged: Vec::new(),
            });
        }
        if !self.apply {
            // Acknowledging alone cuts nothing.
            store.view().map_err(|failure| match failure.code() {
                Code::Damaged => failure.next("--apply --acknowledge cuts and acknowledges"),
                _ => failure,
            })?;
        }
        let tree = store.own_with(builder)?;
        let mut report = tree.recovery_report();
        let mut acknowledged = Vec::new();
        if self.acknowledge {
            acknowledged = tree.acknowledge_cuts()?;
            report.cuts.clear();
        }
        tree.close()?;
        output.document(&Report {
            applied: true,
            report,
            acknowledged,
        })
    }
}
