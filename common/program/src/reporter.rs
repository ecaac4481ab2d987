//! The observer of every program. It writes log lines about sessions and about the loop.

use std::time::{Duration, Instant};

use log::{Level, debug, info, log, warn};
use rustls::Side;

use crate::amount::{self, grouped};
use crate::ending::Endings;
use crate::observer::{LoopEvent, Observer, SkipReason};
use crate::rate_limit::RateLimit;
use crate::short_time::Short;
use crate::stderr;
use crate::time_limit::timeout_flag;
use tls_session::bytes::{Bytes, Count};
use tls_session::close_reason::CloseReason;
use tls_session::escaped::Escaped;
use tls_session::observer::{SessionId, SocketEvent, Step};

/// Logs the events that a person wants to know. Clients can repeat some events, so their lines have a limit.
pub struct Reporter {
    endings: Endings,
    /// Whether a trace on the same stderr shows each step.
    beside_trace: bool,
    rate_limit: RateLimit,
}

impl Reporter {
    /// Returns a reporter that uses these words.
    pub fn new(endings: Endings) -> Self {
        Self { endings, beside_trace: false, rate_limit: RateLimit::default() }
    }

    /// Logs no mere steps if a trace on the same stderr shows each step. Warnings and errors stay. The address that a
    /// server listens on stays too, because scripts wait for it.
    pub fn beside_trace(self, beside_trace: bool) -> Self {
        Self { beside_trace, ..self }
    }

    fn repeats_step(&self, step: &Step<'_>) -> bool {
        let is_more = match step {
            Step::Established(handshake) => handshake.authorization.is_warning,
            Step::Closed { reason, .. } => self.level_of(reason) <= Level::Warn,
            _ => false,
        };
        self.beside_trace && !is_more
    }

    fn repeats_event(&self, event: &LoopEvent<'_>) -> bool {
        let is_more = matches!(
            event,
            LoopEvent::Listening(_)
                | LoopEvent::AcceptFailed(_)
                | LoopEvent::SessionFailed { .. }
                | LoopEvent::ReloadPostponed { .. }
                | LoopEvent::Reloaded { error: Some(_) }
        );
        self.beside_trace && !is_more
    }

    /// Returns the level of the line about the end of a session. A server continues, so only this line can warn. A
    /// client ends, and its last line gives the reason.
    fn level_of(&self, reason: &CloseReason) -> Level {
        match (reason, self.endings.peer()) {
            (CloseReason::Clean { .. }, _) => Level::Info,
            (CloseReason::Unconfirmed, _) | (_, Side::Client) => Level::Warn,
            (_, Side::Server) => Level::Debug,
        }
    }
}

/// Returns how much application data a session carried, in words if it carried none. The reason may quote other bytes
/// of the peer, and "0 bytes received" would contradict them. Large sessions have a rate: that of the direction with more bytes.
fn traffic(received: u64, sent: u64, duration: Duration) -> String {
    let time = Short(duration);
    if (received, sent) == (0, 0) {
        return format!("no application data, in {time}");
    }
    let rate = amount::rate(received, sent, duration).map(|rate| format!(" ({rate})")).unwrap_or_default();
    format!("{} received, {} sent, in {time}{rate}", amount::bytes(received), grouped(sent))
}

/// Returns the summary of many sessions that ended for this reason, with `#` for their number.
fn repeated(reason: &CloseReason) -> &'static str {
    match reason {
        CloseReason::Clean { .. } => "# sessions closed cleanly",
        CloseReason::Unconfirmed => "# clients did not confirm the end",
        CloseReason::Truncated { .. } => "# clients left without close_notify",
        CloseReason::Abandoned | CloseReason::AbandonedByApplication | CloseReason::Aborted => {
            "# sessions were abandoned"
        }
        CloseReason::PeerAlert(..) => "# clients sent an alert",
        CloseReason::NotTls(_) => "# clients did not speak TLS",
        CloseReason::Unauthorized(_) => "# clients were not authorized",
        CloseReason::Tls(_) => "# clients broke the rules of TLS",
        CloseReason::KeysUsedUp { .. } => "# sessions used up their keys",
        CloseReason::Transport { .. } => "# clients lost their connection",
        CloseReason::TimedOut(_) => "# clients timed out",
    }
}

/// Returns the summary of many such events outside sessions. `None` for events without a limit.
fn repeated_event(event: &LoopEvent<'_>) -> Option<&'static str> {
    match event {
        LoopEvent::Waiting { .. } => Some("# clients are in the accept queue"),
        LoopEvent::Skipped { .. } => Some("# clients sent nothing"),
        LoopEvent::QueueFull => Some("the accept queue became full # times"),
        LoopEvent::SessionFailed { .. } => Some("# sessions could not be served"),
        _ => None,
    }
}

impl tls_session::observer::Observer for Reporter {
    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>) {
        if self.repeats_step(step) {
            return;
        }
        match step {
            Step::Established(handshake) => {
                let level = if handshake.authorization.is_warning { Level::Warn } else { Level::Info };
                log!(level, "{id} connected: {handshake}; the handshake took {}", Short(handshake.took));
            }
            Step::DeadlineFired(timeout) => debug!("{id}: {} passed", timeout_flag(*timeout)),
            Step::Closed { reason, until, received, sent, duration } => {
                let level = self.level_of(reason);
                if level == Level::Warn && !self.rate_limit.allows(now, level, repeated(reason)) {
                    return;
                }
                let outcome = self.endings.describe_end(reason, *until);
                log!(level, "{id} {outcome}; {}", traffic(*received, *sent, *duration));
            }
            _ => {}
        }
    }

    fn socket(&mut self, now: Instant, event: &SocketEvent<'_>) {
        self.event_loop(now, &event.into());
    }
}

