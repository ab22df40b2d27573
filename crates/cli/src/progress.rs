//! [`Progress`]: a bar on the error output for what takes longer than a second.

use std::{
    io::{self, IsTerminal},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work that ends sooner shows no bar.
const DELAY: Duration = Duration::from_secs(1);

/// What a bar counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    Bytes,
    Leaves,
    Nodes,
}

/// The progress of one piece of work. Where the error output is no terminal nothing is ever shown.
#[derive(Debug)]
pub(crate) struct Progress {
    what: &'static str,
    unit: Unit,
    started: Instant,
    total: Option<u64>,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn new(what: &'static str, unit: Unit, total: Option<u64>) -> Self {
        Self {
            what,
            unit,
            started: Instant::now(),
            total,
            bar: None,
        }
    }

    /// Sets how much is done.
    pub(crate) fn set(&mut self, done: u64) {
        if self.bar.is_none() && self.started.elapsed() >= DELAY && io::stderr().is_terminal() {
            self.bar = Some(self.draw());
        }
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        }
    }

    /// Counts something else from here on.
    pub(crate) fn count(&mut self, unit: Unit) -> &mut Self {
        self.unit = unit;
        self
    }

    /// Sets how much is done, and how much there is.
    pub(crate) fn set_of(&mut self, done: u64, total: u64) {
        self.total = Some(total);
        if let Some(bar) = &self.bar {
            bar.set_length(total);
        }
        self.set(done);
    }

    fn draw(&self) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(self.total, ProgressDrawTarget::stderr());
        let template = match (self.unit, self.total) {
            (Unit::Bytes, Some(_)) => {
                "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}"
            }
            (Unit::Bytes, None) => "{msg} {spinner} {bytes} {bytes_per_sec}",
            (Unit::Leaves | Unit::Nodes, Some(_)) => {
                "{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}"
            }
            (Unit::Leaves | Unit::Nodes, None) => "{msg} {spinner} {human_pos} {per_sec}",
        };
        // A template that does not parse leaves the library's own.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(self.what);
        bar
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
