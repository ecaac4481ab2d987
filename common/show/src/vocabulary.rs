//! The words for each step of a session and each event of the loop. The trace and the pages share them and only lay them
//! out. The names in `--trace=json` are in [`trace::json`](crate::trace::json).

use std::time::{Duration, Instant};

use decode::Message;
use program::ending::{Endings, what_was_missing};
use program::exit::ExitStatus;
use program::observer::{EventSource, LoopEvent, SkipReason};
use program::time_limit::timeout_flag;
use rustls::IoState;
use serde::{Deserialize, Serialize};
use tls_session::alert_name::ErrorText;
use tls_session::bytes::Count;
use tls_session::observer::Step;
use tls_session::phase::{Cause, PeerEnd, Phase};
use tls_session::readiness::{Interest, Readiness};

use crate::preview::quoted;

/// Follows the number of bytes of a read that returned none.
const END_OF_FILE: &str = ", end-of-file";

/// A step or an event in words.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) tone: Tone,
    /// The name of the call or of the event.
    pub(crate) verb: &'static str,
    /// The result.
    pub(crate) details: String,
    /// The number of bytes that a call moved; `None` if it moves none.
    pub(crate) bytes: Option<u64>,
}

/// The kind of an entry. It decides the colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tone {
    /// The loop woke: a turn begins.
    Woke,
    /// Bytes from the peer.
    In,
    /// Bytes to the peer.
    Out,
    /// A call on the TLS state machine.
    Tls,
    /// A change of the session's state.
    Phase,
    /// Background: deadlines, interests, readiness.
    Quiet,
    /// Nothing is wrong, but there is no progress for now.
    Stalled,
    /// Something failed.
    Trouble,
}

/// Makes the entry of an event that moves no bytes.
pub(crate) fn entry(tone: Tone, verb: &'static str, details: impl Into<String>) -> Entry {
    Entry { tone, verb, details: details.into(), bytes: None }
}

/// Makes the entry of a call that moved bytes.
fn moved(tone: Tone, verb: &'static str, bytes: usize, more: &str) -> Entry {
    Entry { tone, verb, details: format!("{bytes} B{more}"), bytes: Some(bytes as u64) }
}

/// Puts a step that happens at `now` into words.
pub(crate) fn of_step(step: &Step<'_>, now: Instant, endings: &Endings) -> Entry {
    match step {
        Step::Began { local } => entry(Tone::Phase, "began", format!("at our {local}")),
        Step::Ready(readiness) => entry(Tone::Quiet, "ready", ready_for(*readiness)),
        Step::Received([]) => moved(Tone::In, "recv", 0, END_OF_FILE),
        Step::Received(bytes) => moved(Tone::In, "recv", bytes.len(), ""),
        Step::ReadBlocked => entry(Tone::Quiet, "read blocked", "the kernel has no more"),
        Step::ReadTls([]) => moved(Tone::Tls, "read_tls", 0, END_OF_FILE),
        Step::ReadTls(bytes) => moved(Tone::Tls, "read_tls", bytes.len(), ""),
        Step::Processed(Ok(state)) => entry(Tone::Tls, "process_new_packets", io_state(state)),
        Step::Processed(Err(error)) => {
            entry(Tone::Trouble, "process_new_packets", format!("→ error: {}", ErrorText(error)))
        }
        Step::Established(handshake) => entry(Tone::Phase, "established", handshake.to_string()),
        Step::PlaintextIn(bytes) => plaintext(Tone::In, "plaintext in", bytes),
        Step::PlaintextOut(bytes) => plaintext(Tone::Out, "plaintext out", bytes),
        Step::Sent(bytes) => moved(Tone::Out, "send", bytes.len(), ""),
        Step::WroteTls(bytes) => moved(Tone::Out, "write_tls", *bytes, ""),
        Step::WriteBlocked => entry(Tone::Stalled, "write blocked", "the kernel takes no more"),
        Step::PhaseChanged { from, to } => phase(from, to, endings),
        Step::DeadlineSet(timeout, at) => {
            entry(Tone::Quiet, "deadline", format!("{} {}", timeout.name(), set_to(*at, now)))
        }
        Step::DeadlineFired(timeout) => {
            let missing = what_was_missing(*timeout);
            entry(Tone::Trouble, "deadline", format!("{} fired: {missing}", timeout.name()))
        }
        Step::TimerSet(at) => entry(Tone::Quiet, "timer", set_to(*at, now)),
        Step::TimerFired => entry(Tone::Tls, "timer fired", "the application's own deadline"),
        Step::InterestChanged(wanted) => entry(Tone::Quiet, "interest", interest(*wanted)),
        Step::Yielded => {
            entry(Tone::Stalled, "yield", "the limit of this turn is reached; other sessions run first")
        }
        Step::SentFin(Ok(())) => entry(Tone::Out, "FIN sent", ""),
        Step::SentFin(Err(error)) => entry(Tone::Stalled, "FIN not sent", error.to_string()),
        Step::Closed { reason, until, received, sent, .. } => {
            let outcome = endings.describe_end(reason, *until);
            entry(Tone::Phase, "closed", format!("{outcome}; {received} B received, {sent} B sent"))
        }
    }
}

