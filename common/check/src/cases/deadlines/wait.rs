//! Waits for the end of a connection, and says how long that took.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::trial::Trial;
use crate::verdict::{Verdict, noted};
use crate::wire::{Connection, End};

/// The pause between two bytes that ask whether the server's socket is still there.
const ASK: Duration = Duration::from_millis(200);

/// The verdict on a connection that ended like this, or is still open.
pub fn noted_end(trial: &Trial<'_>, start: Instant, end: &End) -> Verdict {
    if end.is_open() { longer(trial) } else { noted(noted_after(start, end)) }
}

/// "10.0 s, then close_notify".
pub fn noted_after(start: Instant, end: &End) -> String {
    format!("{:.1} s, then {end}", start.elapsed().as_secs_f64())
}

/// "longer than 20 s".
pub fn longer(trial: &Trial<'_>) -> Verdict {
    noted(format!("longer than {} s", trial.target.patience.as_secs_f64()))
}

/// Describes the fate of the server's socket after the session, while the client keeps its side open. A byte behind the end
/// must be ignored (RFC 8446, 6.1), but the system answers it with a reset if the socket is closed.
///
/// # Errors
/// The socket fails otherwise than by a reset.
pub fn fate_of_the_socket(
    connection: &mut Connection,
    start: Instant,
    patience: Duration,
) -> io::Result<String> {
    let seconds = || start.elapsed().as_secs_f64();
    connection.set_limit(patience.saturating_sub(start.elapsed()).max(ASK));
    let (_, end) = connection.read_to_end();
    match end {
        End::Open => return Ok(format!("no FIN within {} s", patience.as_secs_f64())),
        End::Reset => return Ok(format!("a reset after {:.1} s", seconds())),
        _ => {}
    }
    let fin = format!("a FIN after {:.1} s", seconds());
    connection.note("asks with bytes whether the server's socket is still there");
    while start.elapsed() < patience {
        if connection.send(&[0]).is_err() || connection.socket().take_error()?.is_some() {
            return Ok(format!("{fin}; the socket is gone after {:.1} s", seconds()));
        }
        thread::sleep(ASK);
    }
    Ok(format!("{fin}; the socket is still there after {} s", patience.as_secs_f64()))
}
