//! The session's questions about its peer, answered by [`authorize`].

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use tls_session::authorize::{Authorization, Authorize};

use crate::{
    Authorized, ClientAuth, ClientVerifier, Peer, Policy, ServerVerifier, Unauthorized, authorize, subject,
};

/// For a server that asks no client for a certificate.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnyClient;

impl Authorize for AnyClient {
    fn authorize(&self, _presented: Option<&[CertificateDer<'_>]>) -> Authorization {
        report("client", Err(Unauthorized::NotAskedFor), true)
    }
}

/// For a server that asks its clients for a certificate.
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
        let outcome = authorize(presented, self.verifier.trust(), Peer::Client, time(&self.clock));
        let may_stay = presented.is_empty() && self.verifier.auth() == ClientAuth::Optional;
        let whom = match presented.first() {
            Some(certificate) => format!("client {}", subject(certificate)),
            None => "client".to_owned(),
        };
        report(&whom, outcome, may_stay)
    }
}

/// For a client that wants to reach one server.
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
        let outcome =
            authorize(presented, self.verifier.trust(), Peer::Server(&self.name), time(&self.clock));
        let is_insecure = self.verifier.policy() == Policy::Insecure;
        report(&format!("server {}", self.name.to_str()), outcome, is_insecure)
    }
}

/// A clock that does not know the time leaves every certificate in its future.
fn time(clock: &Arc<dyn TimeProvider>) -> UnixTime {
    clock.current_time().unwrap_or(UnixTime::since_unix_epoch(Duration::ZERO))
}

/// Puts an outcome into words:
/// `server localhost authorized (the very certificate in certificate.pem)`,
/// `server localhost UNAUTHORIZED (its certificate expired on …)`,
/// `client not asked for a certificate`, `client CN=alice authorized (…)`.
///
/// A peer that is not authorized is accepted only if it `may_stay`.
fn report(whom: &str, outcome: Result<Authorized, Unauthorized>, may_stay: bool) -> Authorization {
    use Unauthorized::{NotAskedFor, NotPresented};
    let is_alarming = outcome.as_ref().is_err_and(|why| !matches!(why, NotAskedFor | NotPresented));
    let report = match &outcome {
        Ok(authorized) => format!("{whom} authorized ({authorized})"),
        Err(NotAskedFor) => format!("{whom} not asked for a certificate"),
        Err(why) if is_alarming => format!("{whom} UNAUTHORIZED ({why})"),
        Err(why) => format!("{whom} unauthorized ({why})"),
    };
    let refusal = outcome.err().filter(|_| !may_stay).map(Into::into);
    Authorization { report, is_alarming, refusal }
}
