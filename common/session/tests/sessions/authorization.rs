//! No plaintext reaches the application before the peer is authorized.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::CertificateError;
use rustls::pki_types::CertificateDer;
use rustls::version::TLS13;
use tls_session::authorize::{Authorization, Authorize, Refusal};
use tls_session::close_reason::CloseReason;
use tls_session::simulation::pair::Pair;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::{Echo, Talker};
use tls_session::simulation::tls::{Tls, VERSIONS};

/// Accepts every peer, until it refuses every peer.
#[derive(Default)]
struct Switch {
    refuses: AtomicBool,
}

impl Switch {
    fn refuse(&self) {
        self.refuses.store(true, Ordering::Relaxed);
    }
}

fn refusal() -> Refusal {
    Refusal::new("refused", CertificateError::Expired)
}

impl Authorize for Switch {
    fn authorize(&self, presented: Option<&[CertificateDer<'_>]>) -> Authorization {
        assert!(presented.is_some_and(|chain| chain.len() == 1), "the server's certificate");
        let refuses = self.refuses.load(Ordering::Relaxed);
        Authorization { report: "server".into(), is_warning: refuses, refusal: refuses.then(refusal) }
    }
}

/// rustls asks no verifier when a session is resumed, but the certificate may have expired since.
#[test]
fn a_resumed_session_is_authorized_again() {
    for version in VERSIONS {
        let switch = Arc::new(Switch::default());
        let tls = Tls::resuming(version).authorizing_server(Arc::<Switch>::clone(&switch)).shared();
        let meet = || {
            let talker = Talker::sends(b"secret").closes_after(9);
            let mut pair = Pair::new(&tls, talker, Echo::greeting(b"welcome!\n"));
            pair.run();
            pair
        };
        assert!(meet().client.is_clean());

        switch.refuse();
        let pair = meet();
        assert!(pair.client.seen.lines.iter().any(|line| line.ends_with("resumed, UNAUTHORIZED")));
        assert_eq!(pair.client.reason(), Some(&CloseReason::Unauthorized(refusal())));
        assert_eq!(pair.client.received(), b"");
        assert_eq!(pair.server.received(), b"", "nothing is sent to a server that is not authorized");
        assert!(!pair.client.seen.entered("Established"));
    }
}

/// A server of TLS 1.3 may send data right after its Finished, so that one read brings both.
fn sends_with_its_finished(refused: bool) -> RawPair<Talker> {
    let switch = Switch::default();
    if refused {
        switch.refuse();
    }
    let mut tls = Tls::new(&TLS13).authorizing_server(Arc::new(switch));
    tls.server.send_half_rtt_data = true;
    let mut pair = RawPair::client(tls, Talker::sends(b"secret"));
    pair.raw.send(b"welcome!\n");
    pair.settle();
    pair
}

#[test]
fn data_in_one_read_with_the_end_of_the_handshake_is_received() {
    let pair = sends_with_its_finished(false);
    assert_eq!(pair.session.received(), b"welcome!\n");
    let established = pair.session.seen.position("Handshaking -> Established");
    assert!(established < pair.session.seen.position("plaintext_in 9"));
    assert_eq!(pair.raw.received, b"secret");
}

#[test]
fn data_in_one_read_with_the_end_of_the_handshake_is_not_received_from_a_refused_server() {
    let pair = sends_with_its_finished(true);
    assert_eq!(pair.session.reason(), Some(&CloseReason::Unauthorized(refusal())));
    assert_eq!(pair.session.received(), b"");
    assert_eq!(pair.raw.received, b"");
}
