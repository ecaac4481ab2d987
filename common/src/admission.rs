//! Whom we let in, and how we say it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;

use crate::identity::{
    Authorized, ClientAuth, ClientVerifier, NotesSlot, Peer, Policy, ServerVerifier, Trust, Unauthorized,
    authorize, subject,
};

/// What this end demands of the other.
pub enum Admission {
    /// A server that asks nobody for a certificate.
    AnyClient,
    /// A server that asks for a certificate.
    Client {
        /// By which certificates a client can prove who it is.
        trust: Arc<Trust>,
        /// Whether it has to.
        auth: ClientAuth,
        /// The verifier that rustls asks in full handshakes. It notes the whole reason of a refusal, of which
        /// rustls passes on an alert.
        verifier: Arc<ClientVerifier>,
        /// The clock of the TLS configuration.
        clock: Arc<dyn TimeProvider>,
    },
    /// A client that wants to reach one server.
    Server {
        /// The name that the server has to prove.
        name: ServerName<'static>,
        /// By which certificates it can.
        trust: Arc<Trust>,
        /// Whether to go on without that proof.
        policy: Policy,
        /// See [`Admission::Client`].
        verifier: Arc<ServerVerifier>,
        /// The clock of the TLS configuration.
        clock: Arc<dyn TimeProvider>,
    },
}

impl Admission {
    /// Judges the peer at the end of a handshake, resumed or not, by what it presented in it or, for a resumed
    /// one, in the handshake that it resumes.
    pub fn judge(&self, presented: Option<&[CertificateDer<'_>]>) -> Verdict {
        let presented = presented.unwrap_or_default();
        match self {
            Self::AnyClient => {
                Verdict { whom: "client".into(), outcome: Err(Unauthorized::NotAskedFor), admitted: true }
            }
            Self::Client { trust, auth, clock, .. } => {
                let outcome = authorize(presented, trust, Peer::Client, time(clock));
                let may_stay = presented.is_empty() && *auth == ClientAuth::Optional;
                let whom = match presented.first() {
                    Some(certificate) => format!("client {}", subject(certificate)),
                    None => "client".into(),
                };
                Verdict { whom, admitted: outcome.is_ok() || may_stay, outcome }
            }
            Self::Server { name, trust, policy, clock, .. } => {
                let outcome = authorize(presented, trust, Peer::Server(name), time(clock));
                let admitted = outcome.is_ok() || *policy == Policy::Insecure;
                Verdict { whom: format!("server {}", name.to_str()), outcome, admitted }
            }
        }
    }

    /// Where the callbacks of rustls leave notes for the session that made the call. `None`: there are no callbacks.
    pub fn notes(&self) -> Option<&NotesSlot> {
        match self {
            Self::AnyClient => None,
            Self::Client { verifier, .. } => Some(verifier.notes()),
            Self::Server { verifier, .. } => Some(verifier.notes()),
        }
    }
}

/// A clock that does not know the time leaves every certificate in its future.
fn time(clock: &Arc<dyn TimeProvider>) -> UnixTime {
    clock.current_time().unwrap_or(UnixTime::since_unix_epoch(Duration::ZERO))
}

/// What this end makes of the other.
#[derive(Debug)]
pub struct Verdict {
    whom: String,
    outcome: Result<Authorized, Unauthorized>,
    admitted: bool,
}

impl Verdict {
    /// Why the peer is turned away, if it is.
    pub fn refusal(&self) -> Option<&Unauthorized> {
        if self.admitted { None } else { self.outcome.as_ref().err() }
    }

    /// Whether a peer that should have proved who it is did not, and is admitted all the same.
    pub fn is_alarming(&self) -> bool {
        use Unauthorized::{NotAskedFor, NotPresented};
        self.outcome.as_ref().is_err_and(|why| !matches!(why, NotAskedFor | NotPresented))
    }
}

/// `server localhost authorized (the very certificate in certificate.pem)`,
/// `server localhost UNAUTHORIZED (its certificate expired on …)`,
/// `client not asked for a certificate`, `client CN=alice authorized (…)`.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Ok(authorized) => write!(f, "{} authorized ({authorized})", self.whom),
            Err(Unauthorized::NotAskedFor) => write!(f, "{} not asked for a certificate", self.whom),
            Err(why) if self.is_alarming() => write!(f, "{} UNAUTHORIZED ({why})", self.whom),
            Err(why) => write!(f, "{} unauthorized ({why})", self.whom),
        }
    }
}
