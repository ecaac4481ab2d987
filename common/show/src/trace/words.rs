//! What each step and each event is called for people.

use std::time::{Duration, Instant};

use program::ending::{Endings, what_was_missing};
use program::time_limit::TimeoutFlag;
use rustls::IoState;
use tls_session::alert_name::ErrorWords;
use tls_session::deadline::Timeout;
use tls_session::observer::{Left, LoopEvent, Step};
use tls_session::phase::{Cause, PeerEnd, Phase};
use tls_session::readiness::Interest;

use super::palette::Kind;
use crate::phrases;
use crate::preview::Preview;

/// A line without what stands before it.
pub(super) struct Words {
    pub(super) kind: Kind,
    /// What was done.
    pub(super) verb: &'static str,
    /// What came of it.
    pub(super) details: String,
}

fn words(kind: Kind, verb: &'static str, details: impl Into<String>) -> Words {
    Words { kind, verb, details: details.into() }
}

pub(super) fn of_step(step: &Step<'_>, now: Instant, endings: &Endings) -> Words {
    match step {
        Step::Began { local } => words(Kind::Phase, "began", format!("at our {local}")),
        Step::Ready(readiness) => words(Kind::Quiet, "ready", phrases::readiness(*readiness)),
        Step::Received([]) => words(Kind::In, "recv", "0 B, end-of-file"),
        Step::Received(bytes) => words(Kind::In, "recv", format!("{} B", bytes.len())),
        Step::ReadBlocked => words(Kind::Quiet, "read blocked", "the kernel has no more"),
        Step::ReadTls([]) => words(Kind::Tls, "read_tls", "0 B, end-of-file"),
        Step::ReadTls(bytes) => words(Kind::Tls, "read_tls", format!("{} B", bytes.len())),
        Step::Processed(Ok(state)) => words(Kind::Tls, "process_new_packets", processed(state)),
        Step::Processed(Err(error)) => {
            words(Kind::Trouble, "process_new_packets", format!("→ error: {}", ErrorWords(error)))
        }
        Step::Established(handshake) => words(Kind::Phase, "established", handshake.to_string()),
        Step::PlaintextIn(bytes) => words(Kind::In, "plaintext in", plaintext(bytes)),
        Step::PlaintextOut(bytes) => words(Kind::Out, "plaintext out", plaintext(bytes)),
        Step::Sent(bytes) => words(Kind::Out, "send", format!("{} B", bytes.len())),
        Step::WroteTls(bytes) => words(Kind::Out, "write_tls", format!("{bytes} B")),
        Step::WriteBlocked => words(Kind::Stalled, "write blocked", "the kernel takes no more"),
        Step::PhaseChanged { from, to } => phase(from, to, endings),
        Step::DeadlineSet(timeout, at) => deadline(*timeout, *at, now),
        Step::DeadlineFired(timeout) => words(
            Kind::Trouble,
            "deadline",
            format!("{} fired: {}", timeout.name(), what_was_missing(*timeout)),
        ),
        Step::TimerSet(at) => words(Kind::Quiet, "timer", set_to(*at, now)),
        Step::TimerFired => words(Kind::Tls, "timer fired", "the application's own deadline"),
        Step::InterestChanged(wanted) => words(Kind::Quiet, "interest", interest(*wanted)),
        Step::Yielded => {
            words(Kind::Stalled, "yield", "one helping was taken, there may be more: others first")
        }
        Step::SentFin(Ok(())) => words(Kind::Out, "FIN sent", ""),
        Step::SentFin(Err(error)) => words(Kind::Stalled, "FIN not sent", error.to_string()),
        Step::Closed { reason, until, received, sent, .. } => {
            let outcome = endings.describe_end(reason, *until);
            words(Kind::Phase, "closed", format!("{outcome}; {received} B received, {sent} B sent"))
        }
    }
}

