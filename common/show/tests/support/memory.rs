//! A client session and a server session, connected in memory.
#![allow(clippy::unwrap_used, clippy::panic, dead_code)] // each test uses a part of it

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use decode::recorder::Recorder;
use decode::secrets::Secrets;
use identity::{AnyClient, AuthorizeServer, Policy, ServerVerifier, Trust};
use program::observer::{LoopEvent, Observer};
use rcgen::{KeyPair, PKCS_ED25519};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, Side};
use tls_session::application::{Application, Next, Outbox};
use tls_session::buffers::Buffers;
use tls_session::close_reason::CloseReason;
use tls_session::context::Context;
use tls_session::deadline::Timeouts;
use tls_session::observer::SessionId;
use tls_session::readiness::Readiness;
use tls_session::session::{Session, SessionConfig, Turn};
use tls_session::simulation::network::{Socket, connection};
use tls_session::simulation::roles::Echo;

use testing::configs::{Configs, Shape, suite};
use testing::folder::TempDir;

// ---- the client --------------------------------------------------------------------------------------------

/// Sends a message several times, each after the echo of the one before, and closes.
pub struct Talk {
    message: Vec<u8>,
    times: usize,
    greeting: &'static [u8],
    missing: usize,
    aborts: bool,
}

impl Talk {
    pub fn new(message: &[u8], times: usize) -> Self {
        Self { message: message.to_vec(), times, greeting: b"", missing: 0, aborts: false }
    }

    /// Lets the server send this greeting, and expects it before the echo.
    pub fn greeted(self, greeting: &'static [u8]) -> Self {
        Self { greeting, missing: greeting.len(), ..self }
    }

    /// Ends the session without close_notify.
    pub fn aborting(self) -> Self {
        Self { aborts: true, ..self }
    }

    fn send_next(&mut self, outbox: &mut Outbox<'_>) -> Next {
        if self.times == 0 {
            return if self.aborts { Next::Abort } else { Next::Close };
        }
        self.times -= 1;
        self.missing += self.message.len();
        outbox.send(&self.message);
        Next::Continue
    }
}

impl Application for Talk {
    fn established(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        self.send_next(outbox)
    }

    fn received(&mut self, _now: Instant, plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        self.missing -= plaintext.len();
        match outbox {
            Some(outbox) if self.missing == 0 => self.send_next(outbox),
            _ => Next::Continue,
        }
    }
}

// ---- the sessions ------------------------------------------------------------------------------------------

/// The configurations of both ends.
pub struct Setup {
    server_tls: Arc<ServerConfig>,
    client_tls: Arc<ClientConfig>,
    server: Arc<SessionConfig>,
    client: Arc<SessionConfig>,
    /// The name of the server that the client wants.
    server_name: ServerName<'static>,
}

impl Setup {
    pub fn new() -> Self {
        Self::shaped(&Shape::default())
    }

    pub fn shaped(shape: &Shape) -> Self {
        Self::of(shape, Configs::new(shape))
    }

    /// Makes a setup in which recorders see what the client and the server compute.
    pub fn recorded(shape: &Shape, [client, server]: &[Recorder; 2]) -> Self {
        let configs = Configs::with_providers(shape, |side, provider| match side {
            Side::Client => client.provider(&provider),
            Side::Server => server.provider(&provider),
        });
        Self::of(shape, configs)
    }

    fn of(shape: &Shape, configs: Configs) -> Self {
        let Configs { server, client: mut client_tls, provider, certificate } = configs;
        let trust = Arc::new(trust(&certificate));
        let policy = Policy::Strict;
        let verifier = Arc::new(ServerVerifier::new(Arc::clone(&trust), provider, policy));
        if !shape.distrust {
            client_tls.dangerous().set_certificate_verifier(Arc::clone(&verifier) as _);
        }

        let timeouts = Timeouts::default();
        let clock = Arc::clone(&client_tls.time_provider);
        let authorize = AuthorizeServer { name: ServerName::try_from("localhost").unwrap(), verifier, clock };
        Self {
            server_tls: Arc::new(server),
            client_tls: Arc::new(client_tls),
            server: Arc::new(SessionConfig { authorize: Arc::new(AnyClient), timeouts }),
            client: Arc::new(SessionConfig { authorize: Arc::new(authorize), timeouts }),
            server_name: ServerName::try_from("localhost").unwrap(),
        }
    }

