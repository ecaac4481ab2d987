//! Not a byte of plaintext reaches the application before the peer has been judged.

use common::close_reason::CloseReason;
use common::identity::{Unauthorized, Which};
use rustls::version::TLS13;

use crate::support::pair::Pair;
use crate::support::roles::{Echo, Talker};
use crate::support::tls::{Tls, VERSIONS};
use crate::support::visit::Visit;

fn is_expired(reason: Option<&CloseReason>) -> bool {
    let expected = |why: &Unauthorized| matches!(why, Unauthorized::Expired { which: Which::EndEntity, .. });
    matches!(reason, Some(CloseReason::Unauthorized(why)) if expected(why))
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
