//! Servers that answer the ClientHello with something else than a handshake.

use std::io;

use super::case::{ClientCase, ClientGroup, Expect, FATAL};
use super::visit::Visit;
use crate::case::About;
use crate::wire::Connection;
use crate::wire::hello::{ClientHello, LONGEST, fatal_alert, handshake, record, records_of};

const NO_SESSION: &str = "there was no session, and no answer";
const GOOD: &str =
    "The client reports an error. It does not wait for more from a server that does not speak TLS.";
const RECORD: &str = "RFC 8446, 5";
/// The server keeps the connection open. A client that still waits may wait for the rest of a record or a message.
const ERROR: Expect = Expect::error_or_wait(NO_SESSION);

/// The common part of all descriptions.
const fn about(name: &'static str) -> About {
    About::new(name).guide("symptoms.md#a-call-returns-an-error-or-panics")
}

/// The cases of this group.
pub static CASES: &[ClientCase] = &[
    about("http-answer")
        .tries("The server answers the ClientHello with an HTTP error.")
        .good(GOOD)
        .source(RECORD)
        .client_case(ClientGroup::Answers, &[], ERROR, |visit, connection| {
            reply(visit, connection, b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        }),
    about("ssh-answer")
        .tries("The server answers the ClientHello as an SSH server.")
        .good(GOOD)
        .source(RECORD)
        .client_case(ClientGroup::Answers, &[], ERROR, |visit, connection| {
            reply(visit, connection, b"SSH-2.0-OpenSSH_9.2p1\r\n")
        }),
    about("smtp-answer")
        .tries("The server answers the ClientHello as a mail server.")
        .good(GOOD)
        .source(RECORD)
        .client_case(ClientGroup::Answers, &[], ERROR, |visit, connection| {
            reply(visit, connection, b"220 mail.example.org ESMTP\r\n")
        }),
    about("noise-answer")
        .tries("The server answers the ClientHello with noise.")
        .good(GOOD)
        .source(RECORD)
        .client_case(ClientGroup::Answers, &[], ERROR, |visit, connection| {
            reply(visit, connection, b"\x1b[2J\nxx\xff\xff\xff")
        }),
    about("client-hello-answer")
        .tries("The server answers the ClientHello with a ClientHello.")
        .good("The client reports an error.")
        .source("RFC 8446, 4: unexpected_message")
        .client_case(ClientGroup::Answers, &[], ERROR, |visit, connection| {
            reply(visit, connection, &record(22, &handshake(1, &[0; 40])?)?)
        }),
    about("data-before-handshake")
        .tries("The server answers the ClientHello with an unencrypted record of application data.")
        .good("The client reports an error, and does not show the data.")
        .source("RFC 8446, 5.2")
        .client_case(ClientGroup::Answers, &[], ERROR, |visit, connection| {
            reply(visit, connection, &record(23, super::message::FORGED)?)
        }),
    about("empty-server-hello")
        .tries("The server answers with a ServerHello without content.")
        .good("The client reports an error.")
        .source("RFC 8446, 6.2: decode_error")
        .client_case(ClientGroup::Answers, &[], ERROR, |visit, connection| {
            reply(visit, connection, &record(22, &handshake(2, &[])?)?)
        }),
    about("too-long-record")
        .tries("The server begins a record of 18,433 bytes, which is one more than TLS 1.2 allows.")
        .good("The client reports an error, and does not wait for the record.")
        .source("RFC 8446, 5.1: record_overflow")
        .client_case(ClientGroup::Answers, &[], ERROR, |visit, connection| {
            reply(visit, connection, &[22, 3, 3, 0x48, 1])
        }),
    about("message-of-16-mb")
        .tries("The server begins a ServerHello of 16 MB, and sends 1 MB of it.")
        .good("The client reports an error. It does not wait, and does not store 16 MB.")
        .source("RFC 8446, 4")
        .client_case(ClientGroup::Answers, &[], ERROR, |visit, connection| {
            let message = [&[2, 0xff, 0xff, 0xff][..], &vec![0; 1 << 20]].concat();
            reply(visit, connection, &records_of(&message, LONGEST)?)
        }),
    about("empty-handshake-records")
        .tries("The server answers with 1,000 empty handshake records.")
        .good("The client reports an error.")
        .source("RFC 8446, 5.1: MUST NOT send zero-length fragments")
        .client_case(ClientGroup::Answers, &[], ERROR, |visit, connection| {
            reply(visit, connection, &record(22, &[])?.repeat(1000))
        }),
    about("change-cipher-specs")
        .tries("The server answers with 1,000 ChangeCipherSpec records.")
        .good("The client reports an error.")
        .source("RFC 8446, 5")
        .client_case(ClientGroup::Answers, &[], ERROR, |visit, connection| {
            reply(visit, connection, &record(20, &[1])?.repeat(1000))
        }),
    about("warning-alerts")
        .tries("The server answers with 1,000 warnings.")
        .good("The client reports an error.")
        .source("RFC 8446, 6")
        .client_case(ClientGroup::Answers, &[], ERROR, |visit, connection| {
            reply(visit, connection, &record(21, &[1, 90])?.repeat(1000))
        }),
    about("tls-1.1-only")
        .tries("The server chooses TLS 1.1.")
        .good("The client reports an error. TLS 1.1 must not be used.")
        .source("RFC 8996, 5")
        .client_case(ClientGroup::Answers, &[], ERROR, |visit, connection| {
            reply(visit, connection, &record(22, &handshake(2, &server_hello(0x0302, 0xc02b))?)?)
        }),
    about("suite-not-offered")
        .tries("The server chooses a cipher suite that the client has not offered.")
        .good("The client reports an error.")
        .source("RFC 8446, 4.1.3: MUST abort")
        .client_case(ClientGroup::Answers, &[], ERROR, |visit, mut connection| {
            let hello = visit.hello(&mut connection)?;
            let offered = ClientHello::parse(&hello).map(|hello| hello.suites).unwrap_or_default();
            let suite = NOT_USUAL.into_iter().find(|suite| !offered.contains(suite)).unwrap_or(0);
            visit.attack(&mut connection, &record(22, &handshake(2, &server_hello(0x0303, suite))?)?);
            visit.hold(connection)
        }),
    about("fatal-alert-answer")
        .tries("The server answers the ClientHello with the fatal alert handshake_failure.")
        .good("The client reports an error, and ends.")
        .source("RFC 8446, 6.2")
        .client_case(ClientGroup::Answers, &[], Expect::error(NO_SESSION, FATAL), |visit, connection| {
            reply(visit, connection, &fatal_alert(40))
        }),
];

/// Suites that few clients offer: without forward secrecy, and none at all.
const NOT_USUAL: [u16; 4] = [0x002f, 0x0035, 0x0096, 0x0000];

/// Answers the ClientHello with these bytes, and keeps the connection open.
fn reply(visit: &Visit<'_>, mut connection: Connection, bytes: &[u8]) -> io::Result<()> {
    visit.hello(&mut connection)?;
    visit.attack(&mut connection, bytes);
    visit.hold(connection)
}

/// The body of a ServerHello without extensions.
fn server_hello(version: u16, suite: u16) -> Vec<u8> {
    [&version.to_be_bytes()[..], &[7; 32], &[0], &suite.to_be_bytes(), &[0]].concat()
}
