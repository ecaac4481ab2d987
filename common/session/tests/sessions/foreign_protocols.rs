//! Peers that speak something else.

use std::io::Write as _;

use rustls::version::TLS13;
use tls_session::close_reason::CloseReason;

use crate::support::roles::{Echo, Heard, Talker};
use crate::support::tls::Tls;
use crate::support::visit::Visit;
use tls_session::application::Application;

/// A session at which somebody speaks something else, in segments of this size.
fn addressed<A: Application + Heard>(mut visit: Visit<A>, words: &[u8], segment: usize) -> Visit<A> {
    visit.raw.end.outgoing().segment = segment;
    visit.raw.end.write_all(words).unwrap();
    visit.session.settle(visit.now);
    assert_eq!(visit.session.heard(), b"");
    visit
}

fn server() -> Visit<Echo> {
    Visit::to_server(Tls::new(&TLS13), Echo::greeting(b"welcome!\n"))
}

fn client() -> Visit<Talker> {
    Visit::to_client(Tls::new(&TLS13), Talker::says(b"secret"))
}

fn assert_not_tls<A: Application>(visit: &Visit<A>, name: &str) {
    match visit.session.reason() {
        Some(CloseReason::NotTls(foreign)) => {
            assert!(foreign.to_string().starts_with(name), "{foreign}");
        }
        other => panic!("{other:?}"),
    }
}

/// A fatal alert in plaintext is the last thing before the FIN (RFC 8446, 5.1 and 6).
fn assert_ends_in_alert<A: Application>(visit: &Visit<A>) {
    let sent = visit.session.end.sent();
    let [rest @ .., 21, 3, _, 0, 2, 2, _decode_error] = &*sent else { panic!("no alert: {sent:?}") };
    assert!(rest.is_empty() || rest[0] == 22, "something stands before the alert: {rest:?}");
    drop(sent);
    assert!(visit.session.end.outgoing().fin);
}

#[test]
fn a_server_names_what_it_hears_and_answers_with_an_alert() {
    let words: [(&[u8], &str); 10] = [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "it speaks HTTP "),
        (b"POST / HTTP/1.1\r\n\r\n", "it speaks HTTP "),
        (b"OPTIONS * HTTP/1.1\r\n\r\n", "it speaks HTTP "),
        (b"CONNECT localhost:8000 HTTP/1.1\r\n\r\n", "it speaks HTTP "),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "it speaks HTTP/2 "),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "it speaks the PROXY protocol "),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "it speaks SSH "),
        (b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10", "it speaks SSLv2 "),
        (b"hello?\r\n", "its first bytes are \"hello"),
        (b"\0\0\0\0\0\0\0\0", "its first bytes are "),
    ];
    for (words, name) in words {
        for segment in [usize::MAX, 8] {
            let visit = addressed(server(), words, segment);
            assert_not_tls(&visit, name);
            assert_ends_in_alert(&visit);
        }
    }
}

#[test]
fn a_client_names_what_answers_it() {
    let words: [(&[u8], &str); 4] = [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "it speaks HTTP "),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "it speaks SSH "),
        (b"220 localhost ESMTP\r\n", "it speaks SMTP or FTP "),
        (b"* OK ready\r\n", "it speaks IMAP "),
    ];
    for (words, name) in words {
        for segment in [usize::MAX, 8] {
            let visit = addressed(client(), words, segment);
            assert_not_tls(&visit, name);
            assert_ends_in_alert(&visit);
        }
    }
}

/// rustls refuses the very first byte, and a session that has failed reads no more: so much is known, and no more.
#[test]
fn one_byte_is_enough_to_know_that_it_is_not_tls_and_too_little_for_a_name() {
    for words in
        [&b"GET / HTTP/1.1\r\n\r\n"[..], b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.9\r\n"]
    {
        let name = format!("its first bytes are \"{}\"", words[0].escape_ascii());
        let visit = addressed(server(), words, 1);
        assert_not_tls(&visit, &name);
        assert_ends_in_alert(&visit);
        let visit = addressed(client(), words, 1);
        assert_not_tls(&visit, &name);
        assert_ends_in_alert(&visit);
    }
}

#[test]
fn what_begins_like_tls_is_called_bad_tls() {
    let visit = addressed(server(), &[22, 3, 1, 0, 4, 0xff, 0, 0, 0], usize::MAX);
    assert!(matches!(visit.session.reason(), Some(CloseReason::Tls(_))), "{:?}", visit.session.reason());
}
