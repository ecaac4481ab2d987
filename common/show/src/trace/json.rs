#![doc = include_str!("../../README.md")]

mod log_lines;
mod records;

use std::collections::HashMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use program::ending::Endings;
use program::exit::ExitStatus;
use program::observer::{EventSource, LoopEvent, SkipReason};
use rustls::{HandshakeKind, IoState};
use serde_json::{Map, Value, json};
use tls_session::alert_name::ErrorText;
use tls_session::close_reason::CloseReason;
use tls_session::escaped::{Escaped, one_line};
use tls_session::handshake::{Handshake, suite_name};
use tls_session::observer::{SessionId, Step};
use tls_session::phase::{Cause, PeerEnd, Phase};
use tls_session::readiness::Interest;

pub(crate) use self::log_lines::LogLines;
use crate::clock::Clock;
use crate::preview::preview;
use crate::sink::Carried;

/// The state that a line depends on, besides its own step.
#[derive(Debug)]
pub(super) struct Json {
    clock: Clock,
    /// The bytes on the wire of each open session.
    wires: HashMap<u64, WireBytes>,
}

/// The bytes of a session on the wire.
#[derive(Clone, Copy, Debug, Default)]
struct WireBytes {
    received: u64,
    sent: u64,
}

impl Json {
    /// Times count from that of `clock`.
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, wires: HashMap::new() }
    }

    pub(super) fn step(
        &mut self,
        id: SessionId,
        step: &Step<'_>,
        now: Instant,
        endings: &Endings,
        carried: &Carried,
    ) -> String {
        let wire = self.count(id, step);
        let (name, fields) = of_step(step, now, endings, carried, wire);
        line(self.clock, now, of_session(id), name, fields)
    }

    /// Returns the bytes of a session on the wire so far.
    fn count(&mut self, id: SessionId, step: &Step<'_>) -> WireBytes {
        if let Step::Closed { .. } = step {
            return self.wires.remove(&id.number).unwrap_or_default();
        }
        let wire = self.wires.entry(id.number).or_default();
        match step {
            Step::Received(bytes) => wire.received += bytes.len() as u64,
            Step::Sent(bytes) => wire.sent += bytes.len() as u64,
            _ => {}
        }
        *wire
    }

    pub(super) fn event_loop(&self, now: Instant, event: &LoopEvent<'_>) -> String {
        let (subject, name, fields) = of_event(event);
        line(self.clock, now, subject, name, fields)
    }
}

/// The session and the peer of a line.
type Subject = (Option<u64>, Option<SocketAddr>);

/// A line that is about no session and no peer.
const NO_SUBJECT: Subject = (None, None);

fn of_session(id: SessionId) -> Subject {
    (Some(id.number), Some(id.peer))
}

fn of_peer(peer: &SocketAddr) -> Subject {
    (None, Some(*peer))
}

fn line(clock: Clock, now: Instant, (session, peer): Subject, name: &str, fields: Value) -> String {
    let mut object = Map::new();
    // The time is first, so that `sort` orders the lines of several traces.
    object.insert("time".into(), clock.rfc_3339(now).into());
    object.insert("t_ns".into(), nanoseconds(now.saturating_duration_since(clock.instant)));
    object.insert("session".into(), session.into());
    object.insert("peer".into(), peer.map(|peer| peer.to_string()).into());
    object.insert("event".into(), name.into());
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    Value::Object(object).to_string()
}

/// Returns the name of a step and its fields. Both are part of the schema and must not change. A new step also needs
/// a line in the README and in the test of the schema.
fn of_step(
    step: &Step<'_>,
    now: Instant,
    endings: &Endings,
    carried: &Carried,
    wire: WireBytes,
) -> (&'static str, Value) {
    let none = json!({});
    let left = |at: Option<Instant>| at.map(|at| nanoseconds(at.saturating_duration_since(now)));
    match step {
        Step::Began { local } => ("began", json!({ "local": local.to_string() })),
        Step::Ready(readiness) => (
            "ready",
            json!({
                "source": "session",
                "readable": readiness.is_readable(),
                "writable": readiness.is_writable(),
                "read_closed": readiness.is_read_closed(),
            }),
        ),
        Step::Received(bytes) => ("recv", json!({ "bytes": bytes.len() })),
        Step::ReadBlocked => ("read_blocked", none),
        Step::ReadTls(bytes) => ("read_tls", records::of(bytes.len(), carried)),
        Step::Processed(result) => ("process_new_packets", processed(result)),
        Step::Established(handshake) => ("established", established(handshake)),
        Step::PlaintextIn(bytes) => ("plaintext_in", plaintext(bytes)),
        Step::PlaintextOut(bytes) => ("plaintext_out", plaintext(bytes)),
        Step::Sent(bytes) => ("send", json!({ "bytes": bytes.len() })),
        Step::WroteTls(bytes) => ("write_tls", records::of(*bytes, carried)),
        Step::WriteBlocked => ("write_blocked", none),
        Step::PhaseChanged { from, to } => ("phase", phase(from, to)),
        Step::DeadlineSet(timeout, at) => {
            ("deadline_set", json!({ "deadline": timeout.name(), "in_ns": left(*at) }))
        }
        Step::DeadlineFired(timeout) => ("deadline_fired", json!({ "deadline": timeout.name() })),
        Step::TimerSet(at) => ("timer_set", json!({ "in_ns": left(*at) })),
        Step::TimerFired => ("timer_fired", none),
        Step::InterestChanged(wanted) => ("interest", interest("session", *wanted)),
        Step::Yielded => ("yield", none),
        Step::SentFin(result) => ("fin", json!({ "error": result.as_ref().err().map(text) })),
        Step::Closed { reason, until, received, sent, duration } => (
            "closed",
            json!({
                "reason": name_of(reason),
                "sentence": text(endings.describe_end(reason, *until)),
                "exit_status": ExitStatus::from(*reason).code(),
                "received": received,
                "sent": sent,
                "duration_ns": nanoseconds(*duration),
                "wire_received": wire.received,
                "wire_sent": wire.sent,
            }),
        ),
    }
}

