//! What the trace and the pages call alike.

use tls_session::observer::EventSource;
use tls_session::readiness::Readiness;

/// What a socket is ready for.
pub(crate) fn readiness(readiness: Readiness) -> String {
    let bits = [
        (readiness.is_readable(), "readable"),
        (readiness.is_writable(), "writable"),
        (readiness.is_read_closed(), "read closed"),
    ];
    let names: Vec<&str> = bits.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect();
    names.join(", ")
}

/// What an event was for.
pub(crate) fn event_source(source: EventSource) -> String {
    match source {
        EventSource::Signals => "signals".to_owned(),
        EventSource::Listener => "listener".to_owned(),
        EventSource::Queued(peer) => format!("queued {peer}"),
        EventSource::Stdin => "stdin".to_owned(),
        EventSource::Draining(peer) => format!("draining {peer}"),
    }
}
