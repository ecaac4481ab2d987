//! Encrypted records that must not come. The server sends them after half of its answer.

use std::io;
use std::time::Duration;

use rustls::ContentType;

use super::case::{ClientCase, ClientGroup, Expect, Need, Reading, Serve};
use super::message::{Delimiter, FORGED, USUAL};
use super::visit::Visit;
use crate::case::About;
use crate::wire::Connection;
use crate::wire::hello::handshake;

const HALF: &str = "only half of the answer came";
const IGNORED: &str = "it must end the session (RFC 8446, 4: MUST abort with unexpected_message)";
const DAMAGED: &str = "a damaged record ends the connection (RFC 8446, 5.2: MUST)";
const OUTPUT: &[Need] = &[Need::Output];
const OUTPUT13: &[Need] = &[Need::Output, Need::Tls13];
const MUST_END: Expect = Expect::error(IGNORED, IGNORED);
const ERROR: &str = "The client ends the session with an error.";

/// The cases of this group.
pub static CASES: &[ClientCase] = &[
    case(
        "damaged-record",
        "The server sends half of an answer, and a record with one changed byte. The connection stays open.",
        "The client ends the session with an error, and does not show the record.",
        "RFC 8446, 5.2; RFC 5246, 7.2.2: bad_record_mac",
        OUTPUT,
        Expect::error(HALF, DAMAGED),
        |visit, connection| {
            let (mut server, _) = visit.half(connection, Delimiter::Close)?;
            let mut record = server.seal(FORGED)?;
            let middle = record.len() / 2;
            record[middle] ^= 1;
            visit.attack(server.connection(), &record);
            visit.hold_session(server);
            Ok(())
        },
    ),
    case(
        "invalid-record-and-more",
        "The server sends half of an answer, and 40,000 bytes that are no valid record.",
        "The client ends the session with an error.",
        "RFC 8446, 5.2; RFC 5246, 7.2.2: bad_record_mac",
        OUTPUT,
        Expect::error(HALF, DAMAGED),
        |visit, connection| {
            let (mut server, _) = visit.half(connection, Delimiter::Close)?;
            visit.attack(server.connection(), &[&[23, 3, 3, 0, 20][..], &[0; 40_000]].concat());
            visit.hold_session(server);
            Ok(())
        },
    ),
    case(
        "unencrypted-record",
        "The server sends half of an answer, and an unencrypted record with data.",
        "The client ends the session with an error, and does not show the record.",
        "RFC 8446, 5.2; RFC 5246, 7.2.2: bad_record_mac",
        OUTPUT,
        Expect::error(HALF, DAMAGED),
        |visit, connection| {
            let (mut server, _) = visit.half(connection, Delimiter::Close)?;
            visit.attack(server.connection(), &crate::wire::hello::record(23, FORGED)?);
            visit.hold_session(server);
            Ok(())
        },
    ),
    case(
        "replayed-record",
        "The server sends half of an answer, and its last record again. The connection stays open.",
        "The client ends the session with an error, and does not show the record again.",
        "RFC 8446, 5.2 and 5.3; RFC 5246, 7.2.2: bad_record_mac",
        OUTPUT,
        Expect::error(HALF, DAMAGED),
        |visit, connection| {
            let mut server = visit.server(connection)?;
            visit.prepare(&mut server)?;
            let record = server.seal(&visit.message(Delimiter::Close).first)?;
            server.connection().send(&record)?;
            visit.settle(&mut server)?;
            visit.reached();
            visit.attack(server.connection(), &record);
            visit.hold_session(server);
            Ok(())
        },
    ),
    case(
        "second-finished",
        "The server sends a second Finished in the middle of its answer.",
        ERROR,
        "RFC 8446, 4",
        OUTPUT13,
        MUST_END,
        |visit, connection| in_the_middle(visit, connection, &handshake(20, &[0; 32])?),
    ),
    case(
        "hello-request",
        "The server sends a HelloRequest in the middle of its answer.",
        ERROR,
        "RFC 8446, 4",
        OUTPUT13,
        MUST_END,
        |visit, connection| in_the_middle(visit, connection, &handshake(0, &[])?),
    ),
    case(
        "late-certificate-request",
        "The server sends an invalid CertificateRequest in the middle of its answer.",
        ERROR,
        "RFC 8446, 4.6.2 and 6.2",
        OUTPUT13,
        MUST_END,
        |visit, connection| in_the_middle(visit, connection, &handshake(13, &[0; 8])?),
    ),
    case(
        "invalid-key-update",
        "The server sends a KeyUpdate with the value 7 in the middle of its answer.",
        ERROR,
        "RFC 8446, 4.6.3: MUST terminate",
        OUTPUT13,
        MUST_END,
        |visit, connection| in_the_middle(visit, connection, &handshake(24, &[7])?),
    ),
    case(
        "empty-ticket",
        "The server sends a ticket of 0 bytes in the middle of its answer.",
        "The client ends the session with an error, or ignores the ticket and shows the whole answer.",
        "RFC 8446, 4.6.1",
        OUTPUT13,
        Expect { success: Reading::Allowed, hang: Reading::Allowed, ..MUST_END },
        |visit, connection| in_the_middle(visit, connection, &handshake(4, &[0; 13])?),
    ),
];

const fn case(
    name: &'static str,
    tries: &'static str,
    good: &'static str,
    source: &'static str,
    needs: &'static [Need],
    expect: Expect,
    serve: Serve,
) -> ClientCase {
    ClientCase {
        about: About { name, tries, good, source, guide: "traps.md#the-end" },
        group: ClientGroup::Sealed,
        needs,
        serve,
        expect,
        extra: Duration::ZERO,
        unread: Duration::ZERO,
    }
}

/// Sends half of an answer, this handshake message, the rest of the answer, and close_notify. The connection stays open.
fn in_the_middle(visit: &Visit<'_>, connection: Connection, message: &[u8]) -> io::Result<()> {
    let (mut server, answer) = visit.half(connection, Delimiter::Close)?;
    let bytes = [
        visit.forged(&mut server, ContentType::Handshake, message)?,
        server.seal(&answer.rest)?,
        server.seal_close_notify()?,
    ];
    visit.happened.facts().complete = Some(USUAL);
    visit.attack(server.connection(), &bytes.concat());
    visit.hold_session(server);
    Ok(())
}
