//! TLS configurations with a fixed certificate and a fixed clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ServerSessionMemoryCache, WebPkiClientVerifier};
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion,
};

use super::cryptography::provider;
use super::raw_pair::RawPair;
use super::roles::Silent;
use super::{Side, seconds};
use crate::authorize::{Authorize, VerifiedByRustls};
use crate::deadline::Timeouts;
use crate::session::SessionConfig;

/// Both versions, for tests of what holds in either.
pub const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];

/// The deadlines of both ends, unless a test sets others. With them every run ends, whatever the network does.
pub const TIMEOUTS: Timeouts = Timeouts {
    wait: Some(seconds(20)),
    handshake: Some(seconds(10)),
    idle: Some(seconds(60)),
    write: Some(seconds(30)),
    close: Some(seconds(5)),
    session: None,
};

/// How many sessions a server remembers.
const SESSIONS_KEPT: usize = 8;

/// A clock that always shows the same day, for certificates and tickets. The clock of sessions is another one.
#[derive(Debug)]
pub struct FixedClock(AtomicU64);

impl FixedClock {
    /// A day in 2027, on which the certificate is valid.
    const VALID: u64 = 1_800_000_000;
    /// A day in 4188. The certificate is valid until the end of 4095.
    const EXPIRED: u64 = 70_000_000_000;

    /// Moves the clock to a day on which the certificate is no longer valid.
    pub fn expire(&self) {
        self.0.store(Self::EXPIRED, Ordering::Relaxed);
    }
}

impl Default for FixedClock {
    fn default() -> Self {
        Self(AtomicU64::new(Self::VALID))
    }
}

impl TimeProvider for FixedClock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.0.load(Ordering::Relaxed))))
    }
}

/// The certificate of both ends: Ed25519, self-signed, for `localhost`. It is the same in every run.
pub const CERTIFICATE_PEM: &str = include_str!("certificate.pem");

/// The key of the certificate. It is no secret.
pub const KEY_PEM: &str = include_str!("key.pem");

/// [`CERTIFICATE_PEM`] in DER.
pub fn certificate() -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(CERTIFICATE_PEM.as_bytes()).unwrap()
}

/// [`KEY_PEM`] in DER.
pub fn key() -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_slice(KEY_PEM.as_bytes()).unwrap()
}

/// The name that the [`certificate`] is for.
pub fn name() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}

/// The trust of both ends: the [`certificate`] alone.
pub fn roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(certificate()).unwrap();
    roots
}

/// A server's configuration. With a `verifier` it asks clients for a certificate.
pub fn server_config(
    provider: Arc<CryptoProvider>,
    versions: &[&'static SupportedProtocolVersion],
    verifier: Option<Arc<dyn ClientCertVerifier>>,
) -> ServerConfig {
    let builder = ServerConfig::builder_with_details(provider, Arc::new(FixedClock::default()))
        .with_protocol_versions(versions)
        .unwrap();
    let builder = match verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(vec![certificate()], key()).unwrap();
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS_KEPT);
    config
}

