//! [`Interrupt`]: Ctrl-C and SIGTERM.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use signal_hook::{consts::TERM_SIGNALS, flag};

use crate::failure::{Code, Failure};

/// The signals that end a program. The first one asks the command to stop where nothing is lost;
/// a second one ends the process at once, which loses nothing that was durable either.
pub(crate) struct Interrupt;

/// The number of the signal that came, or 0.
static SIGNAL: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

impl Interrupt {
    /// Watches for the signals from here on.
    pub(crate) fn install() -> Result<(), Failure> {
        let failed = |error| Failure::new(Code::System, error).at("the handler of signals");
        let number = SIGNAL.get_or_init(Arc::default);
        let armed = Arc::new(std::sync::atomic::AtomicBool::new(false));
        for &signal in TERM_SIGNALS {
            // In this order: the second signal finds the flag that the first one set.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&armed))
                .map_err(failed)?;
            flag::register(signal, Arc::clone(&armed)).map_err(failed)?;
            flag::register_usize(signal, Arc::clone(number), signal as usize).map_err(failed)?;
        }
        // A write beyond the limit on the length of files fails, and is a full disk to the store.
        // Without a handler the signal ends the process instead.
        #[cfg(unix)]
        flag::register(signal_hook::consts::SIGXFSZ, Arc::default()).map_err(failed)?;
        Ok(())
    }

    /// The failure of a command that a signal asks to stop; `done` says what it has done.
    pub(crate) fn check(done: impl FnOnce() -> String) -> Result<(), Failure> {
        let code = match SIGNAL
            .get()
            .map_or(0, |signal| signal.load(Ordering::Relaxed))
        {
            0 => return Ok(()),
            signal if signal == signal_hook::consts::SIGTERM as usize => Code::Terminated,
            _ => Code::Interrupted,
        };
        Err(Failure::new(
            code,
            format!("stopped by a signal: {}", done()),
        ))
    }
}