pub(super) fn of_event(event: &LoopEvent<'_>) -> Words {
    match event {
        LoopEvent::Listening(address) => words(Kind::Tls, "listening", address.to_string()),
        LoopEvent::Woke { events, timeout } => words(Kind::Woke, "woke", woke(*events, *timeout)),
        LoopEvent::Ready(source) => words(Kind::Quiet, "ready", phrases::event_source(*source)),
        LoopEvent::InterestChanged(source, wanted) => words(
            Kind::Quiet,
            "interest",
            format!("{}: {}", phrases::event_source(*source), interest(*wanted)),
        ),
        LoopEvent::Accepted(peer) => words(Kind::Tls, "accepted", peer.to_string()),
        LoopEvent::Waiting { peer, place } => {
            words(Kind::Tls, "waiting", format!("{peer} is number {place} in the accept queue"))
        }
        LoopEvent::RoomFull => words(Kind::Stalled, "room full", "new clients wait in the kernel's backlog"),
        LoopEvent::RoomAgain => words(Kind::Tls, "room again", "clients are accepted from the backlog again"),
        LoopEvent::AcceptFailed(error) => words(Kind::Trouble, "accept failed", error.to_string()),
        LoopEvent::Skipped { peer, left: Left::Fin, .. } => {
            words(Kind::Tls, "skipped", format!("{peer} left without sending anything"))
        }
        LoopEvent::Skipped { peer, left: Left::Error(error), .. } => {
            words(Kind::Tls, "skipped", format!("{peer} left without sending anything: {error}"))
        }
        LoopEvent::Skipped { peer, left: Left::Silent(silence), .. } => {
            words(Kind::Tls, "skipped", format!("{peer} sent nothing for {silence:.0?}, and is disconnected"))
        }
        LoopEvent::SlotHeld { peer, slot, waiting } => words(
            Kind::Tls,
            "slot held",
            format!("{peer} holds slot {slot} and has sent nothing yet; {waiting} queued"),
        ),
        LoopEvent::SlotGivenUp { peer, slot, waiting } => words(
            Kind::Tls,
            "slot given up",
            format!("{peer} releases slot {slot} to a client that has sent data; {waiting} queued"),
        ),
        LoopEvent::Promoted { id, slot, waiting } => {
            words(Kind::Tls, "promoted", format!("{id} gets slot {slot}; {waiting} queued"))
        }
        LoopEvent::SessionFailed { id, error } => {
            words(Kind::Trouble, "session failed", format!("{id}: {error}"))
        }
        LoopEvent::Freed { id, slot, drains } => {
            let socket = if *drains { "is drained" } else { "is closed" };
            words(Kind::Tls, "freed", format!("slot {slot}, session {}; its socket {socket}", id.number))
        }
        LoopEvent::StdinRead(0) => words(Kind::Tls, "stdin read", "0 B, its end"),
        LoopEvent::StdinRead(bytes) => words(Kind::Tls, "stdin read", format!("{bytes} B")),
        LoopEvent::Connecting(address) => words(Kind::Tls, "connecting", address.to_string()),
        LoopEvent::ConnectFailed(address, error) => {
            words(Kind::Trouble, "connect failed", format!("{address}: {error}"))
        }
        LoopEvent::Connected(address) => words(Kind::Tls, "connected", address.to_string()),
        LoopEvent::Drained { peer, drained } => {
            words(Kind::Tls, "drained", format!("{peer}, {drained} B thrown away"))
        }
        LoopEvent::Reloaded { error: None } => {
            words(Kind::Tls, "reloaded", "new sessions get what the files hold now")
        }
        LoopEvent::ReloadPostponed { error } => words(Kind::Trouble, "reload postponed", *error),
        LoopEvent::Reloaded { error: Some(error) } => words(Kind::Trouble, "not reloaded", *error),
        LoopEvent::Stopping { why, waiting: 0 } => words(Kind::Stalled, "stopping", *why),
        LoopEvent::Stopping { why, waiting } => {
            words(Kind::Stalled, "stopping", format!("{why}; {waiting} waiting are sent away"))
        }
    }
}

fn woke(events: usize, timeout: Option<Duration>) -> String {
    let slept = timeout != Some(Duration::ZERO);
    match (events, slept) {
        (0, true) => "no event before the earliest deadline".to_owned(),
        (0, false) => "no event, and did not sleep: something can be done, or is due".to_owned(),
        (1, true) => "1 event".to_owned(),
        (_, true) => format!("{events} events"),
        (1, false) => "1 event, and did not sleep".to_owned(),
        (_, false) => format!("{events} events, and did not sleep"),
    }
}

fn processed(state: &IoState) -> String {
    let closed = if state.peer_has_closed() { ", peer has closed" } else { "" };
    let (to_write, plaintext) = (state.tls_bytes_to_write(), state.plaintext_bytes_to_read());
    format!("→ to write {to_write}, plaintext {plaintext}{closed}")
}

fn plaintext(bytes: &[u8]) -> String {
    let preview = Preview::of(bytes);
    format!("{} B \"{preview}\"{}", bytes.len(), preview.more())
}

/// What entering a phase means is on its line, because it happens with it and is no step of its own: close_notify is
/// queued.
fn phase(from: &Phase, to: &Phase, endings: &Endings) -> Words {
    let more = match to {
        Phase::Handshaking | Phase::Established | Phase::Closed(_) => String::new(),
        Phase::HalfClosed => ": the peer's close_notify came; we are still sending".to_owned(),
        Phase::PeerClosed { end: PeerEnd::CloseNotify } => ": the peer's close_notify came".to_owned(),
        Phase::PeerClosed { end: PeerEnd::Fin } => ": the peer's FIN came, without close_notify".to_owned(),
        Phase::Closing { cause: Cause::Requested } => ": asked to close; close_notify queued".to_owned(),
        Phase::Closing { cause: Cause::FinishedSending } => ": all is said; close_notify queued".to_owned(),
        Phase::Closing { cause: Cause::TimedOut(timeout) } => {
            format!(": {} is over; close_notify queued", TimeoutFlag(*timeout))
        }
        Phase::Finishing => ": all is answered; close_notify queued".to_owned(),
        Phase::Failing { reason } | Phase::WriteFailed { reason, .. } => {
            format!(": {}", endings.describe(reason))
        }
    };
    let kind = match to {
        Phase::Failing { .. } | Phase::WriteFailed { .. } => Kind::Trouble,
        _ => Kind::Phase,
    };
    words(kind, "phase", format!("{} → {}{more}", from.name(), to.name()))
}

fn deadline(timeout: Timeout, at: Option<Instant>, now: Instant) -> Words {
    words(Kind::Quiet, "deadline", format!("{} {}", timeout.name(), set_to(at, now)))
}

fn set_to(at: Option<Instant>, now: Instant) -> String {
    match at {
        Some(at) => format!("set to +{:?}", at.saturating_duration_since(now)),
        None => "stopped".to_owned(),
    }
}

fn interest(wanted: Interest) -> &'static str {
    match (wanted.readable, wanted.writable) {
        (true, true) => "READABLE | WRITABLE",
        (false, true) => "WRITABLE",
        (true, false) => "READABLE",
        (false, false) => "none, deregistered",
    }
}