/// A client's configuration without resumption. It trusts the [`certificate`]. It presents it if `has_certificate`.
pub fn client_config(
    provider: Arc<CryptoProvider>,
    versions: &[&'static SupportedProtocolVersion],
    has_certificate: bool,
) -> ClientConfig {
    let builder = ClientConfig::builder_with_details(provider, Arc::new(FixedClock::default()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots());
    let mut config = match has_certificate {
        true => builder.with_client_auth_cert(vec![certificate()], key()).unwrap(),
        false => builder.with_no_client_auth(),
    };
    config.resumption = Resumption::disabled();
    config
}

/// The configurations of two ends.
#[derive(Clone)]
pub struct Tls {
    /// The client's TLS configuration.
    pub client: ClientConfig,
    /// The server's TLS configuration.
    pub server: ServerConfig,
    /// What the client's sessions are configured with.
    pub client_sessions: SessionConfig,
    /// What the server's sessions are configured with.
    pub server_sessions: SessionConfig,
}

impl Tls {
    /// Full handshakes in this version. All sessions have the same sizes. The verifiers of rustls decide about peers.
    pub fn new(version: &'static SupportedProtocolVersion) -> Self {
        Self::of(
            client_config(provider(Side::Client), &[version], false),
            server_config(provider(Side::Server), &[version], None),
        )
    }

    /// The same, with a server that demands a certificate, and a client that presents one.
    pub fn with_client_certificate(version: &'static SupportedProtocolVersion) -> Self {
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots()), provider(Side::Server)).build();
        Self::of(
            client_config(provider(Side::Client), &[version], true),
            server_config(provider(Side::Server), &[version], Some(verifier.unwrap())),
        )
    }

    /// These configurations, with [`TIMEOUTS`]. The verifiers of rustls decide about peers.
    pub fn of(client: ClientConfig, server: ServerConfig) -> Self {
        let sessions = SessionConfig { authorize: Arc::new(VerifiedByRustls), timeouts: TIMEOUTS };
        Self { client, server, client_sessions: sessions.clone(), server_sessions: sessions }
    }

    /// The same configurations for two ends that have not met yet.
    pub fn afresh(&self, resuming: bool) -> Self {
        let mut tls = self.clone();
        tls.client.resumption = if resuming { Resumption::default() } else { Resumption::disabled() };
        tls.server.session_storage = ServerSessionMemoryCache::new(SESSIONS_KEPT);
        tls
    }

    /// A client that resumes sessions.
    pub fn resuming(version: &'static SupportedProtocolVersion) -> Self {
        Self::new(version).afresh(true)
    }

    /// TLS 1.3 with a client that has a ticket for so many bytes of early data.
    pub fn with_early_data(allowed: u32) -> Self {
        let mut tls = Self::resuming(&TLS13);
        tls.server.max_early_data_size = allowed;
        tls.client.enable_early_data = true;
        let mut first = RawPair::server(tls.clone(), Silent).established();
        first.send_close_notify();
        assert!(first.session.is_clean());
        tls
    }

    /// The same, with other deadlines at the client.
    pub fn client_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.client_sessions.timeouts = timeouts;
        self
    }

    /// The same, with other deadlines at the server.
    pub fn server_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.server_sessions.timeouts = timeouts;
        self
    }

    /// The same, with a client that asks this about the server.
    pub fn authorizing_server(mut self, authorize: Arc<dyn Authorize>) -> Self {
        self.client_sessions.authorize = authorize;
        self
    }

    /// What the sessions of both ends share.
    pub fn shared(self) -> Shared {
        Shared {
            client: Arc::new(self.client),
            server: Arc::new(self.server),
            client_sessions: Arc::new(self.client_sessions),
            server_sessions: Arc::new(self.server_sessions),
        }
    }
}

/// [`Tls`] for any number of sessions.
#[derive(Clone)]
pub struct Shared {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    /// What the client's sessions are configured with.
    pub client_sessions: Arc<SessionConfig>,
    /// What the server's sessions are configured with.
    pub server_sessions: Arc<SessionConfig>,
}

impl Shared {
    /// The same, with another client.
    pub fn with_client(&self, client: ClientConfig) -> Self {
        Self { client: Arc::new(client), ..self.clone() }
    }

    /// The same, with another server.
    pub fn with_server(&self, server: ServerConfig) -> Self {
        Self { server: Arc::new(server), ..self.clone() }
    }

    /// A client at the start of its handshake.
    pub fn client(&self) -> ClientConnection {
        ClientConnection::new(Arc::clone(&self.client), name()).unwrap()
    }

    /// A server at the start of its handshake.
    pub fn server(&self) -> ServerConnection {
        ServerConnection::new(Arc::clone(&self.server)).unwrap()
    }
}

impl From<Tls> for Shared {
    fn from(tls: Tls) -> Self {
        tls.shared()
    }
}

impl From<&Shared> for Shared {
    fn from(shared: &Shared) -> Self {
        shared.clone()
    }
}
