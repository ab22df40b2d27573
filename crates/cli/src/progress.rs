//! [`Progress`]: a bar on the error output for what takes longer than a second.

use std::{
    env,
    io::{self, IsTerminal},
    ops::ControlFlow,
    sync::mpsc::{RecvTimeoutError, Sender, channel},
    thread::{self, JoinHandle},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::interrupt::Interrupt;

/// Work that ends sooner shows no bar.
const DELAY: Duration = Duration::from_secs(1);
/// The variable with another delay, in milliseconds.
const VARIABLE: &str = "ROTORTREE_BAR_AFTER";
/// How often a bar is drawn while nothing is told.
const TICK: Duration = Duration::from_millis(100);

/// What a bar counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Bytes,
    Leaves,
    Nodes,
    /// Nothing: the work does not tell how far it is.
    Nothing,
}

/// The progress of one piece of work. Where the error output is no terminal nothing is ever shown.
#[derive(Debug)]
pub(crate) struct Progress {
    unit: Unit,
    total: Option<u64>,
    bar: Option<Bar>,
}

/// A bar, and the thread that waits until it is due. The work may tell nothing for long.
#[derive(Debug)]
struct Bar {
    bar: ProgressBar,
    /// Until it is dropped, the thread may show the bar.
    wanted: Option<Sender<()>>,
    waiting: Option<JoinHandle<()>>,
}

impl Progress {
    pub(crate) fn new(what: &'static str, unit: Unit, total: Option<u64>) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::hidden().with_message(what);
            restyle(&bar, unit, total);
            Bar::new(bar)
        });
        Self { unit, total, bar }
    }

    /// A progress that is never shown.
    pub(crate) fn none() -> Self {
        Self {
            unit: Unit::Nothing,
            total: None,
            bar: None,
        }
    }

    /// The progress of work that tells nothing of it.
    pub(crate) fn of(what: &'static str) -> Self {
        Self::new(what, Unit::Nothing, None)
    }

    /// Sets how much is done.
    pub(crate) fn set(&mut self, done: u64) {
        if let Some(Bar { bar, .. }) = &self.bar {
            bar.set_position(done);
        }
    }

    /// Sets how much is done, and how much there is.
    pub(crate) fn set_of(&mut self, unit: Unit, done: u64, total: u64) {
        if (self.unit, self.total) != (unit, Some(total)) {
            (self.unit, self.total) = (unit, Some(total));
            if let Some(Bar { bar, .. }) = &self.bar {
                restyle(bar, self.unit, self.total);
            }
        }
        self.set(done);
    }

    /// As [`set_of`](Self::set_of), for work that ends early where a signal asks for that.
    pub(crate) fn step(&mut self, unit: Unit, done: u64, total: u64) -> ControlFlow<()> {
        self.set_of(unit, done, total);
        match Interrupt::is_asked() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

/// Gives a bar the looks of what it counts.
fn restyle(bar: &ProgressBar, unit: Unit, total: Option<u64>) {
    let template = match (unit, total) {
        (Unit::Bytes, Some(_)) => "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        (Unit::Bytes, None) => "{msg} {spinner} {bytes} {bytes_per_sec}",
        (Unit::Leaves | Unit::Nodes, Some(_)) => {
            "{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}"
        }
        (Unit::Leaves | Unit::Nodes, None) => "{msg} {spinner} {human_pos} {per_sec}",
        (Unit::Nothing, _) => "{msg} {spinner} {elapsed}",
    };
    // A template that does not parse leaves the library's own.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    if let Some(total) = total {
        bar.set_length(total);
    }
}

impl Bar {
    /// Shows `bar` once it is due.
    fn new(bar: ProgressBar) -> Self {
        let delay = env::var(VARIABLE).ok().and_then(|text| text.parse().ok());
        let delay = delay.map_or(DELAY, Duration::from_millis);
        if delay.is_zero() {
            show(&bar);
            return Self {
                bar,
                wanted: None,
                waiting: None,
            };
        }
        let (wanted, until) = channel();
        let shown = bar.clone();
        // Without a thread there is no bar, and the work goes on.
        let waiting = thread::Builder::new().spawn(move || {
            if until.recv_timeout(delay) == Err(RecvTimeoutError::Timeout) {
                show(&shown);
            }
        });
        Self {
            bar,
            wanted: Some(wanted),
            waiting: waiting.ok(),
        }
    }
}

fn show(bar: &ProgressBar) {
    bar.set_draw_target(ProgressDrawTarget::stderr());
    bar.tick();
    bar.enable_steady_tick(TICK);
}

impl Drop for Bar {
    fn drop(&mut self) {
        drop(self.wanted.take());
        // It does nothing that panics.
        drop(self.waiting.take().map(JoinHandle::join));
        self.bar.finish_and_clear();
    }
}
