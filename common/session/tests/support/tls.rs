//! Configurations, the certificate, and whom the client trusts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use identity::{
    AnyClient, AuthorizeClients, AuthorizeServer, ClientAuth, ClientCertificate, ClientVerifier, Policy,
    ServerVerifier, Trust,
};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ED25519, SerialNumber};
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::ServerSessionMemoryCache;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, SupportedProtocolVersion};
use tls_session::authorize::Authorize;
use tls_session::deadline::Timeouts;
use tls_session::session::SessionConfig;

use super::seconds;

/// Both versions, for what has to hold in either.
pub const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];

/// The deadlines of both ends, where a test says nothing else.
pub const TIMEOUTS: Timeouts = Timeouts {
    wait: None,
    handshake: Some(seconds(10)),
    idle: Some(seconds(60)),
    write: Some(seconds(30)),
    close: Some(seconds(5)),
    session: None,
};

/// How many sessions a server of [`Tls::afresh`] can resume.
const SESSIONS_KEPT: usize = 8;

/// A calendar that stands still until a test turns it.
#[derive(Debug)]
pub struct Calendar(AtomicU64);

impl Calendar {
    /// Some day on which the certificate is valid.
    const VALID: u64 = 1_800_000_000;
    /// Behind the end of the year 4096, and so of the certificate.
    const EXPIRED: u64 = 70_000_000_000;

    /// Goes to a day on which the certificate is no longer valid.
    pub fn expire(&self) {
        self.0.store(Self::EXPIRED, Ordering::Relaxed);
    }
}

impl Default for Calendar {
    fn default() -> Self {
        Self(AtomicU64::new(Self::VALID))
    }
}

impl TimeProvider for Calendar {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.0.load(Ordering::Relaxed))))
    }
}

/// What two ends need to talk to each other.
#[derive(Clone)]
pub struct Tls {
    /// The client's side of TLS.
    pub client: ClientConfig,
    /// The server's side of TLS.
    pub server: ServerConfig,
    /// The calendar by which a session's peer is judged; rustls has another one.
    pub calendar: Arc<Calendar>,
    client_timeouts: Timeouts,
    server_timeouts: Timeouts,
    trust: Arc<Trust>,
    verifier: Arc<ServerVerifier>,
    client_verifier: Option<Arc<ClientVerifier>>,
}

impl Tls {
    /// Full handshakes in this version, with X25519 and Ed25519, so that every session has the same sizes.
    pub fn new(version: &'static SupportedProtocolVersion) -> Self {
        let provider =
            CryptoProvider { kx_groups: vec![aws_lc_rs::kx_group::X25519], ..aws_lc_rs::default_provider() };
        Self::with(version, Arc::new(provider))
    }

