//! Whole sessions that ask this crate about their peers.

#![allow(clippy::unwrap_used, reason = "a test reports a fault by a panic")]

use std::sync::Arc;

use identity::{AuthorizeServer, Link, Outside, Policy, ServerVerifier, Trust, Unauthorized};
use testing::folder::TempDir;
use tls_session::close_reason::CloseReason;
use tls_session::simulation::pair::Pair;
use tls_session::simulation::roles::{Echo, Talker};
use tls_session::simulation::tls::{CERTIFICATE_PEM, FixedClock, Tls, VERSIONS, name};

/// A trust that pins the certificate of the simulated server.
fn trust() -> Arc<Trust> {
    let folder = TempDir::new();
    Arc::new(Trust::load(&folder.write("trust.pem", CERTIFICATE_PEM)).unwrap())
}

fn is_expired(reason: Option<&CloseReason>) -> bool {
    let expected =
        |why: &Unauthorized| matches!(why, Unauthorized::OutsideDates(Link::Own, Outside::After(_)));
    matches!(reason, Some(CloseReason::Unauthorized(why)) if why.reason().downcast_ref().is_some_and(expected))
}

/// rustls asks no verifier when a session is resumed, but the certificate may have expired since.
#[test]
fn a_resumed_session_is_refused_after_the_certificate_has_expired() {
    for version in VERSIONS {
        let mut tls = Tls::resuming(version);
        let provider = Arc::clone(tls.client.crypto_provider());
        let verifier = Arc::new(ServerVerifier::new(trust(), provider, Policy::Strict));
        tls.client.dangerous().set_certificate_verifier(Arc::clone(&verifier) as _);
        let clock = Arc::new(FixedClock::default());
        let authorize = AuthorizeServer { name: name(), verifier, clock: Arc::<FixedClock>::clone(&clock) };
        let tls = tls.authorizing_server(Arc::new(authorize)).shared();
        let meet = || {
            let talker = Talker::sends(b"secret").closes_after(9);
            let mut pair = Pair::new(&tls, talker, Echo::greeting(b"welcome!\n"));
            pair.run();
            pair
        };
        assert!(meet().client.is_clean());

        clock.expire();
        let pair = meet();
        assert!(pair.client.seen.lines.iter().any(|line| line.ends_with("resumed, UNAUTHORIZED")));
        assert!(is_expired(pair.client.reason()), "{:?}", pair.client.reason());
        assert_eq!((pair.client.received(), pair.server.received()), (&b""[..], &b""[..]));
    }
}
