//! Peers that speak something else.

use std::io::Write as _;

use rustls::version::TLS13;
use tls_session::close_reason::CloseReason;

use tls_session::application::Application;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::{Echo, Talker};
use tls_session::simulation::tls::Tls;

/// A session whose peer sends these bytes in segments of this size.
fn receiving<A: Application>(mut pair: RawPair<A>, bytes: &[u8], segment: usize) -> RawPair<A> {
    pair.raw.socket.outgoing().segment = segment;
    pair.raw.socket.write_all(bytes).unwrap();
    pair.session.settle(pair.now);
    assert_eq!(pair.session.received(), b"");
    pair
}

fn server() -> RawPair<Echo> {
    RawPair::server(Tls::new(&TLS13), Echo::greeting(b"welcome!\n"))
}

fn client() -> RawPair<Talker> {
    RawPair::client(Tls::new(&TLS13), Talker::sends(b"secret"))
}

/// The session names the protocol, and a fatal alert in plaintext is the last thing before the FIN (RFC 8446, 5.1 and 6).
fn assert_not_tls(session: RawPair<impl Application>, bytes: &[u8], segment: usize, name: &str) {
    let pair = receiving(session, bytes, segment);
    let Some(CloseReason::NotTls(foreign)) = pair.session.reason() else {
        panic!("{:?}", pair.session.reason());
    };
    assert!(foreign.to_string().starts_with(name), "{foreign}");
    let sent = pair.session.socket.sent();
    let [rest @ .., 21, 3, _, 0, 2, 2, _decode_error] = &*sent else { panic!("no alert: {sent:?}") };
    assert!(rest.is_empty() || rest[0] == 22, "something precedes the alert: {rest:?}");
    drop(sent);
    assert!(pair.session.socket.outgoing().fin);
}

#[test]
fn a_server_names_the_protocol_and_answers_with_an_alert() {
    let bytes: [(&[u8], &str); 10] = [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "it speaks HTTP "),
        (b"POST / HTTP/1.1\r\n\r\n", "it speaks HTTP "),
        (b"OPTIONS * HTTP/1.1\r\n\r\n", "it speaks HTTP "),
        (b"CONNECT localhost:8000 HTTP/1.1\r\n\r\n", "it speaks HTTP "),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "it speaks HTTP/2 "),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "it speaks the PROXY protocol "),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "it speaks SSH "),
        (b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10", "it speaks SSLv2 "),
        (b"hello?\r\n", "its first bytes are \"hello"),
        (b"\x1b[2J\0\0\0\0", r#"its first bytes are "\x1b[2J\x00\x00"#),
    ];
    for (bytes, name) in bytes {
        for segment in [usize::MAX, 8] {
            assert_not_tls(server(), bytes, segment, name);
        }
    }
}

#[test]
fn a_client_names_the_protocol_of_the_answer() {
    let bytes: [(&[u8], &str); 4] = [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "it speaks HTTP "),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "it speaks SSH "),
        (b"220 localhost ESMTP\r\n", "it speaks SMTP or FTP "),
        (b"* OK ready\r\n", "it speaks IMAP "),
    ];
    for (bytes, name) in bytes {
        for segment in [usize::MAX, 8] {
            assert_not_tls(client(), bytes, segment, name);
        }
    }
}

/// rustls refuses the very first byte, and a session that has failed reads no more. So one byte is known.
#[test]
fn after_one_byte_a_foreign_protocol_has_no_name() {
    assert_not_tls(server(), b"GET / HTTP/1.1\r\n\r\n", 1, "its first bytes are \"G\"");
    assert_not_tls(client(), b"HTTP/1.1 400 Bad Request\r\n\r\n", 1, "its first bytes are \"H\"");
}

#[test]
fn bytes_that_begin_like_tls_are_bad_tls() {
    let pair = receiving(server(), &[22, 3, 1, 0, 4, 0xff, 0, 0, 0], usize::MAX);
    assert!(matches!(pair.session.reason(), Some(CloseReason::Tls(_))), "{:?}", pair.session.reason());
}
