//! A byte that arrives damaged.

use std::time::Instant;

use rustls::{AlertDescription, Error, SupportedProtocolVersion};
use tls_session::application::{Application, Next, Outbox};
use tls_session::close_reason::CloseReason;
use tls_session::simulation::pair::Pair;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::{Echo, Talker};
use tls_session::simulation::tls::{Shared, Tls, VERSIONS};

use crate::support::{GREETING, damage_next, echo, greeted};

const MESSAGE: &[u8] = b"hello";

fn pair(tls: &Shared) -> Pair<Talker, Echo> {
    greeted(tls, MESSAGE, GREETING.len() + MESSAGE.len())
}

/// Neither end panics or turns in circles. No application receives what was not sent. A clean end means that
/// everything was received.
#[test]
fn a_damaged_byte_anywhere_is_never_delivered() {
    let answer = [GREETING, MESSAGE].concat();
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        let mut whole = pair(&tls);
        whole.run();
        let lengths = [whole.client.socket.sent().len(), whole.server.socket.sent().len()];
        for (is_answer, at) in
            (0..lengths[0]).map(|at| (false, at)).chain((0..lengths[1]).map(|at| (true, at)))
        {
            let mut pair = pair(&tls);
            let end = &pair.client.socket;
            if is_answer { end.incoming() } else { end.outgoing() }.flips = vec![at];
            pair.run();
            assert!(MESSAGE.starts_with(pair.server.received()), "byte {at}: {:?}", pair.server.received());
            assert!(answer.starts_with(pair.client.received()), "byte {at}: {:?}", pair.client.received());
            if pair.client.is_clean() {
                assert_eq!(pair.client.received(), answer);
            }
        }
    }
}

/// Checks the order: the session fails, the alert is written, the FIN follows.
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
        let mut records = whole.client.socket.outgoing().records().into_iter();
        let (start, length) = records.find(|(_, length)| [74, 45].contains(length)).unwrap();

        let mut pair = pair(&tls);
        pair.client.socket.outgoing().flips = vec![start + length - 1];
        pair.run();
        assert_eq!(pair.server.reason(), Some(&CloseReason::Tls(Error::DecryptError)));
        assert!(matches!(
            pair.client.reason(),
            Some(CloseReason::PeerAlert(AlertDescription::BadRecordMac, _))
        ));
        assert_alert_before_fin(&pair.server.seen.lines, "Handshaking");
    }
}

/// A session whose peer has sent "good", and then "damaged" in a corrupt record.
fn damaged<A: Application>(
    version: &'static SupportedProtocolVersion,
    application: A,
    in_one_read: bool,
) -> RawPair<A> {
    let mut pair = RawPair::server(Tls::new(version), application).established();
    if in_one_read {
        pair.raw.socket.outgoing().arriving = 0;
    }
    pair.send(b"good");
    damage_next(&pair);
    pair.send(b"damaged");
    pair.raw.socket.outgoing().arriving = usize::MAX;
    pair.settle();
    assert_eq!(pair.raw.error, Some(Error::AlertReceived(AlertDescription::BadRecordMac)));
    pair
}

#[test]
fn a_corrupt_record_is_answered_by_an_alert_and_the_data_before_it_is_received() {
    for version in VERSIONS {
        for in_one_read in [false, true] {
            let pair = damaged(version, Echo::default(), in_one_read);
            assert_eq!(pair.session.reason(), Some(&CloseReason::Tls(Error::DecryptError)));
            assert_alert_before_fin(&pair.session.seen.lines, "Established");
            assert_eq!(pair.session.received(), b"good");
        }
    }
}

/// Abandons the session when it receives anything.
struct Abandoning;

impl Application for Abandoning {
    fn received(&mut self, _now: Instant, _plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        Next::Abandon
    }
}

/// Invariant I3. rustls has queued the alert before the application gets the data that came first.
#[test]
fn an_alert_is_written_though_the_application_abandons_the_session() {
    for version in VERSIONS {
        let pair = damaged(version, Abandoning, true);
        assert_eq!(pair.session.reason(), Some(&CloseReason::AbandonedByApplication));
    }
}

/// rustls asserts in debug builds that nothing goes wrong after its own close_notify. Every peer can make something
/// go wrong there (invariant I8). This workspace builds rustls without that assertion.
#[test]
fn a_corrupt_record_after_our_close_notify_ends_the_session_without_an_alert() {
    for version in VERSIONS {
        let mut pair = echo(version);
        pair.close();
        assert_eq!(pair.session.phase().name(), "Closing");
        assert!(pair.raw.closed);

        let sent = pair.session.socket.sent().len();
        damage_next(&pair);
        pair.send(b"damaged");
        assert_eq!(pair.session.reason(), Some(&CloseReason::Tls(Error::DecryptError)));
        assert_eq!(pair.session.socket.sent().len(), sent, "an alert after close_notify");
        assert!(pair.session.socket.outgoing().fin);
    }
}