impl Observer for Reporter {
    fn event_loop(&mut self, now: Instant, event: &LoopEvent<'_>) {
        if self.repeats_event(event) {
            return;
        }
        if repeated_event(event).is_some_and(|what| !self.rate_limit.allows(now, Level::Info, what)) {
            return;
        }
        match event {
            LoopEvent::Listening(address) => info!("listening on {address}"),
            LoopEvent::Waiting { peer, position } => {
                info!("{peer} is number {position} in the accept queue")
            }
            LoopEvent::QueueFull => {
                info!(
                    "the accept queue is full: further clients wait in the kernel's backlog (see --waiting)"
                );
            }
            LoopEvent::QueueHasRoom => debug!("the accept queue has room again"),
            LoopEvent::AcceptFailed(error) => {
                warn!("accepting a connection failed, trying again soon: {error} (see ulimit -n)");
            }
            LoopEvent::Skipped { peer, reason: SkipReason::Fin, .. } => {
                info!("{peer} left without sending anything")
            }
            LoopEvent::Skipped { peer, reason: SkipReason::Error(error), .. } => {
                info!("{peer} left without sending anything: {error}")
            }
            LoopEvent::Skipped { peer, reason: SkipReason::Silent(silence), .. } => {
                info!("{peer} sent nothing for {silence:.0?} and was disconnected (--handshake-timeout)")
            }
            LoopEvent::SlotHeld { peer, .. } => debug!("{peer} has a slot and has sent nothing yet"),
            LoopEvent::SlotGivenUp { peer, .. } => {
                debug!("{peer} has sent nothing: its slot goes to a client that has sent data")
            }
            LoopEvent::Promoted { id, waiting, .. } => debug!("{id} is served, {waiting} queued"),
            LoopEvent::SessionFailed { id, error } => warn!("{id} could not be served: {error}"),
            LoopEvent::Connecting(address) => debug!("connecting to {address}"),
            LoopEvent::ConnectFailed(address, error) => debug!("connecting to {address} failed: {error}"),
            LoopEvent::Connected(address) => debug!("TCP connection to {address}"),
            LoopEvent::PreambleIn(_, bytes) => debug!("before TLS the server sent: {}", Escaped::new(bytes)),
            LoopEvent::PreambleOut(_, bytes) => debug!("before TLS we sent: {}", Escaped::new(bytes)),
            LoopEvent::PreambleFailed { .. } => {} // the last line of the program says it
            LoopEvent::Drained { drained: 0, .. } => {}
            LoopEvent::Drained { peer, drained } => {
                debug!("{peer}: {} came after the end of the session and were discarded", Bytes(*drained))
            }
            LoopEvent::Reloaded { error: None } => {
                info!("SIGHUP: new sessions use the new contents of the files")
            }
            LoopEvent::ReloadPostponed { error } => {
                warn!(
                    "SIGHUP: reload postponed, no file descriptors left: {error}; retrying every second (see ulimit -n)"
                );
            }
            LoopEvent::Reloaded { error: Some(error) } => {
                warn!(
                    "SIGHUP: reload failed, the old certificate stays in use: fix this, then send SIGHUP again: {error}"
                );
            }
            LoopEvent::Stopping { why, waiting: 0 } => info!("stopping: {why}"),
            LoopEvent::Stopping { why, waiting } => {
                info!("stopping: {why}; disconnecting {}", Count(*waiting, "queued client"))
            }
            LoopEvent::Woke { .. }
            | LoopEvent::Ready(_)
            | LoopEvent::InterestChanged(..)
            | LoopEvent::Accepted(_)
            | LoopEvent::Freed { .. }
            | LoopEvent::StdinRead(_) => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        [self.rate_limit.deadline(), stderr::deadline()].into_iter().flatten().min()
    }

    fn timer(&mut self, now: Instant) {
        self.rate_limit.timer(now);
        stderr::catch_up();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_traffic_of_a_session_is_application_data() {
        let second = Duration::from_secs(1);
        assert_eq!(traffic(0, 0, second), "no application data, in 1.00 s");
        assert_eq!(traffic(0, 9, second), "0 bytes received, 9 sent, in 1.00 s");
        assert_eq!(traffic(1, 1, second), "1 byte received, 1 sent, in 1.00 s");
        assert_eq!(
            traffic(1_048_576, 3 << 20, 2 * second),
            "1,048,576 bytes received, 3,145,728 sent, in 2.00 s (1.5 MiB/s)"
        );
    }
}
