//! Servers with certificates that a client must not accept. An attacker on the way can present one.

use std::io;
use std::time::Duration;

use super::case::{ClientCase, ClientGroup, Expect, Reading, Serve};
use super::identities::Kind;
use super::message::Delimiter;
use super::visit::Visit;
use crate::case::About;
use crate::wire::Connection;

const GOOD: &str = "The client reports an error, and sends no request. A client whose command names no authority may verify \
                    nothing: this is noted.";

/// The cases of this group.
pub static CASES: &[ClientCase] = &[
    case(
        "expired-certificate",
        "The server's certificate has expired.",
        "RFC 5280, 6.1.3",
        Reading::Unverified("the certificate has expired"),
        |visit, connection| present(visit, connection, Kind::Expired),
    ),
    case(
        "unknown-authority",
        "An authority that the client does not know has signed the server's certificate.",
        "RFC 5280, 6.1",
        Reading::Unverified("the certificate is signed by an unknown authority"),
        |visit, connection| present(visit, connection, Kind::UnknownAuthority),
    ),
    case(
        "self-signed-certificate",
        "The server's certificate has signed itself.",
        "RFC 5280, 6.1",
        Reading::Unverified("the certificate has signed itself"),
        |visit, connection| present(visit, connection, Kind::SelfSigned),
    ),
    case(
        "other-name",
        "The server's certificate is valid, but for another name.",
        "RFC 9110, 4.3.4; RFC 9525, 6",
        Reading::UnverifiedName,
        |visit, connection| present(visit, connection, Kind::OtherName),
    ),
];

const fn case(
    name: &'static str,
    tries: &'static str,
    source: &'static str,
    success: Reading,
    serve: Serve,
) -> ClientCase {
    ClientCase {
        about: About { name, tries, good: GOOD, source, guide: "symptoms.md#resumption-and-certificates" },
        group: ClientGroup::Certificates,
        needs: &[],
        serve,
        expect: Expect { success, ..Expect::error_at_end("") },
        extra: Duration::ZERO,
        unread: Duration::ZERO,
    }
}

/// Presents this certificate. Answers as usual if the client accepts it.
fn present(visit: &Visit<'_>, connection: Connection, kind: Kind) -> io::Result<()> {
    visit.reached();
    let mut server = visit.server_with(kind, connection)?;
    visit.prepare(&mut server)?;
    visit.answer(server, Delimiter::Length)
}
