//! ClientHellos that the server cannot answer, and wrong records after a ClientHello.

use check::wire::hello::{
    ClientHello, KEY_SHARE, SIGNATURE_ALGORITHMS, SUPPORTED_GROUPS, SUPPORTED_VERSIONS, handshake, record,
};
use rustls::AlertDescription as Alert;
use rustls::version::{TLS12, TLS13};
use testing::echo_server::EchoServer;
use testing::peer::End;

use crate::case::{Case, alert, check_all, client_hello, read_end, send, send_and_read_end};

/// An unassigned number, for a suite and for a group.
const UNKNOWN: u16 = 0x7f7f;

fn changed(
    name: &str,
    change: impl Fn(&mut ClientHello) + Sync + 'static,
    end: Alert,
    log: &'static str,
) -> Case {
    let client = move |server: &EchoServer| {
        let mut hello = ClientHello::parse(&client_hello(server, &[&TLS13, &TLS12])).unwrap();
        change(&mut hello);
        send_and_read_end(server, &hello.record().unwrap())
    };
    Case::new(name, client, alert(end), log)
}

fn old(version: u16) -> impl Fn(&mut ClientHello) + Sync {
    move |hello| {
        hello.version = version;
        hello.set(SUPPORTED_VERSIONS, None);
    }
}

const TLS_1_0: &str = "TLS failed: no version in common: the client offers TLS 1.0, which is obsolete (RFC 8996); \
                       we allow TLS 1.3, TLS 1.2";
const TLS_1_1: &str = "TLS failed: no version in common: the client offers TLS 1.1, which is obsolete (RFC 8996); \
                       we allow TLS 1.3, TLS 1.2";

#[test]
fn hellos_without_an_answer() {
    check_all(&[
        changed("TLS 1.0 alone", old(0x0301), Alert::ProtocolVersion, TLS_1_0),
        changed(
            "TLS 1.1 without the extensions of TLS 1.2",
            |hello| {
                old(0x0302)(hello);
                hello.set(SIGNATURE_ALGORITHMS, None);
            },
            Alert::HandshakeFailure,
            TLS_1_1,
        ),
        changed(
            "only TLS 1.0 in supported_versions",
            |hello| hello.set(SUPPORTED_VERSIONS, Some(&[2, 3, 1])),
            Alert::ProtocolVersion,
            TLS_1_0,
        ),
        changed(
            "no suite in common",
            |hello| hello.suites = vec![UNKNOWN],
            Alert::HandshakeFailure,
            "no cipher suite in common: the client offers 0x7f7f; we allow TLS_AES_256_GCM_SHA384, ",
        ),
        changed(
            "no group in common",
            |hello| {
                let [high, low] = UNKNOWN.to_be_bytes();
                hello.set(SUPPORTED_GROUPS, Some(&[0, 2, high, low]));
                hello.set(KEY_SHARE, Some(&[0, 5, high, low, 0, 1, 0]));
            },
            Alert::HandshakeFailure,
            "no key exchange group in common: the client offers 0x7f7f; we allow X25519MLKEM768, ",
        ),
        changed(
            "an invalid key share",
            |hello| {
                hello.set(SUPPORTED_GROUPS, Some(&[0, 2, 0, 0x1d]));
                hello.set(KEY_SHARE, Some(&[&[0, 36, 0, 0x1d, 0, 32][..], &[0; 32]].concat()));
            },
            Alert::IllegalParameter,
            "TLS failed",
        ),
        changed(
            "an incomplete extension",
            |hello| hello.set(SUPPORTED_GROUPS, Some(&[0, 99, 0, 29])),
            Alert::DecodeError,
            "TLS failed",
        ),
    ]);
}

/// A client that sends an unencrypted record after its ClientHello and the server's answer.
fn after_a_hello(
    name: &str,
    version: &'static rustls::SupportedProtocolVersion,
    bytes: Vec<u8>,
    end: End,
    log: &'static str,
) -> Case {
    let client = move |server: &EchoServer| {
        let mut socket = send(server.connect_raw(), &client_hello(server, &[version]));
        socket.read_record().unwrap();
        read_end(send(socket, &bytes))
    };
    Case::new(name, client, end, log)
}

#[test]
fn unencrypted_records_that_must_not_follow_a_hello() {
    let unexpected = alert(Alert::UnexpectedMessage);
    let finished = record(22, &handshake(20, &[0; 12]).unwrap()).unwrap();
    check_all(&[
        after_a_hello("a Finished before any key", &TLS12, finished, unexpected.clone(), "TLS failed"),
        after_a_hello(
            "application data",
            &TLS12,
            record(23, b"hello").unwrap(),
            unexpected.clone(),
            "TLS failed",
        ),
        after_a_hello(
            "a second ClientHello",
            &TLS12,
            record(22, &handshake(1, &[0; 40]).unwrap()).unwrap(),
            alert(Alert::DecodeError),
            "TLS failed",
        ),
        after_a_hello(
            "a ChangeCipherSpec too early",
            &TLS12,
            record(20, &[1]).unwrap(),
            unexpected.clone(),
            "TLS failed",
        ),
        after_a_hello(
            "a fatal alert",
            &TLS13,
            check::wire::hello::fatal_alert(80).into(),
            End::Fin,
            "with the alert internal_error (80)",
        ),
    ]);
}
