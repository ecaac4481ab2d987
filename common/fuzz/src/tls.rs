//! The configurations of two ends, the same in every run.

use std::sync::{Arc, LazyLock};

use identity::{
    AnyClient, AuthorizeClients, AuthorizeServer, ClientAuth, ClientVerifier, Policy, ServerVerifier, Trust,
};
use rustls::server::ServerSessionMemoryCache;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, KeyLog, ServerConfig, SupportedProtocolVersion};
use tls_session::deadline::Timeouts;
use tls_session::simulation::tls::{
    CERTIFICATE_PEM, FixedClock, TIMEOUTS, Tls, client_config, name, server_config,
};
use tls_session::simulation::{Side, cryptography, seconds};

/// Every deadline except that of the whole session, which would hide a phase without a deadline of its own.
pub const DEADLINES: Timeouts = Timeouts { wait: Some(seconds(20)), ..TIMEOUTS };

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

/// Two ends that draw the same random numbers in every run. With `asks` the server asks for a certificate.
pub fn ends(client: Versions, server: Versions, asks: bool) -> Tls {
    cryptography::seed(1);
    let mut server = SERVERS[server as usize][usize::from(asks)].clone();
    server.session_storage = ServerSessionMemoryCache::new(8); // of this run
    let mut tls = Tls::of(CLIENTS[client as usize].clone(), server)
        .client_timeouts(DEADLINES)
        .server_timeouts(DEADLINES)
        .authorizing_server(Arc::new(AuthorizeServer {
            name: name(),
            verifier: Arc::clone(&SERVER_VERIFIER),
            clock: Arc::new(FixedClock::default()),
        }));
    tls.server_sessions.authorize = match asks {
        false => Arc::new(AnyClient),
        true => Arc::new(AuthorizeClients {
            verifier: Arc::clone(&CLIENT_VERIFIER),
            clock: Arc::new(FixedClock::default()),
        }),
    };
    tls
}

/// The same, with a log of the secrets of both ends.
pub fn ends_with_log(versions: Versions, log: &Arc<impl KeyLog + 'static>) -> Tls {
    let mut tls = ends(versions, versions, true);
    tls.client.key_log = Arc::clone(log) as _;
    tls
}

/// A trust that pins the certificate of both ends.
pub static TRUST: LazyLock<Arc<Trust>> =
    LazyLock::new(|| Arc::new(crate::file::with(CERTIFICATE_PEM.as_bytes(), Trust::load).expect("a trust")));

static SERVER_VERIFIER: LazyLock<Arc<ServerVerifier>> = LazyLock::new(|| {
    let provider = cryptography::provider(Side::Client);
    Arc::new(ServerVerifier::new(Arc::clone(&TRUST), provider, Policy::Strict))
});

static CLIENT_VERIFIER: LazyLock<Arc<ClientVerifier>> = LazyLock::new(|| {
    let provider = cryptography::provider(Side::Server);
    Arc::new(ClientVerifier::new(Arc::clone(&TRUST), provider, ClientAuth::Optional))
});

static CLIENTS: LazyLock<[ClientConfig; 3]> = LazyLock::new(|| {
    Versions::ALL.map(|versions| {
        let mut client = client_config(cryptography::provider(Side::Client), &versions.list(), true);
        client.dangerous().set_certificate_verifier(Arc::clone(&SERVER_VERIFIER) as _);
        client
    })
});

static SERVERS: LazyLock<[[ServerConfig; 2]; 3]> = LazyLock::new(|| {
    Versions::ALL.map(|versions| {
        [false, true].map(|asks| {
            let verifier = asks.then(|| Arc::clone(&CLIENT_VERIFIER) as _);
            server_config(cryptography::provider(Side::Server), &versions.list(), verifier)
        })
    })
});
