//! Hostile servers against the real client. Most of them are cases of mio-check. Each table lists the client's exit status and
//! last log line. The client must end within its own deadlines.
//!
//! `CASE=words cargo test -p mio-client --test hostile` checks only the cases whose names contain these words.
#![allow(clippy::unwrap_used, clippy::panic)]

mod case;
mod certificates;
mod ends;
mod first_words;
mod floods;
mod framing;
mod row;
mod sealed;

use check::clients;
use check::clients::case::Need;

/// A new case of mio-check needs a row here, unless it is about HTTP.
#[test]
fn every_case_for_this_client_has_a_row() {
    let rows = [
        framing::rows(),
        first_words::answers(),
        first_words::handshakes(),
        ends::rows(),
        sealed::rows(),
        floods::rows(),
        certificates::rows(),
    ];
    let names: Vec<_> = rows.iter().flatten().map(row::Row::name).collect();
    let applies = |case: &&clients::ClientCase| !case.needs.contains(&Need::Http);
    let missing: Vec<_> = clients::all()
        .filter(applies)
        .map(|case| case.about.name)
        .filter(|name| !names.contains(name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
