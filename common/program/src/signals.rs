//! Ctrl-C, SIGTERM and SIGHUP, through the poll: no thread, no work in a signal handler.

use std::fs;
use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use log::{debug, info};
use mio::{Interest, Registry, Token};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::low_level::signal_name;

use crate::exit::ExitStatus;

/// The signals that ask a program to end.
const ENDING: [i32; 2] = [SIGINT, SIGTERM];

/// The signals that ask a program for something.
///
/// A signal that was ignored when the program started stays ignored. A script's background job ignores SIGINT because
/// Ctrl-C is meant for the script, and `nohup` ignores SIGHUP because the program must outlive its terminal.
///
/// The first one that asks it to end is an event like any other. The second ends the process at once, from the signal
/// handler, so that it also helps when the program hangs.
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
    /// Takes SIGINT and SIGTERM over and registers them with a poll. SIGHUP keeps its default: it ends the program.
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
        let ignored = Ignored::now(); // before the first handler is installed
        let ending = Arc::new(AtomicBool::new(false));
        for signal in ENDING.into_iter().filter(|&signal| !ignored.has(signal)) {
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
        let (unheard, heard): (Vec<i32>, Vec<i32>) =
            signals.iter().copied().partition(|&signal| ignored.has(signal));
        for signal in unheard {
            report_ignored(signal);
        }
        let mut pending = signal_hook_mio::v1_0::Signals::new(heard)?;
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

/// A user who expects a reload has to learn why SIGHUP does nothing. The other signals are silent by default: every
/// background job of a script ignores SIGINT.
fn report_ignored(signal: i32) {
    let name = signal_name(signal).unwrap_or("a signal");
    if signal == SIGHUP {
        info!("{name} was ignored when the program started and stays ignored, so it reloads nothing");
    } else {
        debug!("{name} was ignored when the program started and stays ignored");
    }
}

/// The signals that the process ignores, as the kernel shows them in `/proc/self/status`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Ignored(u64);

impl Ignored {
    /// The signals that are ignored now. Where there is no `/proc`, none is known to be ignored.
    fn now() -> Self {
        // Not an error: without `/proc` nothing is known, and every signal is taken over.
        fs::read_to_string("/proc/self/status").map(|status| Self::parse(&status)).unwrap_or_default()
    }

    /// Reads the line `SigIgn: 0000000000001002`: bit 0 stands for signal 1 (proc_pid_status(5)).
    fn parse(status: &str) -> Self {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        Self(mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default())
    }

    fn has(self, signal: i32) -> bool {
        let bit = u32::try_from(signal - 1).ok().and_then(|shift| 1_u64.checked_shl(shift));
        bit.is_some_and(|bit| self.0 & bit != 0)
    }
}

/// Whether any of the standard streams is a terminal, and is still there: one that has hung up is none any more.
fn has_terminal() -> bool {
    io::stdin().is_terminal() || io::stdout().is_terminal() || io::stderr().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_from_the_status_of_the_process() {
        let ignored =
            Ignored::parse("Name:\tx\nSigBlk:\tffff\nSigIgn:\t0000000000001003\nSigCgt:\t0000000000004000\n");
        let expected =
            [(SIGHUP, true), (SIGINT, true), (SIGTERM, false), (13, true), (64, false), (65, false)];
        for (signal, is_ignored) in expected {
            assert_eq!(ignored.has(signal), is_ignored, "{signal}");
        }
    }

    #[test]
    fn a_status_that_cannot_be_read_ignores_nothing() {
        for status in ["", "SigIgn:", "SigIgn:\tx", "SigIgn:\t00000000000000001f0000000000000000"] {
            assert_eq!(Ignored::parse(status), Ignored::default(), "{status}");
        }
    }
}
