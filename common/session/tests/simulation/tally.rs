//! What was met in how many runs. A network that is too kind to meet something proves nothing about it.

use std::collections::BTreeMap;

use tls_session::close_reason::{CloseReason, Endpoint, Operation};
use tls_session::simulation::checker::Checker;
use tls_session::simulation::driver::Driver;

use crate::role::Role;

/// How many sessions met each thing.
pub type Tally = BTreeMap<&'static str, usize>;

/// What some session meets in a few thousand runs. The deadline of the whole session is missing: no run sets it.
pub const COMMON: [&str; 21] = [
    // Ways to end.
    "clean, we first",
    "clean, the peer first",
    "unconfirmed",
    "truncated",
    "truncated in the handshake",
    "abandoned",
    "abandoned by the application",
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
    "a refused write above the high-water mark",
    "a refused write",
];

/// What some session meets in a hundred thousand runs.
pub const RARE: &str = "a better reason after a failed write";

/// What this session has met.
pub fn met(end: &Driver<Role, Checker>) -> Vec<&'static str> {
    let seen = &end.seen;
    let has_better_reason =
        seen.was("WriteFailed") && !matches!(end.reason(), Some(CloseReason::Transport { .. }));
    let events = [
        (seen.has_yielded, "a turn that yields"),
        (seen.was_above_mark, "a refused write above the high-water mark"),
        (seen.was_refused, "a refused write"),
        (has_better_reason, RARE),
    ];
    let events = events.into_iter().filter(|(met, _)| *met).map(|(_, name)| name);
    end.reason().map(name_of).into_iter().chain(events).collect()
}

fn name_of(reason: &CloseReason) -> &'static str {
    match reason {
        CloseReason::Clean { first: Endpoint::Local } => "clean, we first",
        CloseReason::Clean { first: Endpoint::Peer } => "clean, the peer first",
        CloseReason::Unconfirmed => "unconfirmed",
        CloseReason::Truncated { established: true } => "truncated",
        CloseReason::Truncated { established: false } => "truncated in the handshake",
        CloseReason::Abandoned => "abandoned",
        CloseReason::AbandonedByApplication => "abandoned by the application",
        CloseReason::Aborted => "aborted",
        CloseReason::PeerAlert(..) => "the peer's alert",
        CloseReason::NotTls(_) => "not TLS",
        CloseReason::Unauthorized(_) => "unauthorized",
        CloseReason::Tls(_) => "TLS",
        CloseReason::KeysUsedUp { .. } => "keys used up",
        CloseReason::Transport { operation: Operation::Read, .. } => "a read failed",
        CloseReason::Transport { operation: Operation::Write, .. } => "a write failed",
        CloseReason::TimedOut(timeout) => timeout.name(),
    }
}
