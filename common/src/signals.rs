//! Ctrl-C, SIGTERM and SIGHUP, through the poll: no thread, no work in a signal handler.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use mio::{Interest, Registry, Token};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::exit::ExitStatus;

/// The signals that ask a program to end.
const ENDING: [i32; 2] = [SIGINT, SIGTERM];

/// The signals that ask a program for something.
///
/// The first one that asks it to end is an event like any other. The second ends the process at once, from the signal
/// handler, so that it also helps when the program hangs in a write to a terminal that does not read.
pub struct Signals(signal_hook_mio::v1_0::Signals);

/// What the signals that have come ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// To end: SIGINT or SIGTERM.
    pub end: bool,
    /// To load again what can be loaded again: SIGHUP.
    pub reload: bool,
}

impl Signals {
    /// Takes SIGINT and SIGTERM over and registers them with a poll. SIGHUP goes on ending the program.
    ///
    /// # Errors
    /// Those of `sigaction(2)` and `socketpair(2)`: out of file descriptors, for example.
    pub fn install(registry: &Registry, token: Token) -> io::Result<Self> {
        Self::take_over(&ENDING, registry, token)
    }

    /// Takes SIGHUP over, too.
    ///
    /// # Errors
    /// As for [`install`](Self::install).
    pub fn install_with_reload(registry: &Registry, token: Token) -> io::Result<Self> {
        Self::take_over(&[SIGINT, SIGTERM, SIGHUP], registry, token)
    }

    fn take_over(signals: &[i32], registry: &Registry, token: Token) -> io::Result<Self> {
        let ending = Arc::new(AtomicBool::new(false));
        for signal in ENDING {
            // In this order: the first signal finds the flag down and raises it, the second finds it raised.
            flag::register_conditional_shutdown(
                signal,
                ExitStatus::Interrupted.code().into(),
                Arc::clone(&ending),
            )?;
            flag::register(signal, Arc::clone(&ending))?;
        }
        let mut signals = signal_hook_mio::v1_0::Signals::new(signals)?;
        registry.register(&mut signals, token, Interest::READABLE)?;
        Ok(Self(signals))
    }

    /// What those ask for that have come since the last call.
    pub fn asked(&mut self) -> Asked {
        let mut asked = Asked::default();
        for signal in self.0.pending() {
            match signal {
                SIGHUP => asked.reload = true,
                _ => asked.end = true,
            }
        }
        asked
    }
}