    /// Makes a setup in which the client wants another server than the one that answers.
    pub fn with_wrong_name() -> Self {
        Self { server_name: ServerName::try_from("example.org").unwrap(), ..Self::new() }
    }

    /// Makes a setup in which the server presents a certificate, and signs with another key.
    pub fn with_other_key(shape: &Shape) -> Self {
        let mut configs = Configs::new(shape);
        let chain = vec![CertificateDer::from_pem_slice(configs.certificate.as_bytes()).unwrap()];
        let other = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let key = any_supported_type(&PrivatePkcs8KeyDer::from(other.serialize_der()).into()).unwrap();
        configs.server.cert_resolver = Arc::new(SingleCertAndKey::from(CertifiedKey::new(chain, key)));
        Self::of(shape, configs)
    }

    /// Makes a setup in which the client speaks TLS 1.2 and the server TLS 1.3.
    pub fn without_common_version() -> Self {
        let suite = suite("TLS13_AES_256_GCM_SHA384");
        Self { client_tls: Self::tls12().client_tls, ..Self::shaped(&Shape { suite, ..Shape::default() }) }
    }

    /// Makes a setup with TLS 1.2.
    pub fn tls12() -> Self {
        let suite = suite("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
        Self::shaped(&Shape { suite, ..Shape::default() })
    }

    /// Passes the secrets of the client to this key log.
    pub fn logged(self, secrets: Arc<Secrets>) -> Self {
        self.adjusted(|client, _| client.key_log = secrets)
    }

    /// Changes the configurations.
    pub fn adjusted(mut self, adjust: impl FnOnce(&mut ClientConfig, &mut ServerConfig)) -> Self {
        adjust(Arc::make_mut(&mut self.client_tls), Arc::make_mut(&mut self.server_tls));
        self
    }

    /// Runs a session to its end. Returns how each end closed, the client first. `client` and `server` observe the ends.
    pub fn converse(
        &self,
        room: usize,
        talk: Talk,
        start: Instant,
        client: &mut dyn Observer,
        server: &mut dyn Observer,
    ) -> (CloseReason, CloseReason) {
        let echo = Echo::greeting(talk.greeting);
        let (here, there) = connection();
        (here.outgoing().capacity, there.outgoing().capacity) = (room, room);
        let tls = ClientConnection::new(Arc::clone(&self.client_tls), self.server_name.clone()).unwrap();
        let buffers = &mut Buffers::default();
        let cx = &mut Context::new(start, buffers, client);
        let config = Arc::clone(&self.client);
        let mut client_session = Session::new(id(8000), id(50000).peer, tls, here, talk, config, cx);
        let tls = ServerConnection::new(Arc::clone(&self.server_tls)).unwrap();
        let cx = &mut Context::new(start, buffers, server);
        let config = Arc::clone(&self.server);
        let mut server_session = Session::new(id(50000), id(8000).peer, tls, there, echo, config, cx);

        let (mut client_end, mut server_end) = (None, None);
        for round in 1.. {
            let now = start + Duration::from_millis(round);
            if client_end.is_none() {
                client_end = turn(&mut client_session, now, client, buffers);
            }
            if server_end.is_none() {
                server_end = turn(&mut server_session, now, server, buffers);
            }
            if let (Some(client_end), Some(server_end)) = (&client_end, &server_end) {
                return (client_end.clone(), server_end.clone());
            }
            assert!(round < 1_000_000, "the sessions do not end");
        }
        unreachable!()
    }
}

fn turn<A: Application>(
    session: &mut Session<Socket, A>,
    now: Instant,
    observer: &mut dyn Observer,
    buffers: &mut Buffers,
) -> Option<CloseReason> {
    observer.event_loop(now, &LoopEvent::Woke { events: 1, timeout: None });
    let cx = &mut Context::new(now, buffers, observer);
    session.ready(Readiness::all(), cx);
    match session.turn(cx) {
        Turn::Done(reason) => Some(reason),
        Turn::Wait(_) | Turn::Again(_) => None,
    }
}

pub fn id(port: u16) -> SessionId {
    SessionId { number: 1, peer: SocketAddr::from((Ipv4Addr::LOCALHOST, port)) }
}

/// Loads a trust from a temporary file, because it can only be loaded from a file.
fn trust(pem: &str) -> Trust {
    let folder = TempDir::new();
    Trust::load(&folder.write("certificate.pem", pem)).unwrap()
}
