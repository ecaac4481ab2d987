//! A byte that arrives damaged.

use rustls::{AlertDescription, Error, SupportedProtocolVersion};
use tls_session::close_reason::CloseReason;

use crate::support::pair::Pair;
use crate::support::roles::{Echo, Talker};
use crate::support::tls::{Shared, Tls, VERSIONS};
use crate::support::visit::Visit;

const GREETING: &[u8] = b"welcome!\n";
const MESSAGE: &[u8] = b"hello";

fn pair(tls: &Shared) -> Pair<Talker, Echo> {
    let answer = GREETING.len() + MESSAGE.len();
    Pair::new(tls, Talker::says(MESSAGE).leaves_after(answer), Echo::greeting(GREETING))
}

/// Whatever happens, nobody panics or turns in circles, nobody hears what was not said, and a clean end means
/// that all of it was heard.
#[test]
fn a_damaged_byte_anywhere_is_never_delivered() {
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        let mut whole = pair(&tls);
        whole.run();
        let lengths = [whole.client.end.sent().len(), whole.server.end.sent().len()];
        for at in 0..lengths[0] {
            let pair = pair(&tls);
            pair.client.end.outgoing().flip = Some(at);
            check(pair, at);
        }
        for at in 0..lengths[1] {
            let pair = pair(&tls);
            pair.client.end.incoming().flip = Some(at);
            check(pair, at);
        }
    }
}

fn check(mut pair: Pair<Talker, Echo>, at: usize) {
    pair.run();
    let answer = [GREETING, MESSAGE].concat();
    assert!(MESSAGE.starts_with(pair.server.heard()), "byte {at}: {:?}", pair.server.heard());
    assert!(answer.starts_with(pair.client.heard()), "byte {at}: {:?}", pair.client.heard());
    if pair.client.is_clean() {
        assert_eq!(pair.client.heard(), answer);
    }
}

/// The steps that every failed end has in this order: it fails, the alert goes out, the FIN follows.
fn assert_alert_before_fin(lines: &[String], from: &str) {
    let failing = format!("{from} -> Failing");
    let at = lines.iter().position(|line| *line == failing).unwrap();
    assert_eq!(lines[at + 1..at + 4], ["write_tls", "Failing -> Closed", "send FIN"]);
}

#[test]
fn a_corrupt_record_in_the_handshake_is_answered_by_an_alert() {
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        let mut whole = pair(&tls);
        whole.settle();
        // The client's Finished: 74 bytes on the wire in TLS 1.3, 45 in TLS 1.2.
        let mut records = whole.client.end.outgoing().records().into_iter();
        let (start, length) = records.find(|(_, length)| [74, 45].contains(length)).unwrap();

        let mut pair = pair(&tls);
        pair.client.end.outgoing().flip = Some(start + length - 1);
        pair.run();
        assert_eq!(pair.server.reason(), Some(&CloseReason::Tls(Error::DecryptError)));
        assert!(matches!(
            pair.client.reason(),
            Some(CloseReason::PeerAlert(AlertDescription::BadRecordMac, _))
        ));
        assert_alert_before_fin(&pair.server.seen.lines, "Handshaking");
    }
}

/// A server with an established session and a client that is about to say "damaged", in a corrupt record.
fn about_to_be_damaged(version: &'static SupportedProtocolVersion) -> Visit<Echo> {
    let mut visit = Visit::to_server(Tls::new(version), Echo::default()).established();
    visit.say(b"good");
    let end = visit.raw.end.sent().len();
    visit.raw.end.outgoing().flip = Some(end + 10);
    visit
}

#[test]
fn a_corrupt_record_in_an_established_session_is_answered_by_an_alert() {
    for version in VERSIONS {
        let mut visit = about_to_be_damaged(version);
        visit.say(b"damaged");
        assert_eq!(visit.session.reason(), Some(&CloseReason::Tls(Error::DecryptError)));
        assert_eq!(visit.raw.error, Some(Error::AlertReceived(AlertDescription::BadRecordMac)));
        assert_alert_before_fin(&visit.session.seen.lines, "Established");
        assert_eq!(visit.session.heard(), b"good");
    }
}

#[test]
fn what_came_before_a_corrupt_record_is_heard_even_in_the_same_helping() {
    for version in VERSIONS {
        let mut visit = Visit::to_server(Tls::new(version), Echo::default()).established();
        visit.raw.end.outgoing().arriving = 0;
        visit.say(b"good");
        let end = visit.raw.end.sent().len();
        visit.raw.end.outgoing().flip = Some(end + 10);
        visit.say(b"damaged");
        visit.raw.end.outgoing().arriving = usize::MAX;
        visit.settle();
        assert_eq!(visit.session.heard(), b"good");
        assert_eq!(visit.session.reason(), Some(&CloseReason::Tls(Error::DecryptError)));
        assert_eq!(visit.raw.error, Some(Error::AlertReceived(AlertDescription::BadRecordMac)));
    }
}

/// rustls asserts in debug builds that nothing goes wrong behind its own close_notify, which every peer can bring
/// about (invariant I8). This workspace builds rustls without that assertion.
#[test]
fn a_corrupt_record_behind_our_close_notify_ends_the_session_without_another_word() {
    for version in VERSIONS {
        let mut visit = about_to_be_damaged(version);
        visit.close();
        assert_eq!(visit.session.phase().name(), "Closing");
        assert!(visit.raw.closed);

        let sent = visit.session.end.sent().len();
        visit.say(b"damaged");
        assert_eq!(visit.session.reason(), Some(&CloseReason::Tls(Error::DecryptError)));
        assert_eq!(visit.session.end.sent().len(), sent, "an alert behind close_notify");
        assert!(visit.session.end.outgoing().fin);
    }
}

#[test]
fn what_comes_behind_the_peer_s_close_notify_is_not_even_looked_at() {
    for version in VERSIONS {
        let mut visit = Visit::to_server(Tls::new(version), Echo::default()).established();
        visit.raw.end.incoming().capacity = 0; // so that an answer stays owed, and the session stays
        visit.say(b"hello");
        visit.say_goodbye();
        assert_eq!(visit.session.phase().name(), "PeerClosed");
        let end = visit.raw.end.sent().len();
        visit.raw.end.outgoing().flip = Some(end + 10);
        visit.say(b"damaged");
        visit.session.report_ready(visit.now);
        visit.session.turn(visit.now);
        assert_eq!(visit.session.phase().name(), "PeerClosed");
        assert_eq!(visit.session.end.taken(), end);
    }
}