/// Puts an event of the loop into words.
pub(crate) fn of_event(event: &LoopEvent<'_>) -> Entry {
    match event {
        LoopEvent::Listening(address) => entry(Tone::Tls, "listening", address.to_string()),
        LoopEvent::Woke { events, timeout } => entry(Tone::Woke, "woke", woke(*events, may_sleep(*timeout))),
        LoopEvent::Ready(source) => entry(Tone::Quiet, "ready", event_source(*source)),
        LoopEvent::InterestChanged(source, wanted) => {
            let source = event_source(*source);
            entry(Tone::Quiet, "interest", format!("{source}: {}", interest(*wanted)))
        }
        LoopEvent::Accepted(peer) => entry(Tone::Tls, "accepted", peer.to_string()),
        LoopEvent::Waiting { peer, position } => {
            entry(Tone::Tls, "waiting", format!("{peer} is number {position} in the accept queue"))
        }
        LoopEvent::QueueFull => {
            entry(Tone::Stalled, "queue full", "new clients wait in the kernel's backlog")
        }
        LoopEvent::QueueHasRoom => {
            entry(Tone::Tls, "queue has room", "clients are accepted from the backlog again")
        }
        LoopEvent::AcceptFailed(error) => entry(Tone::Trouble, "accept failed", error.to_string()),
        LoopEvent::Skipped { peer, reason, .. } => {
            let how = match reason {
                SkipReason::Fin => "left without sending anything".to_owned(),
                SkipReason::Error(error) => format!("left without sending anything: {error}"),
                SkipReason::Silent(silence) => format!("sent nothing for {silence:.0?}, and is disconnected"),
            };
            entry(Tone::Tls, "skipped", format!("{peer} {how}"))
        }
        LoopEvent::SlotHeld { peer, slot, waiting } => {
            let details = format!("{peer} holds slot {slot} and has sent nothing yet; {waiting} queued");
            entry(Tone::Tls, "slot held", details)
        }
        LoopEvent::SlotGivenUp { peer, slot, waiting } => {
            let details =
                format!("{peer} releases slot {slot} to a client that has sent data; {waiting} queued");
            entry(Tone::Tls, "slot given up", details)
        }
        LoopEvent::Promoted { id, slot, waiting } => {
            entry(Tone::Tls, "promoted", format!("{id} gets slot {slot}; {waiting} queued"))
        }
        LoopEvent::SessionFailed { id, error } => {
            entry(Tone::Trouble, "session failed", format!("{id}: {error}"))
        }
        LoopEvent::Freed { id, slot, drains } => {
            let socket = if *drains { "is drained" } else { "is closed" };
            entry(Tone::Tls, "freed", format!("slot {slot}, session {}; its socket {socket}", id.number))
        }
        LoopEvent::StdinRead(0) => moved(Tone::Tls, "stdin read", 0, END_OF_FILE),
        LoopEvent::StdinRead(bytes) => moved(Tone::Tls, "stdin read", *bytes, ""),
        LoopEvent::Connecting(address) => entry(Tone::Tls, "connecting", address.to_string()),
        // The client may have another address to try.
        LoopEvent::ConnectFailed(address, error) => {
            entry(Tone::Stalled, "connect failed", format!("{address}: {error}"))
        }
        LoopEvent::Connected(address) => entry(Tone::Tls, "connected", address.to_string()),
        LoopEvent::PreambleIn(_, bytes) => plaintext(Tone::In, "preamble in", bytes),
        LoopEvent::PreambleOut(_, bytes) => plaintext(Tone::Out, "preamble out", bytes),
        LoopEvent::PreambleFailed { error, .. } => entry(Tone::Trouble, "preamble failed", *error),
        LoopEvent::Drained { peer, drained } => {
            entry(Tone::Tls, "drained", format!("{peer}, {drained} B discarded"))
        }
        LoopEvent::Reloaded { error: None } => {
            entry(Tone::Tls, "reloaded", "new sessions use the new contents of the files")
        }
        LoopEvent::ReloadPostponed { error } => entry(Tone::Trouble, "reload postponed", *error),
        LoopEvent::Reloaded { error: Some(error) } => entry(Tone::Trouble, "not reloaded", *error),
        LoopEvent::Stopping { why, waiting: 0 } => entry(Tone::Stalled, "stopping", *why),
        LoopEvent::Stopping { why, waiting } => entry(
            Tone::Stalled,
            "stopping",
            format!("{why}; disconnecting {}", Count(*waiting, "queued client")),
        ),
    }
}

