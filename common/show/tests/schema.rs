//! Every step and every event is a valid JSON object, with the name and the fields that the README documents.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use decode::Decoder;
use identity::AnyClient;
use program::ending::Endings;
use program::observer::{EventSource, LoopEvent, SkipReason};
use rustls::{AlertDescription, IoState, RootCertStore, Side};
use serde_json::Value;
use show::page::Clock;
use show::sink::{Carried, Sink};
use show::trace::Trace;
use tls_session::authorize::Authorize as _;
use tls_session::close_reason::{AlertContext, CloseReason, Until};
use tls_session::deadline::Timeout;
use tls_session::handshake::Handshake;
use tls_session::observer::{SessionId, Step};
use tls_session::phase::{Cause, PeerEnd, Phase};
use tls_session::readiness::Interest;
use tls_session::readiness::Readiness;

const README: &str = include_str!("../README.md");

/// Returns the event names of the README, each with the words between backticks in its row.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let ticked = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let mut events = BTreeMap::<String, BTreeSet<String>>::new();
    let (_, tables) = README.split_once("The steps of a session").unwrap();
    let (tables, _) = tables.split_once("`records` has one object").unwrap();
    for row in tables.lines().filter(|l| l.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').collect();
        for event in ticked(cells[1]) {
            events.entry(event).or_default().extend(ticked(cells[2]));
        }
    }
    events
}

/// Returns the documented fields of a record.
fn documented_of_records() -> BTreeSet<String> {
    let rows = README.split("| field of a record |").nth(1).unwrap().split("\n\n").next().unwrap();
    rows.lines().filter_map(|row| row.strip_prefix("| `")?.split('`').next().map(str::to_owned)).collect()
}

/// Returns the `IoState` of a new connection, because only rustls can make one.
fn io_state() -> IoState {
    let config =
        rustls::ClientConfig::builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    rustls::ClientConnection::new(Arc::new(config), name).unwrap().process_new_packets().unwrap()
}

fn id() -> SessionId {
    SessionId { number: 7, peer: address() }
}

fn address() -> SocketAddr {
    "[::1]:8000".parse().unwrap()
}

/// Traces one step or event, and checks the fields that every line has.
fn line(trace_it: impl FnOnce(&mut Trace<Vec<u8>>, Instant), name: &str) -> Value {
    let start = Instant::now();
    let clock = Clock { instant: start, utc: SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 30) };
    let mut trace = Trace::json(Endings::of(Side::Server), clock, Vec::new());
    trace_it(&mut trace, start + Duration::from_nanos(1_234_567));
    let text = String::from_utf8(trace.into_writer().unwrap()).unwrap();
    let begin = r#"{"time":"2004-01-10T13:37:04.001234567Z","t_ns":1234567,"session":"#;
    assert!(text.starts_with(begin) && text.ends_with("}\n"), "{text}");
    assert_eq!(text.lines().count(), 1);

    let object: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(object["event"], name);
    let keys: Vec<&String> = object.as_object().unwrap().keys().collect();
    assert_eq!(keys[..5], ["time", "t_ns", "session", "peer", "event"]);
    let documented = &documented()[name];
    assert!(keys[5..].iter().all(|&key| documented.contains(key)), "{text}");
    object
}

fn step(name: &str, step: &Step<'_>) -> Value {
    let object = line(|trace, now| trace.step(now, id(), step, &Carried::default()), name);
    assert_eq!((&object["session"], &object["peer"]), (&7.into(), &"[::1]:8000".into()));
    object
}

fn event(name: &str, event: &LoopEvent<'_>) -> Value {
    line(|trace, now| trace.event_loop(now, event), name)
}

