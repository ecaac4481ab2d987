//! Turns Ctrl-C, SIGTERM and SIGHUP into events of the poll, without a thread, and without work in a signal handler.

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

/// The signals that ask a program to end or to reload.
///
/// A signal that was ignored when the program started stays ignored. A script's background job ignores SIGINT, because
/// Ctrl-C is for the script. `nohup` ignores SIGHUP, because the program must outlive its terminal.
///
/// The first signal that asks the program to end is an event. The second one ends the process at once, from the signal
/// handler. So it works even if the program hangs.
pub struct Signals {
    pending: signal_hook_mio::v1_0::Signals,
    /// Whether there was a terminal when the program started.
    terminal: bool,
}

/// The requests of the received signals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// The program should end: SIGINT or SIGTERM, or SIGHUP if the terminal is gone.
    pub end: bool,
    /// The program should reload its files: SIGHUP, if the terminal is not gone.
    pub reload: bool,
}

/// The effect of SIGHUP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hangup {
    /// The default action: it ends the program.
    Ends,
    /// The program loads its files again.
    Reloads,
}

impl Signals {
    /// Handles SIGINT and SIGTERM, and SIGHUP if it `Reloads`. Registers them with a poll.
    ///
    /// # Errors
    /// The errors of `sigaction(2)` and `socketpair(2)`, for example if no file descriptors are left.
    pub fn install(registry: &Registry, token: Token, hangup: Hangup) -> io::Result<Self> {
        let ignored = Ignored::now(); // before the first handler is installed
        let ending = Arc::new(AtomicBool::new(false));
        for signal in ENDING.into_iter().filter(|&signal| !ignored.has(signal)) {
            // The order is important. The first signal finds the flag false and sets it. The second one finds it true.
            flag::register_conditional_shutdown(
                signal,
                ExitStatus::Interrupted.code().into(),
                Arc::clone(&ending),
            )?;
            flag::register(signal, Arc::clone(&ending))?;
        }
        // Ignore SIGXFSZ, so that writing past the file size limit returns EFBIG and does not end the process.
        flag::register(SIGXFSZ, Arc::default())?;
        let signals = ENDING.into_iter().chain((hangup == Hangup::Reloads).then_some(SIGHUP));
        let (not_handled, handled): (Vec<i32>, Vec<i32>) = signals.partition(|&signal| ignored.has(signal));
        for signal in not_handled {
            report_ignored(signal);
        }
        let mut pending = signal_hook_mio::v1_0::Signals::new(handled)?;
        registry.register(&mut pending, token, Interest::READABLE)?;
        Ok(Self { pending, terminal: has_terminal() })
    }

    /// Returns the requests of the signals since the last call.
    pub fn take_requests(&mut self) -> Requests {
        let mut requests = Requests::default();
        for signal in self.pending.pending() {
            match signal {
                // The kernel sends it if the user closes the window of the program.
                SIGHUP if self.terminal && !has_terminal() => requests.end = true,
                SIGHUP => requests.reload = true,
                _ => requests.end = true,
            }
        }
        requests
    }
}

/// Reports an ignored signal. A user who expects a reload must learn why SIGHUP does nothing. The other signals are
/// only reported for debugging, because every background job of a script ignores SIGINT.
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
    /// Returns the signals that are ignored now.
    fn now() -> Self {
        // Without `/proc` no signal counts as ignored. That is not an error.
        fs::read_to_string("/proc/self/status").map(|status| Self::parse(&status)).unwrap_or_default()
    }

    /// Parses the line `SigIgn: 0000000000001002`. Bit 0 stands for signal 1 (proc_pid_status(5)).
    fn parse(status: &str) -> Self {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        Self(mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default())
    }

    fn has(self, signal: i32) -> bool {
        let bit = u32::try_from(signal - 1).ok().and_then(|shift| 1_u64.checked_shl(shift));
        bit.is_some_and(|bit| self.0 & bit != 0)
    }
}

/// Returns whether one of the standard streams is a terminal. After a hang-up, a stream is no longer a terminal.
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