/// Returns the session and the peer of an event of the loop, its name, and its fields. The schema has them all.
fn of_event(event: &LoopEvent<'_>) -> (Subject, &'static str, Value) {
    let none = json!({});
    match event {
        LoopEvent::Listening(address) => (NO_SUBJECT, "listening", json!({ "address": address.to_string() })),
        LoopEvent::Woke { events, timeout } => {
            let timeout = timeout.map(nanoseconds);
            (NO_SUBJECT, "woke", json!({ "events": events, "timeout_ns": timeout }))
        }
        LoopEvent::Ready(source) => {
            let (subject, source) = name_of_source(*source);
            (subject, "ready", json!({ "source": source }))
        }
        LoopEvent::InterestChanged(source, wanted) => {
            let (subject, source) = name_of_source(*source);
            (subject, "interest", interest(source, *wanted))
        }
        LoopEvent::Accepted(peer) => (of_peer(peer), "accepted", none),
        LoopEvent::Waiting { peer, position } => (of_peer(peer), "waiting", json!({ "place": position })),
        LoopEvent::QueueFull => (NO_SUBJECT, "room_full", none),
        LoopEvent::QueueHasRoom => (NO_SUBJECT, "room_again", none),
        LoopEvent::AcceptFailed(error) => (NO_SUBJECT, "accept_failed", json!({ "error": text(error) })),
        LoopEvent::Skipped { peer, reason, waiting } => {
            (of_peer(peer), "skipped", json!({ "error": error(reason), "waiting": waiting }))
        }
        LoopEvent::SlotHeld { peer, slot, waiting } => {
            (of_peer(peer), "slot_held", json!({ "slot": slot, "waiting": waiting }))
        }
        LoopEvent::SlotGivenUp { peer, slot, waiting } => {
            (of_peer(peer), "slot_given_up", json!({ "slot": slot, "waiting": waiting }))
        }
        LoopEvent::Promoted { id, slot, waiting } => {
            (of_session(*id), "promoted", json!({ "slot": slot, "waiting": waiting }))
        }
        LoopEvent::SessionFailed { id, error } => {
            (of_session(*id), "session_failed", json!({ "error": text(error) }))
        }
        LoopEvent::Freed { id, slot, drains } => {
            (of_session(*id), "freed", json!({ "slot": slot, "lingers": drains }))
        }
        LoopEvent::StdinRead(bytes) => (NO_SUBJECT, "stdin_read", json!({ "bytes": bytes })),
        LoopEvent::Connecting(address) => (of_peer(address), "connecting", none),
        LoopEvent::ConnectFailed(address, error) => {
            (of_peer(address), "connect_failed", json!({ "error": text(error) }))
        }
        LoopEvent::Connected(address) => (of_peer(address), "connected", none),
        LoopEvent::PreambleIn(peer, bytes) => (of_peer(peer), "preamble_in", plaintext(bytes)),
        LoopEvent::PreambleOut(peer, bytes) => (of_peer(peer), "preamble_out", plaintext(bytes)),
        LoopEvent::PreambleFailed { id, error, .. } => {
            (of_session(*id), "preamble_failed", json!({ "error": text(error) }))
        }
        LoopEvent::Drained { peer, drained } => {
            (of_peer(peer), "lingering_over", json!({ "drained": drained }))
        }
        LoopEvent::Reloaded { error } => (NO_SUBJECT, "reloaded", json!({ "error": error.map(text) })),
        LoopEvent::ReloadPostponed { error } => {
            (NO_SUBJECT, "reload_postponed", json!({ "error": text(error) }))
        }
        LoopEvent::Stopping { why, waiting } => {
            (NO_SUBJECT, "stopping", json!({ "why": why, "waiting": waiting }))
        }
    }
}