/// Returns the documented name of a step. A new step needs a name here, and a row in the test below.
fn name_of_step(step: &Step<'_>) -> &'static str {
    match step {
        Step::Began { .. } => "began",
        Step::Ready(..) => "ready",
        Step::Received(..) => "recv",
        Step::ReadBlocked => "read_blocked",
        Step::ReadTls(..) => "read_tls",
        Step::Processed(..) => "process_new_packets",
        Step::Established(..) => "established",
        Step::PlaintextIn(..) => "plaintext_in",
        Step::PlaintextOut(..) => "plaintext_out",
        Step::Sent(..) => "send",
        Step::WroteTls(..) => "write_tls",
        Step::WriteBlocked => "write_blocked",
        Step::PhaseChanged { .. } => "phase",
        Step::DeadlineSet(..) => "deadline_set",
        Step::DeadlineFired(..) => "deadline_fired",
        Step::TimerSet(..) => "timer_set",
        Step::TimerFired => "timer_fired",
        Step::InterestChanged(..) => "interest",
        Step::Yielded => "yield",
        Step::SentFin(..) => "fin",
        Step::Closed { .. } => "closed",
    }
}

/// Returns the documented name of an event of the loop. A new event needs a name here, and a row in the test below.
fn name_of_event(event: &LoopEvent<'_>) -> &'static str {
    match event {
        LoopEvent::Listening(..) => "listening",
        LoopEvent::Woke { .. } => "woke",
        LoopEvent::Ready(..) => "ready",
        LoopEvent::InterestChanged(..) => "interest",
        LoopEvent::Accepted(..) => "accepted",
        LoopEvent::Waiting { .. } => "waiting",
        LoopEvent::QueueFull => "room_full",
        LoopEvent::QueueHasRoom => "room_again",
        LoopEvent::AcceptFailed(..) => "accept_failed",
        LoopEvent::Skipped { .. } => "skipped",
        LoopEvent::SlotHeld { .. } => "slot_held",
        LoopEvent::SlotGivenUp { .. } => "slot_given_up",
        LoopEvent::Promoted { .. } => "promoted",
        LoopEvent::SessionFailed { .. } => "session_failed",
        LoopEvent::Freed { .. } => "freed",
        LoopEvent::StdinRead(..) => "stdin_read",
        LoopEvent::Connecting(..) => "connecting",
        LoopEvent::ConnectFailed(..) => "connect_failed",
        LoopEvent::Connected(..) => "connected",
        LoopEvent::PreambleIn(..) => "preamble_in",
        LoopEvent::PreambleOut(..) => "preamble_out",
        LoopEvent::PreambleFailed { .. } => "preamble_failed",
        LoopEvent::Drained { .. } => "lingering_over",
        LoopEvent::Reloaded { .. } => "reloaded",
        LoopEvent::ReloadPostponed { .. } => "reload_postponed",
        LoopEvent::Stopping { .. } => "stopping",
    }
}

#[test]
fn every_step_and_every_event_is_documented() {
    let error = io::Error::other("out of\x1b[2J luck\n");
    let tls_error = rustls::Error::General("no\nluck".to_owned());
    let reason = CloseReason::PeerAlert(AlertDescription::UnknownCA, AlertContext::default());
    let handshake = Handshake {
        version: Some(rustls::ProtocolVersion::TLSv1_3),
        suite: None,
        group: Some(rustls::NamedGroup::X25519),
        kind: Some(rustls::HandshakeKind::Resumed),
        alpn: Some(b"h2\n".to_vec()),
        authorization: AnyClient.authorize(None),
        request: None,
        took: Duration::from_micros(1),
    };
    let (handshaking, from, until) = (Phase::Handshaking, &Phase::Established, Until::Established);
    let closing = Phase::Closing { cause: Cause::TimedOut(Timeout::Idle) };
    let later = Instant::now() + Duration::from_secs(3600);
    let steps = [
        Step::Began { local: address() },
        Step::Ready(Readiness::all()),
        Step::Received(b"abc"),
        Step::ReadBlocked,
        Step::ReadTls(b"abc"),
        Step::Processed(&Ok(io_state())),
        Step::Processed(&Err(tls_error.clone())),
        Step::Established(&handshake),
        Step::PlaintextIn(b"a\"\\\n\xff"),
        Step::PlaintextOut(b""),
        Step::Sent(b"abc"),
        Step::WroteTls(3),
        Step::WriteBlocked,
        Step::PhaseChanged { from: &handshaking, to: &Phase::Established },
        Step::PhaseChanged { from, to: &Phase::PeerClosed { end: PeerEnd::Fin } },
        Step::PhaseChanged { from, to: &closing },
        Step::DeadlineSet(Timeout::Idle, Some(later)),
        Step::DeadlineSet(Timeout::Idle, None),
        Step::DeadlineFired(Timeout::Idle),
        Step::TimerSet(Some(later)),
        Step::TimerFired,
        Step::InterestChanged(Interest::READABLE),
        Step::InterestChanged(Interest::NONE),
        Step::Yielded,
        Step::SentFin(&Ok(())),
        Step::SentFin(&Err(io::ErrorKind::NotConnected.into())),
        Step::Closed { reason: &reason, until, received: 1, sent: u64::MAX, duration: Duration::MAX },
    ];
    let events = [
        LoopEvent::Listening(address()),
        LoopEvent::Woke { events: 2, timeout: Some(Duration::MAX) },
        LoopEvent::Woke { events: 0, timeout: None },
        LoopEvent::Ready(EventSource::Signals),
        LoopEvent::Ready(EventSource::Draining(address())),
        LoopEvent::Ready(EventSource::Queued(address())),
        LoopEvent::InterestChanged(EventSource::Listener, Interest::NONE),
        LoopEvent::InterestChanged(EventSource::Stdin, Interest::READABLE),
        LoopEvent::Accepted(address()),
        LoopEvent::Waiting { peer: address(), position: 3 },
        LoopEvent::QueueFull,
        LoopEvent::QueueHasRoom,
        LoopEvent::AcceptFailed(&error),
        LoopEvent::Skipped { peer: address(), reason: SkipReason::Fin, waiting: 3 },
        LoopEvent::Skipped { peer: address(), reason: SkipReason::Error(&error), waiting: 3 },
        LoopEvent::Skipped { peer: address(), reason: SkipReason::Silent(Duration::MAX), waiting: 3 },
        LoopEvent::SlotHeld { peer: address(), slot: 0, waiting: 3 },
        LoopEvent::SlotGivenUp { peer: address(), slot: 0, waiting: 3 },
        LoopEvent::Promoted { id: id(), slot: 0, waiting: 3 },
        LoopEvent::SessionFailed { id: id(), error: &tls_error },
        LoopEvent::Freed { id: id(), slot: 0, drains: true },
        LoopEvent::StdinRead(65536),
        LoopEvent::Connecting(address()),
        LoopEvent::ConnectFailed(address(), &error),
        LoopEvent::Connected(address()),
        LoopEvent::PreambleIn(address(), b"220 a\x1b\r\n"),
        LoopEvent::PreambleOut(address(), b"STARTTLS\r\n"),
        LoopEvent::PreambleFailed { id: id(), local: address(), error: "no\nTLS" },
        LoopEvent::Drained { peer: address(), drained: 9 },
        LoopEvent::Reloaded { error: None },
        LoopEvent::Reloaded { error: Some("no such\nfile") },
        LoopEvent::ReloadPostponed { error: "too many\nfiles" },
        LoopEvent::Stopping { why: "a signal came", waiting: 2 },
    ];
    let mut seen = BTreeSet::new();
    let steps = steps.iter().map(|shown| step(name_of_step(shown), shown));
    for object in steps.chain(events.iter().map(|shown| event(name_of_event(shown), shown))) {
        seen.insert(object["event"].as_str().unwrap().to_owned());
        let strings = object.as_object().unwrap().values().filter_map(Value::as_str);
        assert!(strings.flat_map(str::chars).all(|c| !c.is_control()), "{object}");
    }
    assert_eq!(seen, documented().into_keys().collect(), "documented and shown");
}

#[test]
fn fields_have_the_values_that_are_documented() {
    let closed = step(
        "closed",
        &Step::Closed {
            reason: &CloseReason::Unconfirmed,
            until: Until::Established,
            received: 1,
            sent: 2,
            duration: Duration::from_micros(3),
        },
    );
    assert_eq!(
        closed.to_string().split_once("\"event\":").unwrap().1,
        "\"closed\",\"reason\":\"unconfirmed\",\"sentence\":\"we closed; the client just left, without a \
         close_notify of its own\",\"exit_status\":0,\"received\":1,\"sent\":2,\"duration_ns\":3000,\"wire_received\":0,\"wire_sent\":0}"
    );
    let woke = event("woke", &LoopEvent::Woke { events: 0, timeout: Some(Duration::from_micros(5)) });
    assert_eq!((&woke["timeout_ns"], &woke["session"]), (&5000.into(), &Value::Null));
    let interest = step("interest", &Step::InterestChanged(Interest::NONE));
    assert_eq!((&interest["readable"], &interest["writable"]), (&false.into(), &false.into()));
    assert_eq!(step("plaintext_in", &Step::PlaintextIn(b"a\"\\\n\xff"))["preview"], r#"a"\\\n\xff"#);
    let failing = Phase::Failing { reason: CloseReason::Abandoned };
    let phase = step("phase", &Step::PhaseChanged { from: &Phase::Established, to: &failing });
    assert_eq!(phase["why"], "abandoned");
    // A phase that was renamed keeps its name.
    let failed = Phase::WriteFailed { reason: CloseReason::Unconfirmed, authorized: true };
    let phase = step("phase", &Step::PhaseChanged { from: &Phase::Established, to: &failed });
    assert_eq!((&phase["from"], &phase["to"]), (&"Established".into(), &"Severed".into()));
}

/// Returns the line of a read of these bytes from the client.
fn read(bytes: &[u8]) -> Value {
    let mut decoder = Decoder::default();
    let records = decoder.feed(Side::Client, bytes);
    let carried = Carried { records, left_over: decoder.left_over(Side::Client), ..Carried::default() };
    line(|trace, now| trace.step(now, id(), &Step::ReadTls(bytes), &carried), "read_tls")
}

#[test]
fn records_have_the_fields_and_values_that_are_documented() {
    let object =
        read(b"\x15\x03\x03\0\x02\x02\x30\x16\x03\x03\0\x08\x0e\0\0\0\x63\0\0\0\x14\x03\x03\0\x01\x07\x17");
    assert_eq!((&object["bytes"], &object["left_over"]), (&27.into(), &1.into()));
    let [alert, handshake, change] = &object["records"].as_array().unwrap()[..] else { panic!("{object}") };
    for record in [alert, handshake, change] {
        let keys: BTreeSet<String> = record.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, documented_of_records());
    }
    assert_eq!(
        alert.to_string(),
        "{\"content_type\":\"alert\",\"encrypted\":false,\"length\":2,\"wire_length\":7,\"padding\":null,\
         \"messages\":[],\"alert\":{\"level\":\"fatal\",\"description\":\"unknown_ca\"},\"sealed\":null,\
         \"malformed\":false}"
    );
    assert_eq!(handshake["messages"].to_string(), r#"["ServerHelloDone",99]"#);
    assert_eq!((&change["content_type"], &change["malformed"]), (&"change_cipher_spec".into(), &true.into()));
    assert_eq!(read(b"GET /")["records"][0]["content_type"], "not_tls");
    let odd = read(b"\x15\x03\x03\0\x02\x07\x63");
    assert_eq!(odd["records"][0]["alert"].to_string(), r#"{"level":7,"description":99}"#);
    assert_eq!(read(b"")["records"], Value::Array(vec![]));
}
