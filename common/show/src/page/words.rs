//! What the page calls the steps of the machine. The call stands by its name, and what came of it beside it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use program::ending::{Endings, what_was_missing};
use program::exit::ExitStatus;
use rustls::IoState;
use tls_session::alert_name::ErrorWords;
use tls_session::deadline::Timeout;
use tls_session::observer::{LoopEvent, Step};
use tls_session::phase::Phase;
use tls_session::readiness::Interest;

use super::numbers::{bytes, duration};
use crate::phrases;
use crate::preview::Preview;

/// One thing that the machine did.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) tone: Tone,
    /// The name of the call, or of what happened.
    pub(super) verb: &'static str,
    /// What came of it.
    pub(super) note: String,
}

/// How a call is set off from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// From the peer.
    In,
    /// To the peer.
    Out,
    /// A call on the TLS state machine.
    Tls,
    /// Where the session stands.
    Phase,
    /// What matters now and then.
    Quiet,
    /// It goes no further for now.
    Stalled,
    /// Something failed.
    Trouble,
}

fn call(tone: Tone, verb: &'static str, note: impl Into<String>) -> Call {
    Call { tone, verb, note: note.into() }
}

/// `None` for the slices of a write, which are counted on it.
pub(super) fn of_step(step: &Step<'_>, now: Instant, endings: &Endings) -> Option<Call> {
    Some(match step {
        Step::Sent(_) => return None,
        Step::Began { local } => call(Tone::Phase, "session begins", format!("at our {local}")),
        Step::Ready(readiness) => call(Tone::Quiet, "socket ready", phrases::readiness(*readiness)),
        Step::Received([]) => call(Tone::In, "recv", "0 B: end-of-file"),
        Step::Received(helping) => call(Tone::In, "recv", bytes(helping.len())),
        Step::ReadBlocked => call(Tone::Quiet, "recv", "would block: the kernel has no more"),
        Step::ReadTls([]) => call(Tone::Tls, "read_tls", "0 B: the end of file"),
        Step::ReadTls(taken) => call(Tone::In, "read_tls", bytes(taken.len())),
        Step::Processed(result) => processed(result),
        Step::Established(_) => call(Tone::Phase, "handshake done", "the peer is judged"),
        Step::PlaintextIn(data) => call(Tone::In, "reader().read", said(data)),
        Step::PlaintextOut(data) => call(Tone::Out, "writer().write", said(data)),
        Step::WroteTls(length) => call(Tone::Out, "write_tls", bytes(*length)),
        Step::WriteBlocked => call(Tone::Stalled, "write_tls", "would block: the kernel takes no more"),
        Step::PhaseChanged { from, to } => phase(from, to, endings),
        Step::DeadlineSet(timeout, at) => {
            call(Tone::Quiet, "deadline", format!("{} {}", timeout.name(), moved(*at, now)))
        }
        Step::DeadlineFired(timeout) => fired(*timeout),
        Step::TimerSet(at) => call(Tone::Quiet, "application's timer", moved(*at, now)),
        Step::TimerFired => call(Tone::Tls, "application's timer", "fires"),
        Step::InterestChanged(wanted) => call(Tone::Quiet, "poll for", interest(*wanted)),
        Step::Yielded => {
            call(Tone::Stalled, "yield", "one helping was taken, there may be more: others first")
        }
        Step::SentFin(Ok(())) => call(Tone::Out, "shutdown", "FIN: nothing follows from this end"),
        Step::SentFin(Err(error)) => call(Tone::Stalled, "shutdown", error.to_string()),
        Step::Closed { reason, until, .. } => {
            call(Tone::Phase, "session over", endings.describe_end(reason, *until).to_string())
        }
    })
}

