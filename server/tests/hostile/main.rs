//! Hostile clients against the real server. Each table lists what the clients do, how the server ends their
//! connection, and what it logs. After each case the server serves the next client, and its memory and descriptors
//! are as before.
//!
//! A row names a case of mio-check (`common/check`), which judges any server. Here the expectation is exact. The other clients
//! concern only our server: its flags, its accept queue, its log.
//!
//! `CASE=words cargo test -p mio-server --test hostile` checks only the cases whose names contain these words.
#![allow(clippy::unwrap_used, clippy::panic)]

mod case;
mod certificates;
mod ends;
mod first_words;
mod floods;
mod framing;
mod hellos;
mod late;
mod many;
mod sealed;

use check::case::Group;

/// The groups whose cases have no rows here: other tests of the server measure its deadlines, its limits and its tickets.
const OTHERS: [Group; 4] = [Group::Resumption, Group::Backpressure, Group::Neighbours, Group::Deadlines];

#[test]
fn every_case_of_mio_check_has_a_row() {
    let tables = [
        framing::table(),
        ends::ends(),
        ends::alerts(),
        first_words::table(),
        hellos::table(),
        sealed::table(),
    ];
    let rows: Vec<String> = tables.iter().flatten().map(|case| case.name().to_owned()).collect();
    for case in check::cases::all().filter(|case| !OTHERS.contains(&case.group)) {
        for version in case.versions.of(&check::case::Version::ALL) {
            let name = format!("{}, {version}", case.about.name);
            assert!(rows.contains(&name), "no row for the case {name}");
        }
    }
}
