//! Hostile clients against the real server. Each table lists what the clients do, how the server ends their
//! connection, and what it logs. After each case the server serves the next client, and its memory and descriptors
//! are as before.
//!
//! A row names a case of mio-check (`common/check`), which judges any server. Here the expectation is exact. The other
//! clients concern only our server: its flags, its accept queue, its log.
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

/// The cases that have no row here, and why.
const OTHERS: [(&str, &str); 10] = [
    ("unread-answer", "the client of floods.rs sends more, and the memory is measured"),
    ("resumption", "tests/resumption.rs"),
    ("early-data-of-a-ticket", "tests/early_data.rs"),
    ("beside-unread-answer", NEIGHBOURS),
    ("beside-silent-connections", NEIGHBOURS),
    ("beside-half-hellos", NEIGHBOURS),
    ("beside-handshake-storm", NEIGHBOURS),
    ("beside-key-updates", NEIGHBOURS),
    ("beside-tiny-records", NEIGHBOURS),
    ("beside-a-bulk-sender", NEIGHBOURS),
];
/// The server has one slot by default.
const NEIGHBOURS: &str = "tests/slots.rs";

#[test]
fn every_case_of_mio_check_has_a_row() {
    let tables = [
        framing::table(),
        ends::ends(),
        ends::alerts(),
        first_words::table(),
        hellos::table(),
        sealed::table(),
        floods::table(),
        many::table(),
        late::table(),
    ];
    let rows: Vec<String> = tables.iter().flatten().map(|case| case.name().to_owned()).collect();
    let others = OTHERS.map(|(name, _)| name);
    for case in check::cases::all().filter(|case| !others.contains(&case.about.name)) {
        for version in case.versions.of(&check::case::Version::ALL) {
            let name = format!("{}, {version}", case.about.name);
            assert!(rows.contains(&name), "no row for the case {name}");
        }
    }
    for name in others {
        assert!(check::cases::find(name).is_some(), "there is no case {name}");
    }
}