    /// The same, with somebody else's cryptography.
    pub fn with(version: &'static SupportedProtocolVersion, provider: Arc<CryptoProvider>) -> Self {
        let identity = identity();
        let server = ServerConfig::builder_with_details(Arc::clone(&provider), Arc::new(Calendar::default()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![identity.certificate.clone()], identity.key.clone_key())
            .unwrap();
        let trust = Arc::clone(&identity.trust);
        let verifier =
            Arc::new(ServerVerifier::new(Arc::clone(&trust), Arc::clone(&provider), Policy::Strict));
        let mut client = ClientConfig::builder_with_details(provider, Arc::new(Calendar::default()))
            .with_protocol_versions(&[version])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier) as _)
            .with_no_client_auth();
        client.resumption = Resumption::disabled();
        Self {
            client,
            server,
            calendar: Arc::default(),
            client_timeouts: TIMEOUTS,
            server_timeouts: TIMEOUTS,
            trust,
            verifier,
            client_verifier: None,
        }
    }

    /// The same, with a server that demands a certificate, and a client that shows one.
    pub fn demanding_certificates(self, version: &'static SupportedProtocolVersion) -> Self {
        let identity = identity();
        let provider = Arc::clone(self.client.crypto_provider());
        let own = || (vec![identity.certificate.clone()], identity.key.clone_key());
        let verifier = Arc::new(ClientVerifier::new(
            Arc::clone(&identity.trust),
            Arc::clone(&provider),
            ClientAuth::Required,
        ));
        let (chain, key) = own();
        let server = ServerConfig::builder_with_details(Arc::clone(&provider), Arc::new(Calendar::default()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(Arc::clone(&verifier) as _)
            .with_single_cert(chain, key)
            .unwrap();
        let (chain, key) = own();
        let mut client = ClientConfig::builder_with_details(provider, Arc::new(Calendar::default()))
            .with_protocol_versions(&[version])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&self.verifier) as _)
            .with_client_cert_resolver(Arc::new(ClientCertificate::new(Some(
                CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).unwrap(),
            ))));
        client.resumption = Resumption::disabled();
        Self { client, server, client_verifier: Some(verifier), ..self }
    }

    /// A client that shows this certificate, and signs with a key that need not be its own.
    pub fn client_showing(
        &self,
        version: &'static SupportedProtocolVersion,
        certificate: CertificateDer<'static>,
        key: &PrivateKeyDer<'static>,
    ) -> ClientConfig {
        let key = aws_lc_rs::sign::any_supported_type(key).unwrap();
        let resolver = SingleCertAndKey::from(CertifiedKey::new(vec![certificate], key));
        let provider = Arc::clone(self.client.crypto_provider());
        let mut client = ClientConfig::builder_with_details(provider, Arc::new(Calendar::default()))
            .with_protocol_versions(&[version])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&self.verifier) as _)
            .with_client_cert_resolver(Arc::new(resolver));
        client.resumption = Resumption::disabled();
        client
    }

    /// The same, for ends that have not met yet: whatever was kept of earlier sessions is forgotten.
    pub fn afresh(&self, resuming: bool) -> Self {
        let mut tls = self.clone();
        tls.client.resumption = if resuming { Resumption::default() } else { Resumption::disabled() };
        tls.server.session_storage = ServerSessionMemoryCache::new(SESSIONS_KEPT);
        tls
    }

    /// The same, with a client that resumes where it can.
    pub fn resuming(version: &'static SupportedProtocolVersion) -> Self {
        let mut tls = Self::new(version);
        tls.client.resumption = Resumption::default();
        tls
    }

    /// With other deadlines at the client.
    pub fn client_timeouts(self, client_timeouts: Timeouts) -> Self {
        Self { client_timeouts, ..self }
    }

    /// With other deadlines at the server.
    pub fn server_timeouts(self, server_timeouts: Timeouts) -> Self {
        Self { server_timeouts, ..self }
    }

    /// What both ends share from session to session.
    pub fn shared(self) -> Shared {
        let of_clients: Arc<dyn Authorize> = match self.client_verifier {
            None => Arc::new(AnyClient),
            Some(verifier) => {
                Arc::new(AuthorizeClients { verifier, clock: Arc::<Calendar>::clone(&self.calendar) })
            }
        };
        let of_server = AuthorizeServer { name: name(), verifier: self.verifier, clock: self.calendar };
        Shared {
            client: Arc::new(self.client),
            server: Arc::new(self.server),
            client_terms: Arc::new(SessionConfig {
                authorize: Arc::new(of_server),
                timeouts: self.client_timeouts,
            }),
            server_terms: Arc::new(SessionConfig { authorize: of_clients, timeouts: self.server_timeouts }),
        }
    }
}

/// [`Tls`], ready for any number of sessions.
#[derive(Clone)]
pub struct Shared {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    /// What the client demands of the server.
    pub client_terms: Arc<SessionConfig>,
    /// What the server demands of the client.
    pub server_terms: Arc<SessionConfig>,
}

impl Shared {
    /// The same, with another client.
    pub fn visited_by(&self, client: ClientConfig) -> Self {
        Self { client: Arc::new(client), ..self.clone() }
    }

    /// The same, with another server.
    pub fn visiting(&self, server: ServerConfig) -> Self {
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

/// The certificate that every server trusts, which is no secret.
pub fn trusted_certificate() -> CertificateDer<'static> {
    identity().certificate.clone()
}

/// A certificate that nobody trusts, and its key.
pub fn stranger() -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let mut parameters = CertificateParams::new(["localhost".to_owned()]).unwrap();
    parameters.distinguished_name.push(DnType::CommonName, "stranger");
    let certificate = parameters.self_signed(&key).unwrap();
    (certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into())
}

fn name() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}

struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    trust: Arc<Trust>,
}

/// An Ed25519 key in PKCS #8 (RFC 8410, 7) whose 32 bytes follow.
const KEY_HEADER: [u8; 16] = [0x30, 46, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 34, 4, 32];

/// One certificate for all tests, the same in every run: its key is not what they are about.
fn identity() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| {
        let der = PrivatePkcs8KeyDer::from([&KEY_HEADER[..], &[7; 32]].concat());
        let key = KeyPair::try_from(&der).unwrap();
        let mut parameters = CertificateParams::new(["localhost".to_owned()]).unwrap();
        parameters.serial_number = Some(SerialNumber::from(1)); // a random one has a random length
        let certificate = parameters.self_signed(&key).unwrap();
        let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("trust-of-{}.pem", std::process::id()));
        std::fs::write(&file, certificate.pem()).unwrap();
        let trust = Trust::load(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        Identity {
            certificate: certificate.der().clone(),
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            trust: Arc::new(trust),
        }
    })
}