// ---- fields ------------------------------------------------------------------------------------------------

/// Makes the words of a library or of a peer one line without control characters.
fn text(words: impl Display) -> Value {
    one_line(&words.to_string()).into()
}

/// Returns a duration in nanoseconds. 2^64 of them are 584 years.
fn nanoseconds(duration: Duration) -> Value {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX).into()
}

fn plaintext(bytes: &[u8]) -> Value {
    json!({ "bytes": bytes.len(), "preview": preview(bytes) })
}

fn processed(result: &Result<IoState, rustls::Error>) -> Value {
    match result {
        Ok(state) => json!({
            "tls_bytes_to_write": state.tls_bytes_to_write(),
            "plaintext_bytes_to_read": state.plaintext_bytes_to_read(),
            "peer_has_closed": state.peer_has_closed(),
        }),
        Err(error) => json!({ "error": ErrorText(error).to_string() }),
    }
}

fn established(handshake: &Handshake) -> Value {
    let Handshake { version, suite, group, kind, alpn, authorization, request: _, took } = handshake;
    let kind = kind.map(|kind| match kind {
        HandshakeKind::Full => "full",
        HandshakeKind::FullWithHelloRetryRequest => "full_with_hello_retry_request",
        HandshakeKind::Resumed => "resumed",
    });
    json!({
        "version": version.and_then(|version| version.as_str()),
        "suite": suite.map(|suite| suite_name(suite.suite())),
        "group": group.and_then(|group| group.as_str()),
        "kind": kind,
        "alpn": alpn.as_ref().map(|protocol| Escaped::new(protocol).to_string()),
        "verdict": text(&authorization.report),
        "refused": authorization.refusal.is_some(),
        "handshake_ns": nanoseconds(*took),
    })
}

fn phase(from: &Phase, to: &Phase) -> Value {
    let why = match to {
        Phase::Handshaking | Phase::Established => None,
        Phase::HalfClosed => Some("close_notify"),
        Phase::PeerClosed { end: PeerEnd::CloseNotify } => Some("close_notify"),
        Phase::PeerClosed { end: PeerEnd::Fin } => Some("fin"),
        Phase::Closing { cause: Cause::Requested } => Some("asked"),
        Phase::Closing { cause: Cause::FinishedSending } => Some("said_all"),
        Phase::Closing { cause: Cause::TimedOut(_) } => Some("timed_out"),
        Phase::Finishing => Some("answered"),
        Phase::Failing { reason } | Phase::WriteFailed { reason, .. } | Phase::Closed(reason) => {
            Some(name_of(reason))
        }
    };
    json!({ "from": name_of_phase(from), "to": name_of_phase(to), "why": why })
}

fn interest(source: &str, wanted: Interest) -> Value {
    json!({
        "source": source,
        "readable": wanted.readable,
        "writable": wanted.writable,
    })
}

fn error(reason: &SkipReason<'_>) -> Value {
    match reason {
        SkipReason::Fin => Value::Null,
        SkipReason::Error(error) => text(error),
        SkipReason::Silent(silence) => text(format_args!("nothing came for {silence:.0?}")),
    }
}

/// Returns the name of a phase in the schema, which keeps its first spelling.
fn name_of_phase(phase: &Phase) -> &'static str {
    match phase {
        Phase::WriteFailed { .. } => "Severed",
        phase => phase.name(),
    }
}

fn name_of_source(source: EventSource) -> (Subject, &'static str) {
    match source {
        EventSource::Signals => (NO_SUBJECT, "signals"),
        EventSource::Listener => (NO_SUBJECT, "listener"),
        EventSource::Queued(peer) => (of_peer(&peer), "queued"),
        EventSource::Stdin => (NO_SUBJECT, "stdin"),
        EventSource::Draining(peer) => (of_peer(&peer), "lingering"),
    }
}

fn name_of(reason: &CloseReason) -> &'static str {
    match reason {
        CloseReason::Clean { .. } => "clean",
        CloseReason::Unconfirmed => "unconfirmed",
        CloseReason::Truncated { .. } => "truncated",
        CloseReason::Abandoned => "abandoned",
        CloseReason::AbandonedByApplication => "left",
        CloseReason::Aborted => "aborted",
        CloseReason::PeerAlert(..) => "peer_alert",
        CloseReason::NotTls(_) => "not_tls",
        CloseReason::Unauthorized(_) => "unauthorized",
        CloseReason::Tls(_) => "tls",
        CloseReason::KeysUsedUp { .. } => "keys_used_up",
        CloseReason::Transport { .. } => "transport",
        CloseReason::TimedOut(_) => "timed_out",
    }
}

/// Returns the object of a record, as `read_tls` and `write_tls` have it.
pub fn of_record(record: &decode::Record) -> Value {
    records::record(record)
}
