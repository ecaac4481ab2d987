//! The phase table: its documentation, and every sequence of events up to a length.

use std::fmt::Write as _;
use std::io;

use rustls::CertificateError;
use tls_session::authorize::Refusal;
use tls_session::close_reason::{CloseReason, Operation};
use tls_session::deadline::Timeout;
use tls_session::phase::{Cause, Event, PeerEnd, Phase};

const DOCUMENTED: &str = include_str!("../../src/phase_table.md");

fn transport(operation: Operation) -> CloseReason {
    let error = io::Error::from(io::ErrorKind::BrokenPipe);
    CloseReason::Transport { operation, kind: error.kind(), error: error.to_string() }
}

fn tls() -> CloseReason {
    CloseReason::Tls(rustls::Error::DecryptError)
}

/// Every event and its name. An event whose contents lead to different phases is here more than once.
fn events() -> Vec<(&'static str, Event)> {
    let refusal = Refusal::new("a stranger", CertificateError::UnknownIssuer);
    let reset =
        |is_reset_after_flush| Event::ReadFailed { reason: transport(Operation::Read), is_reset_after_flush };
    vec![
        ("handshake done, authorized", Event::HandshakeDone(Ok(()))),
        ("handshake done, refused", Event::HandshakeDone(Err(refusal))),
        ("fact: the peer's close_notify", Event::PeerEnded(PeerEnd::CloseNotify)),
        ("fact: the peer's FIN", Event::PeerEnded(PeerEnd::Fin)),
        ("fact: output flushed", Event::Flushed(None)),
        ("fact: output flushed, and the peer's close_notify", Event::Flushed(Some(PeerEnd::CloseNotify))),
        ("fact: output flushed, and the peer's FIN", Event::Flushed(Some(PeerEnd::Fin))),
        ("application told of close_notify, answer follows", Event::PeerFinished { answer_follows: true }),
        ("application told of close_notify, no answer", Event::PeerFinished { answer_follows: false }),
        ("application closes", Event::ApplicationCloses),
        ("application abandons", Event::ApplicationAbandons),
        ("finished sending", Event::FinishedSending),
        ("close requested", Event::CloseRequested),
        ("wait or handshake timeout", Event::TimedOut(Timeout::Handshake)),
        ("write or close timeout", Event::TimedOut(Timeout::Write)),
        ("idle or session timeout", Event::TimedOut(Timeout::Idle)),
        ("session failed", Event::Failed(tls())),
        ("read failed", reset(false)),
        ("reset by the peer after a flush", reset(true)),
        ("nothing to read", Event::NothingToRead),
        ("write failed", Event::WriteFailed(transport(Operation::Write))),
        ("end at once", Event::EndAtOnce(transport(Operation::Read))),
    ]
}

/// Every phase that the events lead to from the beginning.
fn phases() -> Vec<Phase> {
    let mut found = vec![Phase::Handshaking];
    let mut next = 0;
    while let Some(phase) = found.get(next).cloned() {
        for (_, event) in events() {
            if let Some(to) = phase.on(event)
                && !found.contains(&to)
            {
                found.push(to);
            }
        }
        next += 1;
    }
    found
}

/// The name of a phase, with the contents that distinguish two of them.
fn name(phase: &Phase) -> String {
    let name = phase.name();
    match phase {
        Phase::PeerClosed { end: PeerEnd::CloseNotify } => format!("{name}, close_notify"),
        Phase::PeerClosed { end: PeerEnd::Fin } => format!("{name}, FIN"),
        Phase::Closing { cause: Cause::Requested } => format!("{name}, requested"),
        Phase::Closing { cause: Cause::FinishedSending } => format!("{name}, finished sending"),
        Phase::Closing { cause: Cause::TimedOut(_) } => format!("{name}, timed out"),
        Phase::Closed(reason) => format!("{name}: {}", outcome(reason)),
        _ => name.to_owned(),
    }
}

fn outcome(reason: &CloseReason) -> &'static str {
    use tls_session::close_reason::Endpoint;
    match reason {
        CloseReason::Clean { first: Endpoint::Local } => "clean, we first",
        CloseReason::Clean { first: Endpoint::Peer } => "clean, the peer first",
        CloseReason::Unconfirmed => "unconfirmed",
        CloseReason::Truncated { .. } => "truncated",
        CloseReason::Abandoned => "abandoned",
        CloseReason::AbandonedByApplication => "abandoned by the application",
        CloseReason::Aborted => "aborted",
        CloseReason::Unauthorized(_) => "unauthorized",
        CloseReason::Tls(_) | CloseReason::PeerAlert(..) | CloseReason::NotTls(_) => "TLS failed",
        CloseReason::KeysUsedUp { .. } => "keys used up",
        CloseReason::Transport { .. } => "transport failed",
        CloseReason::TimedOut(_) => "timed out",
    }
}

/// Events that lead to the same phase share a line.
const SHARED: [(&str, &[&str]); 5] = [
    (
        "fact: output flushed",
        &[
            "fact: output flushed",
            "fact: output flushed, and the peer's close_notify",
            "fact: output flushed, and the peer's FIN",
        ],
    ),
    ("fact: the peer's end", &["fact: the peer's close_notify", "fact: the peer's FIN"]),
    ("any timeout", &["wait or handshake timeout", "write or close timeout", "idle or session timeout"]),
    ("read failed", &["read failed", "reset by the peer after a flush"]),
    ("closed by the application or the loop", &["application closes", "close requested"]),
];

