//! Ctrl-C, SIGTERM and SIGHUP, through the poll: no thread, no work in a signal handler.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use mio::{Interest, Registry, Token};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;

use crate::exit::ExitStatus;

/// The signals that ask a program to end.
const ENDING: [i32; 2] = [SIGINT, SIGTERM];

/// The signals that ask a program for something.
///
/// The first one that asks it to end is an event like any other. The second ends the process at once, from the signal
/// handler, so that it also helps when the program hangs in a write to a terminal that does not read.
pub struct Signals {
    pending: signal_hook_mio::v1_0::Signals,
    /// Whether there was a terminal when we began.
    terminal: bool,
}

/// What the signals that have come ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// To end: SIGINT or SIGTERM.
    pub end: bool,
    /// To load again what can be loaded again: SIGHUP, unless it says that the terminal is gone.
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
        // Unheeded, so that a file that may grow no more is an error of the write and not the end of the process.
        flag::register(SIGXFSZ, Arc::default())?;
        let mut pending = signal_hook_mio::v1_0::Signals::new(signals)?;
        registry.register(&mut pending, token, Interest::READABLE)?;
        Ok(Self { pending, terminal: has_terminal() })
    }

    /// What those ask for that have come since the last call.
    pub fn asked(&mut self) -> Asked {
        let mut asked = Asked::default();
        for signal in self.pending.pending() {
            match signal {
                // What the kernel sends when somebody closes the window that the program runs in.
                SIGHUP if self.terminal && !has_terminal() => asked.end = true,
                SIGHUP => asked.reload = true,
                _ => asked.end = true,
            }
        }
        asked
    }
}

/// Whether any of the standard streams is a terminal, and is still there: one that has hung up is none any more.
fn has_terminal() -> bool {
    io::stdin().is_terminal() || io::stdout().is_terminal() || io::stderr().is_terminal()
}
