//! The checks of [`authorize`] at the end of a handshake, when the session asks.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use tls_session::authorize::{Authorization, Authorize};

use crate::authorization::{Authorized, Peer, authorize};
use crate::distinguished_name::subject;
use crate::unauthorized::Unauthorized;
use crate::verifier::{ClientAuth, ClientVerifier, Policy, ServerVerifier};

/// Accepts every client. For a server that asks no client for a certificate.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnyClient;

impl Authorize for AnyClient {
    fn authorize(&self, _presented: Option<&[CertificateDer<'_>]>) -> Authorization {
        report("client", Err(Unauthorized::NotAskedFor), true)
    }
}

/// Authorizes clients. For a server that asks its clients for a certificate.
#[derive(Debug)]
pub struct AuthorizeClients {
    /// The verifier that rustls asks in full handshakes. It holds the trust and the policy.
    pub verifier: Arc<ClientVerifier>,
    /// The clock of the TLS configuration.
    pub clock: Arc<dyn TimeProvider>,
}

impl Authorize for AuthorizeClients {
    fn authorize(&self, presented: Option<&[CertificateDer<'_>]>) -> Authorization {
        let presented = presented.unwrap_or_default();
        let outcome = authorize(presented, &self.verifier.trust, Peer::Client, time(&self.clock));
        let is_optional = presented.is_empty() && self.verifier.auth == ClientAuth::Optional;
        let peer = match presented.first() {
            Some(certificate) => format!("client {}", subject(certificate)),
            None => "client".to_owned(),
        };
        report(&peer, outcome, is_optional)
    }
}

/// Authorizes one server. For its client.
#[derive(Debug)]
pub struct AuthorizeServer {
    /// The name that the server has to prove.
    pub name: ServerName<'static>,
    /// The verifier that rustls asks in full handshakes. It holds the trust and the policy.
    pub verifier: Arc<ServerVerifier>,
    /// The clock of the TLS configuration.
    pub clock: Arc<dyn TimeProvider>,
}

impl Authorize for AuthorizeServer {
    fn authorize(&self, presented: Option<&[CertificateDer<'_>]>) -> Authorization {
        let presented = presented.unwrap_or_default();
        let outcome = authorize(presented, &self.verifier.trust, Peer::Server(&self.name), time(&self.clock));
        let is_insecure = self.verifier.policy == Policy::Insecure;
        report(&format!("server {}", self.name.to_str()), outcome, is_insecure)
    }
}

/// Returns the time, or 1970 if the clock does not know it. Then no certificate is valid yet.
fn time(clock: &Arc<dyn TimeProvider>) -> UnixTime {
    clock.current_time().unwrap_or(UnixTime::since_unix_epoch(Duration::ZERO))
}

/// Writes the sentence for the log. Examples:
/// - `server localhost authorized (its certificate is in certificate.pem)`
/// - `server localhost UNAUTHORIZED (its certificate expired on …)`
/// - `client not asked for a certificate`
/// - `client CN=alice authorized (…)`
///
/// An unauthorized peer is refused, unless authorization `is_optional`.
fn report(peer: &str, outcome: Result<Authorized, Unauthorized>, is_optional: bool) -> Authorization {
    use Unauthorized::{NotAskedFor, NotPresented};
    let is_warning = outcome.as_ref().is_err_and(|why| !matches!(why, NotAskedFor | NotPresented));
    let report = match &outcome {
        Ok(authorized) => format!("{peer} authorized ({authorized})"),
        Err(NotAskedFor) => format!("{peer} not asked for a certificate"),
        Err(why) if is_warning => format!("{peer} UNAUTHORIZED ({why})"),
        Err(why) => format!("{peer} unauthorized ({why})"),
    };
    let refusal = outcome.err().filter(|_| !is_optional).map(Into::into);
    Authorization { report, is_warning, refusal }
}