/// The table, printed from [`Phase::on`]: for each phase, the next phases and their events.
fn printed() -> String {
    let mut rows: Vec<(String, String, Vec<&str>)> = Vec::new();
    for phase in phases() {
        for (event, happened) in events() {
            let Some(next) = phase.on(happened) else { continue };
            let next = match (&phase, &next) {
                (
                    Phase::Failing { reason: first } | Phase::WriteFailed { reason: first, .. },
                    Phase::Closed(last),
                ) if first == last => "Closed, for its reason".to_owned(),
                _ => name(&next),
            };
            match rows.iter_mut().find(|(from, to, _)| (from, to) == (&name(&phase), &next)) {
                Some((.., events)) if events.contains(&event) => {}
                Some((.., events)) => events.push(event),
                None => rows.push((name(&phase), next, vec![event])),
            }
        }
    }
    rows.sort_by_key(|(phase, ..)| order(phase));
    let mut table = format!("{LEGEND}| phase | events | next phase |\n|---|---|---|\n");
    for (phase, next, mut events) in rows {
        for (shared, parts) in SHARED {
            if parts.iter().all(|part| events.contains(part)) {
                events.retain(|event| !parts.contains(event));
                events.push(shared);
            }
        }
        writeln!(table, "| {phase} | {} | {next} |", events.join("; ")).unwrap();
    }
    table
}

/// The text in front of the table.
const LEGEND: &str = "\
# The phase table

- A *fact* holds for some time: the session passes it again after each transition, until no transition follows.
- *End at once*: the transport cannot be used any more, or the answer cannot be completed. No close_notify is sent.
- *Application abandons*: the application needs nothing more from the peer. What it has sent is complete.
- *Session failed*: rustls returned an error, the keys are used up, or the application aborts. *Read failed* and *write
  failed*: the socket returned an error.
- An event that is in no row of a phase leads to no other phase.

";

fn order(phase: &str) -> usize {
    let all = ["Handshaking", "Established", "HalfClosed", "PeerClosed", "Closing", "Finishing", "Failing"];
    all.iter().position(|name| phase.starts_with(name)).unwrap_or(all.len())
}

/// `UPDATE_PHASE_TABLE=1 cargo test --test sessions phase_table` writes the table into the documentation.
#[test]
fn the_documentation_has_the_table_of_the_code() {
    let printed = printed();
    if std::env::var_os("UPDATE_PHASE_TABLE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/phase_table.md");
        std::fs::write(path, &printed).unwrap();
        return;
    }
    assert!(DOCUMENTED == printed, "the documented table is out of date, the code has:\n{printed}");
}

/// How many events a sequence has.
const LENGTH: usize = 7;

/// Walks every sequence of [`LENGTH`] events. With 22 events these are 2,494,357,888. An event that changes nothing
/// need not be tried twice in a row, and nothing follows `Closed`, so less than a thousand different courses are
/// left.
struct Walk {
    events: Vec<Event>,
    courses: u64,
}

/// What a sequence has done so far.
#[derive(Clone, Copy)]
struct Past {
    authorized: bool,
    close_notifies: u32,
}

impl Walk {
    fn from(&mut self, phase: &Phase, past: Past, left: usize) {
        let mut is_end = true;
        for event in self.events.clone() {
            let is_authorization = *phase == Phase::Handshaking && event == Event::HandshakeDone(Ok(()));
            let Some(next) = phase.on(event) else { continue };
            assert!(!matches!(phase, Phase::Closed(_)), "a phase follows Closed: {next:?}");
            let past = Past {
                authorized: past.authorized || is_authorization,
                close_notifies: past.close_notifies
                    + u32::from(next.has_close_notify() && !phase.has_close_notify()),
            };
            check(phase, &next, past);
            if left > 1 {
                is_end = false;
                self.from(&next, past, left - 1);
            }
        }
        self.courses += u64::from(is_end);
    }
}

fn check(from: &Phase, to: &Phase, past: Past) {
    assert_ne!(from, to, "a transition changes something");
    assert!(past.close_notifies <= 1, "two close_notify: {from:?} -> {to:?}");
    assert!(*to != Phase::Handshaking, "no phase leads back to the handshake");
    assert!(!to.is_authorized() || past.authorized, "data of an unauthorized peer: {from:?} -> {to:?}");
    assert!(!to.sends() || past.close_notifies == 0, "data behind close_notify: {from:?} -> {to:?}");
    assert!(!to.sends() || past.authorized, "data for an unauthorized peer: {from:?} -> {to:?}");
    if let Phase::Closed(CloseReason::Clean { .. }) = to {
        assert_eq!(past.close_notifies, 1, "clean without our close_notify: {from:?}");
    }
    if let Phase::PeerClosed { end: PeerEnd::Fin } = from {
        let is_clean = matches!(to, Phase::Finishing | Phase::Closed(CloseReason::Clean { .. }));
        assert!(!is_clean, "a truncation is called clean");
    }
}

#[test]
fn every_sequence_of_events_keeps_the_rules() {
    let mut walk = Walk { events: events().into_iter().map(|(_, event)| event).collect(), courses: 0 };
    walk.from(&Phase::Handshaking, Past { authorized: false, close_notifies: 0 }, LENGTH);
    assert!((300..1000).contains(&walk.courses), "{} courses", walk.courses);
}

/// Deadlines alone lead from every phase to the end. No peer can keep a session forever.
#[test]
fn every_phase_reaches_its_end_by_deadlines_alone() {
    for start in phases() {
        for timeout in Timeout::ALL {
            let mut phase = start.clone();
            for _ in 0..3 {
                phase = phase.on(Event::TimedOut(timeout)).unwrap_or(phase);
            }
            assert!(matches!(phase, Phase::Closed(_)), "{start:?} does not end by {timeout:?}: {phase:?}");
        }
    }
}
