//! Servers with certificates that a client must not accept. An attacker on the way can present one.

use std::io;

use super::case::{ClientCase, ClientGroup, Expect, Reading};
use super::identities::Kind;
use super::message::Delimiter;
use super::visit::Visit;
use crate::case::About;
use crate::wire::Connection;

const GOOD: &str = "The client reports an error, and sends no request. A client whose command names no authority may verify \
                    nothing: this is noted.";

/// The meaning of each end of a client that must refuse the certificate.
const fn refused(success: Reading) -> Expect {
    Expect { success, ..Expect::error_at_end("") }
}

/// The common part of all descriptions.
const fn about(name: &'static str) -> About {
    About::new(name).good(GOOD).guide("symptoms.md#resumption-and-certificates")
}

/// The cases of this group.
pub static CASES: &[ClientCase] = &[
    about("expired-certificate")
        .tries("The server's certificate has expired.")
        .source("RFC 5280, 6.1.3")
        .client_case(
            ClientGroup::Certificates,
            &[],
            refused(Reading::Unverified("the certificate has expired")),
            |visit, connection| present(visit, connection, Kind::Expired),
        ),
    about("unknown-authority")
        .tries("An authority that the client does not know has signed the server's certificate.")
        .source("RFC 5280, 6.1")
        .client_case(
            ClientGroup::Certificates,
            &[],
            refused(Reading::Unverified("the certificate is signed by an unknown authority")),
            |visit, connection| present(visit, connection, Kind::UnknownAuthority),
        ),
    about("self-signed-certificate")
        .tries("The server's certificate has signed itself.")
        .source("RFC 5280, 6.1")
        .client_case(
            ClientGroup::Certificates,
            &[],
            refused(Reading::Unverified("the certificate has signed itself")),
            |visit, connection| present(visit, connection, Kind::SelfSigned),
        ),
    about("other-name")
        .tries("The server's certificate is valid, but for another name.")
        .source("RFC 9110, 4.3.4; RFC 9525, 6")
        .client_case(
            ClientGroup::Certificates,
            &[],
            refused(Reading::UnverifiedName),
            |visit, connection| present(visit, connection, Kind::OtherName),
        ),
];

/// Presents this certificate. Answers as usual if the client accepts it.
fn present(visit: &Visit<'_>, connection: Connection, kind: Kind) -> io::Result<()> {
    visit.reached();
    let mut server = visit.server_with(kind, connection)?;
    visit.prepare(&mut server)?;
    visit.answer(server, Delimiter::Length)
}
