//! No plaintext reaches the application before the peer is authorized.

use std::sync::Arc;
use std::time::Instant;

use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{CertificateError, SignatureScheme, SupportedProtocolVersion};
use tls_session::authorize::{Authorization, Authorize, Opaque, Refusal, note_certificate_request};
use tls_session::close_reason::{CloseReason, Until};
use tls_session::observer::{Observer, SessionId, Step};
use tls_session::simulation::Side;
use tls_session::simulation::cryptography::provider;
use tls_session::simulation::driver::Driver;
use tls_session::simulation::network::connection;
use tls_session::simulation::raw::Raw;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::{Silent, Talker};
use tls_session::simulation::tls::{self, Tls};

/// Accepts every peer, or refuses every peer.
struct Switch {
    refuses: bool,
}

impl Authorize for Switch {
    fn authorize(&self, presented: Option<&[CertificateDer<'_>]>) -> Authorization {
        assert!(presented.is_some_and(|chain| chain.len() == 1), "the server's certificate");
        let refusal = self.refuses.then(|| Refusal::new("refused", CertificateError::Expired));
        Authorization { report: "server".into(), is_warning: false, refusal }
    }
}

/// A server of TLS 1.3 may send data right after its Finished, so that one read brings both.
#[test]
fn data_in_one_read_with_the_end_of_the_handshake_is_received_from_an_authorized_server_only() {
    for refuses in [false, true] {
        let mut tls = Tls::new(&TLS13).authorizing_server(Arc::new(Switch { refuses }));
        tls.server.send_half_rtt_data = true;
        let mut pair = RawPair::client(tls, Talker::sends(b"secret"));
        pair.raw.send(b"welcome!\n");
        pair.settle();
        if refuses {
            assert!(matches!(pair.session.reason(), Some(CloseReason::Unauthorized(_))));
            assert_eq!((pair.session.received(), pair.raw.received.len()), (&b""[..], 0));
        } else {
            let established = pair.session.seen.position("Handshaking -> Established");
            assert!(established < pair.session.seen.position("plaintext_in 9"));
            assert_eq!(
                (pair.session.received(), &pair.raw.received[..]),
                (&b"welcome!\n"[..], &b"secret"[..])
            );
        }
    }
}

/// A client that has no certificate, and notes that the server asked for one.
#[derive(Debug)]
struct NotesRequest;

impl ResolvesClientCert for NotesRequest {
    fn resolve(&self, _authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        note_certificate_request(Opaque::new("request"));
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// The progress of a session at its end.
#[derive(Default)]
struct Progress(Option<&'static str>);

impl Observer for Progress {
    fn step(&mut self, _now: Instant, _id: SessionId, step: &Step<'_>) {
        if let Step::Closed { until, .. } = step {
            self.0 = Some(match until {
                Until::Handshake(_) => "handshake",
                Until::Established => "established",
                Until::CertificateRequested { handshake_bytes: Some(_), .. } => "requested, handshake",
                Until::CertificateRequested { handshake_bytes: None, .. } => "requested",
            });
        }
    }
}

/// Returns the progress of a client at the end. The server asks for a certificate, and closes after it has sent `data`.
fn client_progress(version: &'static SupportedProtocolVersion, demands: bool, data: &[u8]) -> &'static str {
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(tls::roots()), provider(Side::Server));
    let verifier = if demands { verifier } else { verifier.allow_unauthenticated() }.build().unwrap();
    let server = tls::server_config(provider(Side::Server), &[version], Some(verifier));
    let mut client = tls::client_config(provider(Side::Client), &[version], false);
    client.client_auth_cert_resolver = Arc::new(NotesRequest);
    let (tls, (near, far), now) = (Tls::of(client, server).shared(), connection(), Instant::now());
    let mut raw = Raw::new(tls.server(), &far);
    let config = &tls.client_sessions;
    let mut session = Driver::observed(tls.client(), &near, Silent, config, now, Progress::default());
    while raw.write() | raw.read() | session.round(now) {}
    raw.send(data);
    raw.tls.send_close_notify();
    while raw.write() | raw.read() | session.round(now) {}
    session.seen.0.unwrap()
}

/// Only data says that a server of TLS 1.3 has accepted the client. A server of TLS 1.2 decides before the handshake ends.
#[test]
fn the_end_says_whether_the_server_had_answered_to_the_clients_certificate() {
    assert_eq!(client_progress(&TLS13, true, b""), "requested");
    assert_eq!(client_progress(&TLS12, true, b""), "requested, handshake");
    assert_eq!(client_progress(&TLS13, false, b""), "requested");
    assert_eq!(client_progress(&TLS12, false, b""), "established");
    assert_eq!(client_progress(&TLS13, false, b"data"), "established");
}
