//! What was met in how many runs, so that a network too kind to meet it does not pass for a proof.

use std::collections::BTreeMap;

use tls_session::close_reason::{CloseReason, Doing, Party};

use crate::end::End;

/// How many sessions met each thing.
pub type Tally = BTreeMap<&'static str, usize>;

/// What some session meets in a few thousand runs. Left out is the deadline that nobody here sets, for the session as a
/// whole.
pub const COMMON: [&str; 21] = [
    // Ways to end.
    "clean, we first",
    "clean, the peer first",
    "unconfirmed",
    "truncated",
    "truncated in the handshake",
    "abandoned",
    "left",
    "the peer's alert",
    "not TLS",
    "unauthorized",
    "TLS",
    "a read failed",
    "a write failed",
    // Deadlines that ended it.
    "wait",
    "handshake",
    "idle",
    "write",
    "close",
    // On the way there.
    "a turn that yields",
    "too much owed to read on",
    "a write that was refused",
];

/// What some session meets in a hundred thousand runs.
pub const RARE: &str = "a better reason behind a failed write";

/// What this session has met.
pub fn met(end: &End) -> Vec<&'static str> {
    let record = &end.record;
    let severed = record.was("WriteFailed") && !matches!(end.reason, Some(CloseReason::Transport { .. }));
    let events = [
        (record.yielded, "a turn that yields"),
        (record.held_up, "too much owed to read on"),
        (record.was_refused, "a write that was refused"),
        (severed, RARE),
    ];
    let events = events.into_iter().filter(|(met, _)| *met).map(|(_, name)| name);
    end.reason.iter().map(name_of).chain(events).collect()
}

fn name_of(reason: &CloseReason) -> &'static str {
    match reason {
        CloseReason::Clean { first: Party::Us } => "clean, we first",
        CloseReason::Clean { first: Party::Peer } => "clean, the peer first",
        CloseReason::Unconfirmed => "unconfirmed",
        CloseReason::Truncated { established: true } => "truncated",
        CloseReason::Truncated { established: false } => "truncated in the handshake",
        CloseReason::Abandoned => "abandoned",
        CloseReason::AbandonedByApplication => "left",
        CloseReason::PeerAlert(..) => "the peer's alert",
        CloseReason::NotTls(_) => "not TLS",
        CloseReason::Unauthorized(_) => "unauthorized",
        CloseReason::Tls(_) => "TLS",
        CloseReason::Transport { doing: Doing::Reading, .. } => "a read failed",
        CloseReason::Transport { doing: Doing::Writing, .. } => "a write failed",
        CloseReason::TimedOut(timeout) => timeout.name(),
    }
}
