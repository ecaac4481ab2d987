//! Servers that answer the ClientHello with something else than a handshake.

use std::io;
use std::time::Duration;

use super::case::{ClientCase, ClientGroup, Expect};
use super::visit::Visit;
use crate::case::About;
use crate::wire::Connection;
use crate::wire::hello::{ClientHello, fatal_alert, handshake, record};

const NO_SESSION: &str = "there was no session, and no answer";
const GOOD: &str =
    "The client reports an error. It does not wait for more from a server that does not speak TLS.";
const RECORD: &str = "RFC 8446, 5";
const GUIDE: &str = "symptoms.md#a-call-returns-an-error-or-panics";

/// The cases of this group.
pub static CASES: &[ClientCase] = &[
    answer(
        "http-answer",
        "The server answers the ClientHello with an HTTP error.",
        GOOD,
        RECORD,
        |visit, connection| {
            reply(visit, connection, b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        },
    ),
    answer(
        "ssh-answer",
        "The server answers the ClientHello as an SSH server.",
        GOOD,
        RECORD,
        |visit, connection| reply(visit, connection, b"SSH-2.0-OpenSSH_9.2p1\r\n"),
    ),
    answer(
        "smtp-answer",
        "The server answers the ClientHello as a mail server.",
        GOOD,
        RECORD,
        |visit, connection| reply(visit, connection, b"220 mail.example.org ESMTP\r\n"),
    ),
    answer(
        "noise-answer",
        "The server answers the ClientHello with noise.",
        GOOD,
        RECORD,
        |visit, connection| reply(visit, connection, b"\x1b[2J\nxx\xff\xff\xff"),
    ),
    answer(
        "client-hello-answer",
        "The server answers the ClientHello with a ClientHello.",
        "The client reports an error.",
        "RFC 8446, 4: unexpected_message",
        |visit, connection| reply(visit, connection, &record(22, &handshake(1, &[0; 40])?)?),
    ),
    answer(
        "data-before-handshake",
        "The server answers the ClientHello with an unencrypted record of application data.",
        "The client reports an error, and does not show the data.",
        "RFC 8446, 5.2",
        |visit, connection| reply(visit, connection, &record(23, super::message::FORGED)?),
    ),
    answer(
        "empty-server-hello",
        "The server answers with a ServerHello without content.",
        "The client reports an error.",
        "RFC 8446, 6.2: decode_error",
        |visit, connection| reply(visit, connection, &record(22, &handshake(2, &[])?)?),
    ),
    answer(
        "too-long-record",
        "The server begins a record of 18,433 bytes, which is one more than TLS 1.2 allows.",
        "The client reports an error, and does not wait for the record.",
        "RFC 8446, 5.1: record_overflow",
        |visit, connection| reply(visit, connection, &[22, 3, 3, 0x48, 1]),
    ),
    answer(
        "message-of-16-mb",
        "The server begins a ServerHello of 16 MB, and sends 1 MB of it.",
        "The client reports an error. It does not wait, and does not store 16 MB.",
        "RFC 8446, 4",
        |visit, connection| {
            let message = [&[2, 0xff, 0xff, 0xff][..], &vec![0; 1 << 20]].concat();
            let records: io::Result<Vec<_>> = message.chunks(16_384).map(|part| record(22, part)).collect();
            reply(visit, connection, &records?.concat())
        },
    ),
    answer(
        "empty-handshake-records",
        "The server answers with 1,000 empty handshake records.",
        "The client reports an error.",
        "RFC 8446, 5.1: MUST NOT send zero-length fragments",
        |visit, connection| reply(visit, connection, &record(22, &[])?.repeat(1000)),
    ),
    answer(
        "change-cipher-specs",
        "The server answers with 1,000 ChangeCipherSpec records.",
        "The client reports an error.",
        "RFC 8446, 5",
        |visit, connection| reply(visit, connection, &record(20, &[1])?.repeat(1000)),
    ),
    answer(
        "warning-alerts",
        "The server answers with 1,000 warnings.",
        "The client reports an error.",
        "RFC 8446, 6",
        |visit, connection| reply(visit, connection, &record(21, &[1, 90])?.repeat(1000)),
    ),
    answer(
        "tls-1.1-only",
        "The server chooses TLS 1.1.",
        "The client reports an error. TLS 1.1 must not be used.",
        "RFC 8996, 5",
        |visit, connection| {
            reply(visit, connection, &record(22, &handshake(2, &server_hello(0x0302, 0xc02b))?)?)
        },
    ),
    answer(
        "suite-not-offered",
        "The server chooses a cipher suite that the client has not offered.",
        "The client reports an error.",
        "RFC 8446, 4.1.3: MUST abort",
        |visit, mut connection| {
            let hello = visit.hello(&mut connection)?;
            let offered = ClientHello::parse(&hello).map(|hello| hello.suites).unwrap_or_default();
            let suite = NOT_USUAL.into_iter().find(|suite| !offered.contains(suite)).unwrap_or(0);
            visit.attack(&mut connection, &record(22, &handshake(2, &server_hello(0x0303, suite))?)?);
            visit.hold(connection);
            Ok(())
        },
    ),
    ClientCase {
        about: about(
            "fatal-alert-answer",
            "The server answers the ClientHello with the fatal alert handshake_failure.",
            "The client reports an error, and ends.",
            "RFC 8446, 6.2",
        ),
        expect: Expect::error(NO_SESSION, "a fatal alert ends the connection (RFC 8446, 6.2: MUST)"),
        ..answer("", "", "", "", |visit, connection| reply(visit, connection, &fatal_alert(40)))
    },
];

/// Suites that few clients offer: without forward secrecy, and none at all.
const NOT_USUAL: [u16; 4] = [0x002f, 0x0035, 0x0096, 0x0000];

const fn about(name: &'static str, tries: &'static str, good: &'static str, source: &'static str) -> About {
    About { name, tries, good, source, guide: GUIDE }
}

/// A case whose server keeps the connection open. A client that still waits may wait for the rest of a record or a message.
const fn answer(
    name: &'static str,
    tries: &'static str,
    good: &'static str,
    source: &'static str,
    serve: super::case::Serve,
) -> ClientCase {
    ClientCase {
        about: about(name, tries, good, source),
        group: ClientGroup::Answers,
        needs: &[],
        serve,
        expect: Expect::error_or_wait(NO_SESSION),
        extra: Duration::ZERO,
        unread: Duration::ZERO,
    }
}

/// Answers the ClientHello with these bytes, and keeps the connection open.
fn reply(visit: &Visit<'_>, mut connection: Connection, bytes: &[u8]) -> io::Result<()> {
    visit.hello(&mut connection)?;
    visit.attack(&mut connection, bytes);
    visit.hold(connection);
    Ok(())
}

/// The body of a ServerHello without extensions.
fn server_hello(version: u16, suite: u16) -> Vec<u8> {
    [&version.to_be_bytes()[..], &[7; 32], &[0], &suite.to_be_bytes(), &[0]].concat()
}
