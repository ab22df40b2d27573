//! [`Interrupt`]: Ctrl-C and SIGTERM.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use signal_hook::{consts::TERM_SIGNALS, flag};

use crate::failure::{Code, Failure};

/// The signals that end a program, for a command that has something to finish or to tidy up. The
/// first one asks the command to stop where nothing is lost; a second one ends the process at once,
/// which loses nothing that was durable either. Without this the first one does.
pub(crate) struct Interrupt;

/// The number of the signal that came, or 0.
static SIGNAL: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

impl Interrupt {
    /// Watches for the signals from here on.
    pub(crate) fn install() -> Result<(), Failure> {
        let number = SIGNAL.get_or_init(Arc::default);
        let armed = Arc::new(AtomicBool::new(false));
        for &signal in TERM_SIGNALS {
            let shutdown = flag::register_conditional_shutdown;
            // In this order: the second signal finds the flag that the first one set.
            flag::register_usize(signal, Arc::clone(number), signal as usize)
                .and_then(|_| shutdown(signal, 128 + signal, Arc::clone(&armed)))
                .and_then(|_| flag::register(signal, Arc::clone(&armed)))
                .map_err(|error| Failure::new(Code::System, error).at("the handler of signals"))?;
        }
        Ok(())
    }

    /// Whether a signal asks the command to stop.
    pub(crate) fn is_asked() -> bool {
        Self::signal() != 0
    }

    /// The failure of a command that a signal asks to stop; `done` says what it has done.
    pub(crate) fn check(done: impl FnOnce() -> String) -> Result<(), Failure> {
        let code = match Self::signal() {
            0 => return Ok(()),
            signal if signal == signal_hook::consts::SIGTERM as usize => Code::Terminated,
            _ => Code::Interrupted,
        };
        Err(Failure::new(
            code,
            format!("stopped by a signal: {}", done()),
        ))
    }

    fn signal() -> usize {
        SIGNAL
            .get()
            .map_or(0, |signal| signal.load(Ordering::Relaxed))
    }
}
