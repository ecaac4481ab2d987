//! # A revoked client certificate is accepted: rustls calls no verifier when a session is resumed
//!
//! **Symptom:** The certificate of a client was revoked or has expired. A client with a ticket still gets in, and a
//! client without a ticket is refused. The verifier's log shows nothing.
//!
//! **Cause:** A resumed handshake contains no certificate. So rustls calls no `ClientCertVerifier` and no
//! `ServerCertVerifier`. `peer_certificates()` returns the chain of the original handshake, from the ticket or the
//! session store (rustls, `CompleteClientHelloHandling::handle_client_hello`, `server/tls13.rs`).
//!
//! **Rule:** Check the peer at the end of every handshake, full or resumed, with `peer_certificates()`. Or switch
//! resumption off. A verifier alone is enough only if its decision never changes.
//!
//! **Ours:** `common/session/src/session/handshake_end.rs`, `Session::end_handshake`; `common/session/src/authorize.rs`,
//! `Authorize`
//!
//! **Seen in:** junkurihara/rust-rpxy#603

use std::io::{self, Read as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::Resumption;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::version::TLS13;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConnection,
    SignatureScheme,
};
use tls_session::authorize::{Authorization, Authorize, Refusal};
use tls_session::close_reason::CloseReason;
use tls_session::simulation::Side;
use tls_session::simulation::cryptography::{provider, seed};
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;
use tls_session::simulation::tls::{Shared, Tls, certificate, client_config, server_config};

use super::support::{self, Poll, Step};

/// A server that collects a command from a client that its verifier has accepted.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<Vec<u8>> {
    let mut command = Vec::new();
    while poll.wait().is_some() {
        loop {
            match tls.read_tls(&mut socket) {
                Ok(0) => return Ok(command),
                Ok(_) => _ = tls.process_new_packets().map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            let _ = tls.reader().read_to_end(&mut command);
        }
        while tls.wants_write() {
            tls.write_tls(&mut socket)?;
        }
    }
    Ok(command)
}

/// rustls' verifier, and a list of revoked certificates. Here the list has one entry at most, and there is one client.
#[derive(Debug)]
struct Verifier {
    chains: Arc<dyn ClientCertVerifier>,
    is_revoked: AtomicBool,
}

impl Verifier {
    fn new() -> Arc<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(certificate()).unwrap();
        let chains = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider(Side::Server));
        Arc::new(Self { chains: chains.build().unwrap(), is_revoked: AtomicBool::new(false) })
    }

    fn check(&self) -> Result<(), CertificateError> {
        if self.is_revoked.load(Ordering::Relaxed) { Err(CertificateError::Revoked) } else { Ok(()) }
    }
}

impl ClientCertVerifier for Verifier {
    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check()?;
        self.chains.verify_client_cert(end_entity, intermediates, now)
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chains.root_hint_subjects()
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chains.supported_verify_schemes()
    }
}

/// Asks the same list at the end of each handshake.
struct AtTheEnd(Arc<Verifier>);

impl Authorize for AtTheEnd {
    fn authorize(&self, _presented: Option<&[CertificateDer<'_>]>) -> Authorization {
        let refusal = self.0.check().err().map(|error| Refusal::new("revoked", error));
        Authorization { report: "client".into(), is_warning: false, refusal }
    }
}

/// A server with this verifier, and a client with a certificate, which has a ticket and is revoked.
fn revoked(verifier: &Arc<Verifier>) -> Shared {
    seed(1);
    let mut client = client_config(provider(Side::Client), &[&TLS13], true);
    client.resumption = Resumption::default();
    let server = server_config(provider(Side::Server), &[&TLS13], Some(Arc::<Verifier>::clone(verifier)));
    let mut tls = Tls::of(client, server);
    tls.server_sessions.authorize = Arc::new(AtTheEnd(Arc::clone(verifier)));
    let tls = tls.shared();
    let mut first = RawPair::server(&tls, Echo::default()).established();
    first.send_close_notify();
    verifier.is_revoked.store(true, Ordering::Relaxed);
    tls
}

const SCHEDULE: &[Step] = &[|client| client.send(b"pay a million")];

#[test]
fn the_naive_loop_obeys_a_revoked_client() {
    let verifier = Verifier::new();
    let tls = revoked(&verifier);
    let (server, socket, mut poll) = support::server(&tls, SCHEDULE);
    assert_eq!(naive(server, socket, &mut poll).unwrap(), b"pay a million");

    let without_ticket = tls.with_client(client_config(provider(Side::Client), &[&TLS13], true));
    let (server, socket, mut poll) = support::server(&without_ticket, SCHEDULE);
    let error = naive(server, socket, &mut poll).unwrap_err();
    assert_eq!(error.to_string(), "invalid peer certificate: Revoked");
}

#[test]
fn ours_decides_at_the_end_of_every_handshake() {
    let pair = support::run(RawPair::server(revoked(&Verifier::new()), Echo::default()), SCHEDULE);
    assert!(matches!(pair.session.reason(), Some(CloseReason::Unauthorized(_))));
    assert!(pair.session.received().is_empty());
}
