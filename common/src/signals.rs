//! Ctrl-C and SIGTERM, through the poll: no thread, no work in a signal handler.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use mio::{Interest, Registry, Token};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::exit::ExitStatus;

/// The signals that ask a program to end.
///
/// The first one is an event like any other. The second ends the process at once, from the signal handler, so that
/// it also helps when the program hangs in a write to a terminal that does not read.
pub struct Signals(signal_hook_mio::v1_0::Signals);

impl Signals {
    /// Takes SIGINT and SIGTERM over and registers them with a poll.
    ///
    /// # Errors
    /// Those of `sigaction(2)` and `socketpair(2)`: out of file descriptors, for example.
    pub fn install(registry: &Registry, token: Token) -> io::Result<Self> {
        let ending = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds the flag down and raises it, the second finds it raised.
            flag::register_conditional_shutdown(
                signal,
                ExitStatus::Interrupted.code().into(),
                Arc::clone(&ending),
            )?;
            flag::register(signal, Arc::clone(&ending))?;
        }
        let mut signals = signal_hook_mio::v1_0::Signals::new([SIGINT, SIGTERM])?;
        registry.register(&mut signals, token, Interest::READABLE)?;
        Ok(Self(signals))
    }

    /// Whether one has come since the last call.
    pub fn any_pending(&mut self) -> bool {
        self.0.pending().count() > 0
    }
}
