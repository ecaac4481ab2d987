//! Not a byte of plaintext reaches the application before the peer has been judged.

use std::io::Write as _;

use identity::{Link, Unauthorized};
use program::ending::Endings;
use rustls::version::{TLS12, TLS13};
use rustls::{Side, SupportedProtocolVersion};
use tls_session::close_reason::CloseReason;

use crate::support::pair::Pair;
use crate::support::roles::{Echo, Talker};
use crate::support::tls::{Tls, VERSIONS, stranger, trusted_certificate};
use crate::support::visit::Visit;

fn is_expired(reason: Option<&CloseReason>) -> bool {
    let expected = |why: &Unauthorized| matches!(why, Unauthorized::Expired { link: Link::Own, .. });
    matches!(reason, Some(CloseReason::Unauthorized(why)) if why.detail().downcast_ref().is_some_and(expected))
}

/// rustls asks no verifier when a session is resumed, but the certificate may have expired since.
#[test]
fn a_resumed_session_is_refused_once_the_certificate_has_expired() {
    for version in VERSIONS {
        let tls = Tls::resuming(version);
        let calendar = std::sync::Arc::clone(&tls.calendar);
        let tls = tls.shared();
        let visit = || {
            let mut pair =
                Pair::new(&tls, Talker::says(b"secret").leaves_after(9), Echo::greeting(b"welcome!\n"));
            pair.run();
            pair
        };
        assert!(visit().client.is_clean());

        calendar.expire();
        let pair = visit();
        assert!(pair.client.seen.lines.iter().any(|line| line.ends_with("resumed, UNAUTHORIZED")));
        assert!(is_expired(pair.client.reason()), "{:?}", pair.client.reason());
        assert_eq!(pair.client.heard(), b"");
        assert_eq!(pair.server.heard(), b"", "nothing was said to a server that nobody knows");
        assert!(!pair.client.seen.entered("Established"));
    }
}

/// A server of TLS 1.3 may speak right behind its Finished, so that its words come in one helping with it.
fn speaks_at_once(expired: bool) -> Visit<Talker> {
    let mut tls = Tls::new(&TLS13);
    tls.server.send_half_rtt_data = true;
    if expired {
        tls.calendar.expire();
    }
    let mut visit = Visit::to_client(tls, Talker::says(b"secret"));
    visit.raw.say(b"welcome!\n");
    visit.settle();
    visit
}

#[test]
fn words_in_one_helping_with_the_end_of_the_handshake_are_heard() {
    let visit = speaks_at_once(false);
    assert_eq!(visit.session.heard(), b"welcome!\n");
    let established = visit.session.seen.position("Handshaking -> Established");
    assert!(established < visit.session.seen.position("plaintext_in 9"));
    assert_eq!(visit.raw.heard, b"secret");
}

#[test]
fn words_in_one_helping_with_the_end_of_the_handshake_are_not_heard_from_a_stranger() {
    let visit = speaks_at_once(true);
    assert!(is_expired(visit.session.reason()), "{:?}", visit.session.reason());
    assert_eq!(visit.session.heard(), b"");
    assert_eq!(visit.raw.heard, b"");
}

/// How many records lie behind those that hold the client's Certificate message, from the end of its flight.
fn records_behind_the_certificate(version: &SupportedProtocolVersion) -> usize {
    // CertificateVerify, ChangeCipherSpec and Finished; in TLS 1.3 the rest of CertificateVerify, and Finished.
    if *version == TLS12 { 3 } else { 2 }
}

/// The bytes of a flight up to its last `behind` records, and those records.
fn split(flight: &[u8], behind: usize) -> (&[u8], &[u8]) {
    let mut starts = Vec::new();
    let mut at = 0;
    while at < flight.len() {
        starts.push(at);
        at += 5 + usize::from(u16::from_be_bytes([flight[at + 3], flight[at + 4]]));
    }
    flight.split_at(starts[starts.len() - behind])
}

/// The client shows a certificate that the server trusts, and does not have its key. Before it signs, the server
/// refuses another client.
#[test]
fn a_refusal_belongs_to_its_session() {
    for version in VERSIONS {
        let tls = Tls::new(version).demanding_certificates(version);
        let (certificate, key) = stranger();
        let mut thief = tls.client_showing(version, trusted_certificate(), &key);
        if *version == TLS13 {
            thief.max_fragment_size = Some(64); // or one record would hold certificate and signature
        }
        let stranger = tls.client_showing(version, certificate, &key);
        let tls = tls.shared();
        let mut first = Visit::to_server(tls.visited_by(thief), Echo::default());
        let mut second = Visit::to_server(tls.visited_by(stranger), Echo::default());

        first.raw.write();
        first.session.settle(first.now);
        first.raw.read();
        let mut flight = Vec::new();
        while first.raw.tls.wants_write() {
            first.raw.tls.write_tls(&mut flight).unwrap();
        }
        let (certificate, signature) = split(&flight, records_behind_the_certificate(version));
        first.raw.end.write_all(certificate).unwrap();
        first.session.settle(first.now);
        second.settle();
        first.raw.end.write_all(signature).unwrap();
        first.settle();

        let sentence = |visit: &Visit<Echo>| {
            Endings::of(Side::Server).describe(visit.session.reason().unwrap()).to_string()
        };
        assert!(sentence(&second).contains("unknown issuer"), "{}", sentence(&second));
        assert_eq!(
            sentence(&first),
            "the client is not authorized: it did not sign with the key of its certificate"
        );
    }
}

/// A fatal alert in plaintext: handshake_failure (RFC 8446, 6).
const HANDSHAKE_FAILURE: [u8; 7] = [21, 3, 3, 0, 2, 2, 40];

/// Two sessions of one client. The first server asks for a certificate, the second does not.
#[test]
fn a_request_for_a_certificate_belongs_to_its_session() {
    let tls = Tls::new(&TLS12).demanding_certificates(&TLS12).shared();
    let mut asked = Visit::to_client(&tls, Talker::says(b""));
    let mut not_asked = Visit::to_client(tls.visiting(Tls::new(&TLS12).server), Talker::says(b""));
    let alert = |visit: &mut Visit<Talker>| {
        visit.raw.end.write_all(&HANDSHAKE_FAILURE).unwrap();
        visit.session.settle(visit.now);
        Endings::of(Side::Client).describe(visit.session.reason().unwrap()).to_string()
    };
    // One server speaks after the other, and each client answers before the alerts come.
    for visit in [&mut asked, &mut not_asked] {
        visit.session.settle(visit.now);
        visit.raw.read();
        visit.raw.write();
        visit.session.settle(visit.now);
    }
    assert_eq!(
        alert(&mut not_asked),
        "the server ended the session with the alert handshake_failure (40)",
        "suite and group were agreed on, so they are not the trouble"
    );
    let sentence = alert(&mut asked);
    assert!(sentence.contains("it asked for a certificate"), "{sentence}");
}

#[test]
fn a_handshake_failure_instead_of_a_server_hello_is_about_what_was_offered() {
    for version in VERSIONS {
        let mut visit = Visit::to_client(Tls::new(version), Talker::says(b""));
        visit.session.settle(visit.now);
        visit.raw.end.write_all(&HANDSHAKE_FAILURE).unwrap();
        visit.session.settle(visit.now);
        let sentence = Endings::of(Side::Client).describe(visit.session.reason().unwrap()).to_string();
        assert!(
            sentence.ends_with(": the server found no suite, group or signature scheme in common"),
            "{sentence}"
        );
    }
}
