//! Ctrl-C.

use std::io;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::exit::Exit;

/// Calls `first` on a thread when SIGINT, SIGTERM or SIGHUP arrives. A second signal ends the process at once, so that
/// a report that no program reads cannot hold it.
///
/// # Errors
/// The system refuses the signal handlers.
pub fn on_signal(first: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    thread::spawn(move || {
        let mut arriving = signals.forever();
        if arriving.next().is_some() {
            first();
        }
        if arriving.next().is_some() {
            std::process::exit(Exit::Interrupted.code().into());
        }
    });
    Ok(())
}