/// Returns whether a poll with this timeout may have slept.
pub(crate) fn may_sleep(timeout: Option<Duration>) -> bool {
    timeout != Some(Duration::ZERO)
}

/// Says why a poll returned.
pub(crate) fn woke(events: usize, slept: bool) -> String {
    match (events, slept) {
        (0, true) => "no event before the earliest deadline".to_owned(),
        (0, false) => "no event, and did not sleep: something can be done, or is due".to_owned(),
        (1, true) => "1 event".to_owned(),
        (_, true) => format!("{events} events"),
        (1, false) => "1 event, and did not sleep".to_owned(),
        (_, false) => format!("{events} events, and did not sleep"),
    }
}

/// Returns the name of a handshake message in its RFC, or its number.
pub(crate) fn message_name(message: &Message) -> String {
    message.name().map_or_else(|| format!("handshake message {}", u8::from(message.kind)), str::to_owned)
}

fn ready_for(readiness: Readiness) -> String {
    let bits = [
        (readiness.is_readable(), "readable"),
        (readiness.is_writable(), "writable"),
        (readiness.is_read_closed(), "read closed"),
    ];
    let names: Vec<&str> = bits.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect();
    names.join(", ")
}

fn event_source(source: EventSource) -> String {
    match source {
        EventSource::Signals => "signals".to_owned(),
        EventSource::Listener => "listener".to_owned(),
        EventSource::Queued(peer) => format!("queued {peer}"),
        EventSource::Stdin => "stdin".to_owned(),
        EventSource::Draining(peer) => format!("draining {peer}"),
    }
}

fn io_state(state: &IoState) -> String {
    let closed = if state.peer_has_closed() { ", peer has closed" } else { "" };
    let (to_write, plaintext) = (state.tls_bytes_to_write(), state.plaintext_bytes_to_read());
    format!("→ to write {to_write}, plaintext {plaintext}{closed}")
}

fn plaintext(tone: Tone, verb: &'static str, bytes: &[u8]) -> Entry {
    moved(tone, verb, bytes.len(), &format!(" {}", quoted(bytes)))
}

/// Puts a change of the phase into words. The entry also says why the phase is entered. close_notify is queued in the
/// same moment and is not a step of its own.
fn phase(from: &Phase, to: &Phase, endings: &Endings) -> Entry {
    let why = match to {
        // The entry "closed" follows and has the reason.
        Phase::Handshaking | Phase::Established | Phase::Closed(_) => String::new(),
        Phase::HalfClosed => ": the peer's close_notify came; we are still sending".to_owned(),
        Phase::PeerClosed { end: PeerEnd::CloseNotify } => ": the peer's close_notify came".to_owned(),
        Phase::PeerClosed { end: PeerEnd::Fin } => ": the peer's FIN came, without close_notify".to_owned(),
        Phase::Closing { cause: Cause::Requested } => ": close requested; close_notify queued".to_owned(),
        Phase::Closing { cause: Cause::FinishedSending } => {
            ": finished sending; close_notify queued".to_owned()
        }
        Phase::Closing { cause: Cause::TimedOut(timeout) } => {
            format!(": {} has passed; close_notify queued", timeout_flag(*timeout))
        }
        Phase::Finishing => ": the answer is complete; close_notify queued".to_owned(),
        Phase::Failing { reason } | Phase::WriteFailed { reason, .. } => {
            format!(": {}", endings.describe(reason))
        }
    };
    let tone = match to {
        Phase::Failing { .. } | Phase::WriteFailed { .. } => Tone::Trouble,
        Phase::Closed(reason) if ExitStatus::from(reason) != ExitStatus::Clean => Tone::Trouble,
        _ => Tone::Phase,
    };
    entry(tone, "phase", format!("{} → {}{why}", from.name(), to.name()))
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
