//! Encrypted records that must not come. The server sends them after half of its answer.

use std::io;

use rustls::ContentType;

use super::case::{ClientCase, ClientGroup, DAMAGED, Expect, OUTPUT, OUTPUT13, Reading};
use super::message::{Delimiter, FORGED, USUAL};
use super::visit::Visit;
use crate::case::About;
use crate::wire::Connection;
use crate::wire::hello::handshake;

const HALF: &str = "only half of the answer came";
const IGNORED: &str = "it must end the session (RFC 8446, 4: MUST abort with unexpected_message)";
const DAMAGED_RECORD: Expect = Expect::error(HALF, DAMAGED);
const MUST_END: Expect = Expect::error(IGNORED, IGNORED);
const MAY_GO_ON: Expect = Expect { success: Reading::Allowed, hang: Reading::Allowed, ..MUST_END };
const ERROR: &str = "The client ends the session with an error.";

/// The common part of all descriptions.
const fn about(name: &'static str) -> About {
    About::new(name).guide("traps.md#the-end")
}

/// The cases of this group.
pub static CASES: &[ClientCase] = &[
    about("damaged-record")
        .tries(
            "The server sends half of an answer, and a record with one changed byte. The connection stays \
             open.",
        )
        .good("The client ends the session with an error, and does not show the record.")
        .source("RFC 8446, 5.2; RFC 5246, 7.2.2: bad_record_mac")
        .client_case(ClientGroup::Sealed, OUTPUT, DAMAGED_RECORD, |visit, connection| {
            let (mut server, _) = visit.half(connection, Delimiter::Close)?;
            let mut record = server.seal(FORGED)?;
            let middle = record.len() / 2;
            record[middle] ^= 1;
            visit.attack(server.connection(), &record);
            visit.hold_session(server)
        }),
    about("invalid-record-and-more")
        .tries("The server sends half of an answer, and 40,000 bytes that are no valid record.")
        .good("The client ends the session with an error.")
        .source("RFC 8446, 5.2; RFC 5246, 7.2.2: bad_record_mac")
        .client_case(ClientGroup::Sealed, OUTPUT, DAMAGED_RECORD, |visit, connection| {
            let (mut server, _) = visit.half(connection, Delimiter::Close)?;
            visit.attack(server.connection(), &[&[23, 3, 3, 0, 20][..], &[0; 40_000]].concat());
            visit.hold_session(server)
        }),
    about("unencrypted-record")
        .tries("The server sends half of an answer, and an unencrypted record with data.")
        .good("The client ends the session with an error, and does not show the record.")
        .source("RFC 8446, 5.2; RFC 5246, 7.2.2: bad_record_mac")
        .client_case(ClientGroup::Sealed, OUTPUT, DAMAGED_RECORD, |visit, connection| {
            let (mut server, _) = visit.half(connection, Delimiter::Close)?;
            visit.attack(server.connection(), &crate::wire::hello::record(23, FORGED)?);
            visit.hold_session(server)
        }),
    about("replayed-record")
        .tries("The server sends half of an answer, and its last record again. The connection stays open.")
        .good("The client ends the session with an error, and does not show the record again.")
        .source("RFC 8446, 5.2 and 5.3; RFC 5246, 7.2.2: bad_record_mac")
        .client_case(ClientGroup::Sealed, OUTPUT, DAMAGED_RECORD, |visit, connection| {
            let mut server = visit.server(connection)?;
            visit.prepare(&mut server)?;
            let record = server.seal(&visit.message(Delimiter::Close).first)?;
            server.connection().send(&record)?;
            visit.settle(&mut server)?;
            visit.reached();
            visit.attack(server.connection(), &record);
            visit.hold_session(server)
        }),
    about("second-finished")
        .tries("The server sends a second Finished in the middle of its answer.")
        .good(ERROR)
        .source("RFC 8446, 4")
        .client_case(ClientGroup::Sealed, OUTPUT13, MUST_END, |visit, connection| {
            in_the_middle(visit, connection, &handshake(20, &[0; 32])?)
        }),
    about("hello-request")
        .tries("The server sends a HelloRequest in the middle of its answer.")
        .good(ERROR)
        .source("RFC 8446, 4")
        .client_case(ClientGroup::Sealed, OUTPUT13, MUST_END, |visit, connection| {
            in_the_middle(visit, connection, &handshake(0, &[])?)
        }),
    about("late-certificate-request")
        .tries("The server sends an invalid CertificateRequest in the middle of its answer.")
        .good(ERROR)
        .source("RFC 8446, 4.6.2 and 6.2")
        .client_case(ClientGroup::Sealed, OUTPUT13, MUST_END, |visit, connection| {
            in_the_middle(visit, connection, &handshake(13, &[0; 8])?)
        }),
    about("invalid-key-update")
        .tries("The server sends a KeyUpdate with the value 7 in the middle of its answer.")
        .good(ERROR)
        .source("RFC 8446, 4.6.3: MUST terminate")
        .client_case(ClientGroup::Sealed, OUTPUT13, MUST_END, |visit, connection| {
            in_the_middle(visit, connection, &handshake(24, &[7])?)
        }),
    about("empty-ticket")
        .tries("The server sends a ticket of 0 bytes in the middle of its answer.")
        .good("The client ends the session with an error, or ignores the ticket and shows the whole answer.")
        .source("RFC 8446, 4.6.1")
        .client_case(ClientGroup::Sealed, OUTPUT13, MAY_GO_ON, |visit, connection| {
            in_the_middle(visit, connection, &handshake(4, &[0; 13])?)
        }),
];

/// Sends half of an answer, this handshake message, the rest of the answer, and close_notify. The connection stays open.
fn in_the_middle(visit: &Visit<'_>, connection: Connection, message: &[u8]) -> io::Result<()> {
    let (mut server, answer) = visit.half(connection, Delimiter::Close)?;
    let bytes = [
        visit.forge.seal(&mut server, ContentType::Handshake, message)?,
        server.seal(&answer.rest)?,
        server.seal_close_notify()?,
    ];
    visit.happened.facts().complete = Some(USUAL);
    visit.attack(server.connection(), &bytes.concat());
    visit.hold_session(server)
}
