//! Two ends that talk TLS, the same in every run: their certificate, their configurations, whom they trust.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use identity::{
    AnyClient, AuthorizeClients, AuthorizeServer, ClientAuth, ClientVerifier, Policy, ServerVerifier, Trust,
};
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519, SerialNumber};
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, SecureRandom, SupportedKxGroup, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::ServerSessionMemoryCache;
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, KeyLog, ServerConfig, ServerConnection, SupportedProtocolVersion,
};
use tls_session::authorize::Authorize;
use tls_session::deadline::Timeouts;
use tls_session::session::SessionConfig;

use crate::{exchange, random};

/// Every deadline but that of the whole session, beside which a phase without one of its own would not be noticed.
pub const TIMEOUTS: Timeouts = Timeouts {
    wait: Some(Duration::from_secs(20)),
    handshake: Some(Duration::from_secs(10)),
    idle: Some(Duration::from_secs(60)),
    write: Some(Duration::from_secs(30)),
    close: Some(Duration::from_secs(5)),
    session: None,
};

/// Which versions an end speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versions {
    /// TLS 1.2 and 1.3.
    Both,
    /// TLS 1.2 alone.
    Tls12,
    /// TLS 1.3 alone.
    Tls13,
}

impl Versions {
    const ALL: [Self; 3] = [Self::Both, Self::Tls12, Self::Tls13];

    fn list(self) -> Vec<&'static SupportedProtocolVersion> {
        match self {
            Self::Both => vec![&TLS13, &TLS12],
            Self::Tls12 => vec![&TLS12],
            Self::Tls13 => vec![&TLS13],
        }
    }
}

/// What two ends need to talk to each other, once.
pub struct Ends {
    client: ClientConfig,
    server: ServerConfig,
    /// What the client demands of the server.
    pub client_terms: Arc<SessionConfig>,
    /// What the server demands of the client.
    pub server_terms: Arc<SessionConfig>,
}

impl Ends {
    /// Two ends that draw from the beginning of their randomness. `asks`: the server asks for a certificate.
    pub fn new(client: Versions, server: Versions, asks: bool) -> Self {
        random::CLIENT.restart();
        random::SERVER.restart();
        let mut server = SERVERS[server as usize][usize::from(asks)].clone();
        server.session_storage = ServerSessionMemoryCache::new(8); // of this run
        Self {
            client: CLIENTS[client as usize].clone(),
            server,
            client_terms: terms(Arc::new(AuthorizeServer {
                name: name(),
                verifier: Arc::clone(&SERVER_VERIFIER),
                clock: Arc::new(StandingStill),
            })),
            server_terms: terms(match asks {
                false => Arc::new(AnyClient),
                true => Arc::new(AuthorizeClients {
                    verifier: Arc::clone(&CLIENT_VERIFIER),
                    clock: Arc::new(StandingStill),
                }),
            }),
        }
    }

    /// The same, and the secrets of both ends are told.
    pub fn telling(mut self, log: &Arc<impl KeyLog + 'static>) -> Self {
        self.client.key_log = Arc::clone(log) as _;
        self
    }

    /// A client at the start of its handshake.
    pub fn client(&self) -> ClientConnection {
        ClientConnection::new(Arc::new(self.client.clone()), name()).expect("a client")
    }

    /// A server at the start of its handshake.
    pub fn server(&self) -> ServerConnection {
        ServerConnection::new(Arc::new(self.server.clone())).expect("a server")
    }
}

fn terms(authorize: Arc<dyn Authorize>) -> Arc<SessionConfig> {
    Arc::new(SessionConfig { authorize, timeouts: TIMEOUTS })
}

/// The name that the certificate is for.
pub fn name() -> ServerName<'static> {
    ServerName::try_from("localhost").expect("a name")
}

/// Some day on which the certificate is valid, whatever the day.
#[derive(Debug)]
pub struct StandingStill;

impl TimeProvider for StandingStill {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000)))
    }
}

/// The one certificate, of both ends, with its key.
pub struct Identity {
    /// The certificate.
    pub certificate: CertificateDer<'static>,
    /// Its key.
    pub key: PrivatePkcs8KeyDer<'static>,
    /// Both in PEM.
    pub pem: String,
    /// What pins the certificate.
    pub trust: Arc<Trust>,
}

/// Made from fixed bytes, so that it is the same in every process and no key lies about in a file.
pub static IDENTITY: LazyLock<Identity> = LazyLock::new(|| {
    let version_and_algorithm = *b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
    let key = PrivatePkcs8KeyDer::from([&version_and_algorithm[..], &[7; 32]].concat());
    let pair = KeyPair::from_pkcs8_der_and_sign_algo(&key, &PKCS_ED25519).expect("a key pair");
    let mut parameters = CertificateParams::new(["localhost".to_owned()]).expect("parameters");
    parameters.serial_number = Some(SerialNumber::from(1));
    let certificate = parameters.self_signed(&pair).expect("a certificate");
    let trust = crate::file::with(certificate.pem().as_bytes(), Trust::load).expect("a trust");
    Identity {
        certificate: certificate.der().clone(),
        pem: certificate.pem() + &pair.serialize_pem(),
        key,
        trust: Arc::new(trust),
    }
});

static SERVER_VERIFIER: LazyLock<Arc<ServerVerifier>> = LazyLock::new(|| {
    let provider = provider(&random::CLIENT, exchange::CLIENT);
    Arc::new(ServerVerifier::new(Arc::clone(&IDENTITY.trust), provider, Policy::Strict))
});

static CLIENT_VERIFIER: LazyLock<Arc<ClientVerifier>> = LazyLock::new(|| {
    let provider = provider(&random::SERVER, exchange::SERVER);
    Arc::new(ClientVerifier::new(Arc::clone(&IDENTITY.trust), provider, ClientAuth::Optional))
});

static CLIENTS: LazyLock<[ClientConfig; 3]> = LazyLock::new(|| {
    Versions::ALL.map(|versions| {
        let mut client = ClientConfig::builder_with_details(
            provider(&random::CLIENT, exchange::CLIENT),
            Arc::new(StandingStill),
        )
        .with_protocol_versions(&versions.list())
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&SERVER_VERIFIER) as _)
        .with_client_auth_cert(vec![IDENTITY.certificate.clone()], IDENTITY.key.clone_key().into())
        .expect("a certificate");
        client.resumption = Resumption::disabled(); // every run is one session
        client
    })
});

static SERVERS: LazyLock<[[ServerConfig; 2]; 3]> = LazyLock::new(|| {
    Versions::ALL.map(|versions| {
        [false, true].map(|asks| {
            let builder = ServerConfig::builder_with_details(
                provider(&random::SERVER, exchange::SERVER),
                Arc::new(StandingStill),
            )
            .with_protocol_versions(&versions.list())
            .expect("versions");
            let builder = match asks {
                false => builder.with_no_client_auth(),
                true => builder.with_client_cert_verifier(Arc::clone(&CLIENT_VERIFIER) as _),
            };
            builder
                .with_single_cert(vec![IDENTITY.certificate.clone()], IDENTITY.key.clone_key().into())
                .expect("a certificate")
        })
    })
});

fn provider(random: &'static dyn SecureRandom, group: &'static dyn SupportedKxGroup) -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        secure_random: random,
        kx_groups: vec![group],
        ..aws_lc_rs::default_provider()
    })
}
