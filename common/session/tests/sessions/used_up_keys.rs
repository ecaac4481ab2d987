//! Keys that can seal only a few records. In TLS 1.2 the session ends before rustls sends a close_notify of its own: that
//! would certify an answer that is cut off (invariant I6). In TLS 1.3 the keys change.

use std::time::Instant;

use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};
use tls_session::application::{Application, Next, Outbox};
use tls_session::close_reason::CloseReason;
use tls_session::phase::Phase;
use tls_session::simulation::cryptography::with_record_limit;
use tls_session::simulation::pair::Pair;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::{Echo, Talker};
use tls_session::simulation::tls::{Tls, VERSIONS, client_config, server_config};
use tls_session::simulation::{Side, pattern};

/// The longest plaintext of a record.
const RECORD: usize = 16_384;

/// Both ends have keys that can seal so many records.
fn tired(version: &'static SupportedProtocolVersion, limit: u64) -> Tls {
    Tls::of(
        client_config(with_record_limit(Side::Client, limit), &[version], false),
        server_config(with_record_limit(Side::Server, limit), &[version], None),
    )
}

/// Only the server has such keys. Its peer, which the tests play, can send what it likes.
fn tired_server(version: &'static SupportedProtocolVersion, limit: u64) -> Tls {
    let server = server_config(with_record_limit(Side::Server, limit), &[version], None);
    Tls { server, ..Tls::new(version) }
}

/// How many records of data these keys can seal: Finished takes one, and one is kept for the refusal of a renegotiation.
fn records_for_data(limit: u64) -> usize {
    usize::try_from(limit).unwrap().saturating_sub(2)
}

/// The session has ended for its keys: its FIN came, and no close_notify.
fn assert_used_up<A: Application>(pair: &RawPair<A>, limit: u64) {
    assert_eq!(pair.session.reason(), Some(&CloseReason::KeysUsedUp { limit }));
    assert!(!pair.raw.closed, "close_notify after a part of the answer");
    assert!(pair.session.seen.position("send FIN").is_some());
}

/// Lengths on both sides of two bytes: the record of two bytes is as long as that of close_notify.
#[test]
fn an_echo_ends_without_close_notify_before_its_keys_of_tls12_are_used_up() {
    for limit in 1..8 {
        for length in [1, 2, 3, RECORD] {
            let (message, fits) = (pattern(length), records_for_data(limit));
            for messages in [fits, 10] {
                let mut pair = RawPair::server(tired_server(&TLS12, limit), Echo::default()).established();
                (0..messages).for_each(|_| pair.send(&message));
                pair.send_close_notify();
                assert_eq!(pair.raw.received, message.repeat(fits));
                if messages == fits {
                    assert!(pair.raw.closed && pair.session.is_clean(), "the last record fits");
                } else {
                    assert_used_up(&pair, limit);
                }
            }
        }
    }
}

#[test]
fn a_message_of_several_records_is_sent_whole_or_not_at_all() {
    for (records, fits) in [(4, true), (5, true), (6, false)] {
        let message = pattern(records * RECORD);
        let mut pair = RawPair::client(tired(&TLS12, 7), Talker::sends(&message));
        pair.settle();
        assert_eq!(pair.raw.received, if fits { message } else { vec![] });
        if !fits {
            assert_used_up(&pair, 7);
        }
    }
}

#[test]
fn plaintext_from_outside_that_does_not_fit_is_refused() {
    let mut pair = RawPair::server(tired_server(&TLS12, 4), Echo::default()).established();
    assert!(pair.session.send(b"one", pair.now).is_ok());
    assert!(pair.session.send(b"two", pair.now).is_ok());
    assert!(pair.session.send(b"three", pair.now).is_err());
    assert!(pair.session.send(b"", pair.now).is_err());
    pair.settle();
    assert_used_up(&pair, 4);
    assert_eq!(pair.raw.received, b"onetwo");
}

/// The peer does not read at first. What was taken waits, and arrives before the FIN.
#[test]
fn pending_output_arrives_before_the_end() {
    let mut pair = RawPair::server(tired_server(&TLS12, 6), Echo::default()).established();
    pair.peer_paused = true;
    pair.raw.socket.incoming().capacity = 100;
    let message = pattern(1_000);
    for _ in 0..10 {
        pair.send(&message);
    }
    assert_eq!(*pair.session.phase(), Phase::Failing { reason: CloseReason::KeysUsedUp { limit: 6 } });
    pair.peer_paused = false;
    pair.settle();
    assert_used_up(&pair, 6);
    assert_eq!(pair.raw.received, message.repeat(4));
}

/// Answers only when the peer has sent close_notify, with one record for each message.
#[derive(Default)]
struct AtTheEnd {
    messages: usize,
}

impl Application for AtTheEnd {
    fn received(&mut self, _now: Instant, _message: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        self.messages += 1;
        Next::Continue
    }

    fn peer_finished(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        (0..self.messages).for_each(|_| outbox.send(b"!"));
        Next::Close
    }
}

#[test]
fn an_answer_at_the_end_that_does_not_fit_is_not_certified() {
    for (messages, fits) in [(3, true), (4, false)] {
        let mut pair = RawPair::server(tired_server(&TLS12, 5), AtTheEnd::default()).established();
        (0..messages).for_each(|_| pair.send(b"?"));
        pair.send_close_notify();
        assert_eq!(pair.raw.received, b"!!!");
        assert_eq!(pair.raw.closed, fits);
        if !fits {
            assert_used_up(&pair, 5);
        }
    }
}

/// Two sessions meet. The end is clean only if each has all data. The last limit is never reached.
#[test]
fn a_clean_end_has_every_byte_in_both_versions() {
    const NEVER: u64 = 1_000;
    let message = pattern(10 * RECORD);
    for version in VERSIONS {
        for limit in (2..15).chain([NEVER]) {
            let client = Talker::sends(&message).closes_after(message.len());
            let mut pair = Pair::new(tired(version, limit), client, Echo::default());
            pair.run();
            let is_clean = pair.client.is_clean() && pair.server.is_clean();
            assert_eq!(is_clean, pair.client.received() == message, "{limit}");
            assert_eq!(is_clean, *version == TLS13 || limit == NEVER || limit >= 12, "{limit}");
            if !is_clean {
                let reasons = [pair.client.reason(), pair.server.reason()].map(Option::unwrap);
                assert!(reasons.contains(&&CloseReason::KeysUsedUp { limit }), "{limit}: {reasons:?}");
                assert!(
                    reasons.contains(&&CloseReason::Truncated { established: true }),
                    "{limit}: {reasons:?}"
                );
            }
        }
    }
}
