//! A blocking TLS peer whose steps must succeed: a step that fails is a failed test.

use std::io;
use std::net::SocketAddr;
use std::ops::DerefMut;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use check::wire::{Connection, Peer};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    ClientConfig, ClientConnection, ConnectionCommon, ServerConfig, ServerConnection, SideData,
    SupportedProtocolVersion,
};

pub use check::wire::End;

use crate::{LIMIT, certificates};

/// A client.
pub type TlsClient = TlsPeer<ClientConnection>;
/// A server.
pub type TlsServer = TlsPeer<ServerConnection>;

/// A client or a server on a blocking socket. Each function that can fail panics instead.
pub struct TlsPeer<C>(Peer<C>);

/// Opens a TCP connection. No call waits longer than [`LIMIT`].
pub fn connect(address: SocketAddr) -> Connection {
    Connection::open(address, LIMIT).unwrap()
}

impl TlsClient {
    /// Creates a client of the server `localhost`, before its handshake.
    pub fn new(connection: Connection, config: Arc<ClientConfig>) -> Self {
        Self(Peer::<ClientConnection>::new(connection, config, "localhost".try_into().unwrap()).unwrap())
    }

    /// Connects and finishes the handshake.
    pub fn connect(address: SocketAddr, config: Arc<ClientConfig>) -> Self {
        let mut client = Self::new(connect(address), config);
        client.handshake().unwrap();
        client
    }

    /// Sends a ClientHello and reads nothing.
    pub fn send_client_hello(&mut self) {
        self.0.send_client_hello().unwrap();
    }

    /// Sends the first half of a ClientHello.
    pub fn send_half_a_client_hello(&mut self) {
        self.0.send_half_a_client_hello().unwrap();
    }

    /// Sends a ClientHello and reads the server's flight. Returns the client's second flight, which ends with Finished.
    pub fn second_flight(&mut self) -> Vec<u8> {
        self.0.second_flight().unwrap()
    }
}

impl TlsServer {
    /// Creates a server on an accepted connection, before its handshake.
    pub fn new(connection: Connection, config: Arc<ServerConfig>) -> Self {
        Self(Peer::<ServerConnection>::new(connection, config).unwrap())
    }
}

impl<C, S: SideData> TlsPeer<C>
where
    C: DerefMut<Target = ConnectionCommon<S>>,
{
    /// Finishes the handshake.
    ///
    /// # Errors
    /// The socket fails, or TLS fails. The alert has been sent.
    pub fn handshake(&mut self) -> io::Result<()> {
        self.0.handshake()
    }

    /// Reads until TLS has something to send, and returns that.
    pub fn next_flight(&mut self) -> Vec<u8> {
        self.0.next_flight().unwrap()
    }

    /// Sends plaintext.
    pub fn send(&mut self, plaintext: &[u8]) {
        self.0.send(plaintext).unwrap();
    }

    /// Sends plaintext. Returns `false` if the peer has closed the connection.
    pub fn try_send(&mut self, plaintext: &[u8]) -> bool {
        self.0.send(plaintext).is_ok()
    }

    /// Takes the pending output of TLS. The test can cut or damage it before it sends it.
    pub fn outgoing(&mut self) -> Vec<u8> {
        self.0.outgoing().unwrap()
    }

    /// Seals plaintext without sending it.
    pub fn seal(&mut self, plaintext: &[u8]) -> Vec<u8> {
        self.0.seal(plaintext).unwrap()
    }

    /// Seals close_notify without sending it.
    pub fn seal_close_notify(&mut self) -> Vec<u8> {
        self.0.seal_close_notify().unwrap()
    }

    /// Sends bytes without TLS. Ignores an error, because the peer may close the connection meanwhile.
    pub fn write_raw(&mut self, bytes: &[u8]) {
        let _ = self.connection().send(bytes);
    }

    /// Adds a KeyUpdate to the pending output (RFC 8446, 4.6.3).
    pub fn update_keys(&mut self) {
        self.0.update_keys().unwrap();
    }

    /// Sends plaintext on a thread, so that the test does not wait for the peer to read. Send nothing else before
    /// the thread has ended.
    pub fn send_in_background(&mut self, plaintext: &[u8]) -> JoinHandle<io::Result<()>> {
        self.0.send_in_background(plaintext).unwrap()
    }

    /// Receives this many bytes of plaintext.
    pub fn receive(&mut self, length: usize) -> Vec<u8> {
        self.0.receive(length).unwrap()
    }

    /// Sends plaintext and receives as many bytes. Returns `false` if the peer has closed the session.
    pub fn try_round_trip(&mut self, plaintext: &[u8]) -> bool {
        self.0.round_trip(plaintext).is_ok()
    }

    /// Whether nothing arrives for this long, neither data nor an end. On a slow machine the test can only pass.
    pub fn is_silent_for(&mut self, time: Duration) -> bool {
        self.connection().is_silent_for(time).unwrap()
    }

    /// Receives until the peer ends the session. Returns the plaintext and the end.
    pub fn receive_to_end(&mut self) -> (Vec<u8>, End) {
        self.0.receive_to_end()
    }

    /// Sends close_notify, and no FIN.
    pub fn close_notify(&mut self) {
        self.0.close_notify().unwrap();
    }

    /// Sends a FIN.
    pub fn fin(&mut self) {
        self.connection().fin().unwrap();
    }

    /// Sends close_notify and receives until the peer's close_notify. Returns the plaintext.
    pub fn close(mut self) -> Vec<u8> {
        let (plaintext, end) = self.0.close().unwrap();
        assert_eq!(end, End::CloseNotify);
        plaintext
    }

    /// Receives until the peer's close_notify, and answers it. Returns the plaintext.
    pub fn close_after_peer(mut self) -> Vec<u8> {
        let (plaintext, end) = self.receive_to_end();
        assert_eq!(end, End::CloseNotify);
        self.close_notify();
        plaintext
    }

    /// The connection, below TLS.
    pub fn connection(&mut self) -> &mut Connection {
        self.0.connection()
    }

    /// Closes the connection with a reset instead of a FIN.
    pub fn reset(self) {
        self.into_connection().reset().unwrap();
    }

    /// Takes the connection.
    pub fn into_connection(self) -> Connection {
        self.0.into_connection()
    }
}

/// The configuration of a client that trusts one certificate, presents these and signs with this key. They need not be
/// certificates, and the key need not be their key.
pub fn client_config_presenting(
    certificate: &str,
    chain: Vec<CertificateDer<'static>>,
    key: &PrivateKeyDer<'static>,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ClientConfig> {
    let config = ClientConfig::builder_with_protocol_versions(versions);
    let config = config.with_root_certificates(certificates::root_store(certificate));
    if chain.is_empty() {
        return Arc::new(config.with_no_client_auth());
    }
    let key = any_supported_type(key).unwrap();
    let resolver = SingleCertAndKey::from(CertifiedKey::new(chain, key));
    Arc::new(config.with_client_cert_resolver(Arc::new(resolver)))
}

/// The configuration of a client that trusts one certificate, with rustls' verifier and not with ours.
pub fn client_config(certificate: &str) -> Arc<ClientConfig> {
    client_config_with(certificate, default_provider(), rustls::DEFAULT_VERSIONS)
}

/// [`client_config`] with these algorithms and versions.
pub fn client_config_with(
    certificate: &str,
    provider: CryptoProvider,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ClientConfig> {
    let config =
        ClientConfig::builder_with_provider(provider.into()).with_protocol_versions(versions).unwrap();
    let config = config.with_root_certificates(certificates::root_store(certificate));
    Arc::new(config.with_no_client_auth())
}