/// `None` for what is shown elsewhere, or concerns no session.
pub(super) fn of_event(event: &LoopEvent<'_>) -> Option<Call> {
    Some(match event {
        LoopEvent::Ready(source) => call(Tone::Quiet, "ready", phrases::event_source(*source)),
        LoopEvent::InterestChanged(source, wanted) => call(
            Tone::Quiet,
            "poll for",
            format!("{}: {}", phrases::event_source(*source), interest(*wanted)),
        ),
        LoopEvent::Accepted(peer) => call(Tone::Tls, "accept", peer.to_string()),
        LoopEvent::Promoted { slot, waiting, .. } => {
            call(Tone::Tls, "gets its turn", format!("slot {slot}; {waiting} more waiting"))
        }
        LoopEvent::StdinRead(0) => call(Tone::Tls, "stdin", "its end"),
        LoopEvent::StdinRead(length) => call(Tone::Tls, "stdin", bytes(*length)),
        LoopEvent::Connecting(address) => call(Tone::Tls, "connect", address.to_string()),
        LoopEvent::ConnectFailed(address, error) => {
            call(Tone::Stalled, "connect", format!("{address} failed: {error}"))
        }
        LoopEvent::Connected(address) => call(Tone::Tls, "connected", address.to_string()),
        LoopEvent::Stopping { why, .. } => call(Tone::Stalled, "stopping", *why),
        _ => return None,
    })
}

/// The one peer that an event is about.
pub(super) fn whose(event: &LoopEvent<'_>) -> Option<SocketAddr> {
    match event {
        LoopEvent::Accepted(peer) => Some(*peer),
        LoopEvent::Promoted { id, .. } => Some(id.peer),
        _ => None,
    }
}

/// Why the loop woke.
pub(super) fn woke(events: usize, slept: bool) -> String {
    match (events, slept) {
        (0, true) => "woke: a deadline is due".to_owned(),
        (0, false) => "did not sleep: something can be done".to_owned(),
        (1, true) => "woke: 1 event".to_owned(),
        (_, true) => format!("woke: {events} events"),
        (1, false) => "did not sleep; 1 event".to_owned(),
        (_, false) => format!("did not sleep; {events} events"),
    }
}

fn processed(result: &Result<IoState, rustls::Error>) -> Call {
    const VERB: &str = "process_new_packets";
    match result {
        Err(error) => call(Tone::Trouble, VERB, ErrorWords(error).to_string()),
        Ok(state) => {
            let closed = if state.peer_has_closed() { "; the peer has closed" } else { "" };
            let (owed, plain) = (bytes(state.tls_bytes_to_write()), bytes(state.plaintext_bytes_to_read()));
            call(Tone::Tls, VERB, format!("to write {owed}, plaintext {plain}{closed}"))
        }
    }
}

/// How much application data, and how it begins.
fn said(data: &[u8]) -> String {
    let preview = Preview::within(24, data);
    format!("{} \u{201c}{preview}{}\u{201d}", bytes(data.len()), preview.more())
}

fn phase(from: &Phase, to: &Phase, endings: &Endings) -> Call {
    let names = format!("{} → {}", from.name(), to.name());
    match to {
        Phase::Failing { reason } | Phase::WriteFailed { reason, .. } => {
            call(Tone::Trouble, "phase", format!("{names}: {}", endings.describe(reason)))
        }
        Phase::Closed(reason) if ExitStatus::from(reason) != ExitStatus::Clean => {
            call(Tone::Trouble, "phase", format!("{names}: {}", endings.describe(reason)))
        }
        _ => call(Tone::Phase, "phase", names),
    }
}

fn fired(timeout: Timeout) -> Call {
    let missing = what_was_missing(timeout);
    call(Tone::Trouble, "deadline", format!("{} is over: {missing}", timeout.name()))
}

fn moved(at: Option<Instant>, now: Instant) -> String {
    match at {
        Some(at) => format!("in {}", duration(at.saturating_duration_since(now))),
        None => "stopped".to_owned(),
    }
}

fn interest(wanted: Interest) -> String {
    match (wanted.readable, wanted.writable) {
        (true, true) => "readable, writable".to_owned(),
        (false, true) => "writable".to_owned(),
        (true, false) => "readable".to_owned(),
        (false, false) => "nothing: deregistered".to_owned(),
    }
}

/// How long a poll may have slept says whether it did.
pub(super) fn slept(timeout: Option<Duration>) -> bool {
    timeout != Some(Duration::ZERO)
}
