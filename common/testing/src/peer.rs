//! A blocking TLS peer, driven by rustls' `Stream`.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::ops::DerefMut;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    ClientConfig, ClientConnection, ConnectionCommon, ServerConfig, ServerConnection, SideData, Stream,
    SupportedProtocolVersion,
};

pub use crate::end::End;
use crate::{LIMIT, certificates, raw};

/// A client.
pub type TlsClient = TlsPeer<ClientConnection>;
/// A server.
pub type TlsServer = TlsPeer<ServerConnection>;

/// A client or a server on a blocking socket.
pub struct TlsPeer<C> {
    tls: C,
    socket: TcpStream,
}

impl TlsClient {
    /// Creates a client of the server `localhost`, before its handshake.
    pub fn new(socket: TcpStream, config: Arc<ClientConfig>) -> Self {
        let tls = ClientConnection::new(config, "localhost".try_into().unwrap()).unwrap();
        Self { tls, socket }
    }

    /// Connects and finishes the handshake.
    pub fn connect(address: SocketAddr, config: Arc<ClientConfig>) -> Self {
        let mut client = Self::new(raw::connect(address), config);
        client.handshake().unwrap();
        client
    }

    /// Sends a ClientHello and reads nothing.
    pub fn send_client_hello(&mut self) {
        let hello = self.outgoing();
        self.socket.write_all(&hello).unwrap();
    }

    /// Sends the first half of a ClientHello.
    pub fn send_half_a_client_hello(&mut self) {
        let hello = self.outgoing();
        self.socket.write_all(&hello[..hello.len() / 2]).unwrap();
    }

    /// Sends a ClientHello and reads the server's flight. Returns the client's second flight, which ends with the
    /// Finished.
    pub fn second_flight(&mut self) -> Vec<u8> {
        self.send_client_hello();
        self.next_flight()
    }
}

impl TlsServer {
    /// Creates a server on an accepted socket, before its handshake.
    pub fn new(socket: TcpStream, config: Arc<ServerConfig>) -> Self {
        Self { tls: ServerConnection::new(config).unwrap(), socket }
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
        while self.tls.is_handshaking() || self.tls.wants_write() {
            self.tls.complete_io(&mut self.socket)?;
        }
        Ok(())
    }

    /// Reads until TLS has something to send, and returns that.
    pub fn next_flight(&mut self) -> Vec<u8> {
        while !self.tls.wants_write() {
            self.tls.read_tls(&mut self.socket).unwrap();
            self.tls.process_new_packets().unwrap();
        }
        self.outgoing()
    }

    /// Sends plaintext.
    pub fn send(&mut self, plaintext: &[u8]) {
        let mut stream = self.stream();
        stream.write_all(plaintext).and_then(|()| stream.flush()).unwrap();
    }

    /// Sends plaintext. Returns `false` if the peer has closed the connection.
    pub fn try_send(&mut self, plaintext: &[u8]) -> bool {
        let mut stream = self.stream();
        stream.write_all(plaintext).and_then(|()| stream.flush()).is_ok()
    }

    /// Takes the pending output of TLS. The test can cut or damage it before it sends it.
    pub fn outgoing(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut bytes).unwrap();
        }
        bytes
    }

    /// Seals plaintext without sending it.
    pub fn seal(&mut self, plaintext: &[u8]) -> Vec<u8> {
        self.tls.set_buffer_limit(None);
        self.tls.writer().write_all(plaintext).unwrap();
        self.outgoing()
    }

    /// Seals close_notify without sending it.
    pub fn seal_close_notify(&mut self) -> Vec<u8> {
        self.tls.send_close_notify();
        self.outgoing()
    }

    /// Sends bytes without TLS. Ignores an error, because the peer may close the connection meanwhile.
    pub fn write_raw(&mut self, bytes: &[u8]) {
        let _ = self.socket.write_all(bytes);
    }

    /// Adds a KeyUpdate to the pending output (RFC 8446, 4.6.3).
    pub fn update_keys(&mut self) {
        self.tls.refresh_traffic_keys().unwrap();
    }

    /// Sends plaintext on a thread, so that the test does not wait for the peer to read. Send nothing else before
    /// the thread has ended.
    pub fn send_in_background(&mut self, plaintext: &[u8]) -> JoinHandle<io::Result<()>> {
        let ciphertext = self.seal(plaintext);
        let mut socket = self.socket.try_clone().unwrap();
        thread::spawn(move || socket.write_all(&ciphertext))
    }

    /// Receives this many bytes of plaintext.
    pub fn receive(&mut self, length: usize) -> Vec<u8> {
        let mut plaintext = vec![0; length];
        self.stream().read_exact(&mut plaintext).unwrap();
        plaintext
    }

    /// Sends plaintext and receives as many bytes. Returns `false` if the peer has closed the session.
    pub fn try_round_trip(&mut self, plaintext: &[u8]) -> bool {
        let mut stream = self.stream();
        let sent = stream.write_all(plaintext).and_then(|()| stream.flush());
        sent.is_ok() && stream.read_exact(&mut vec![0; plaintext.len()]).is_ok()
    }

    /// Whether nothing arrives for this long, neither data nor an end. Only time can show that something does not
    /// happen. On a slow machine the test can only pass.
    pub fn is_silent_for(&mut self, time: Duration) -> bool {
        self.socket.set_read_timeout(Some(time)).unwrap();
        let peeked = self.socket.peek(&mut [0]);
        self.socket.set_read_timeout(Some(LIMIT)).unwrap();
        peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Receives until the peer ends the session. Returns the plaintext and the end.
    pub fn receive_to_end(&mut self) -> (Vec<u8>, End) {
        let mut plaintext = Vec::new();
        let end = match self.stream().read_to_end(&mut plaintext) {
            Ok(_) => End::CloseNotify,
            Err(error) => End::of(&error),
        };
        (plaintext, end)
    }

    /// Sends close_notify, and no FIN.
    pub fn close_notify(&mut self) {
        self.tls.send_close_notify();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.socket).unwrap();
        }
    }

    /// Sends a FIN.
    pub fn fin(&mut self) {
        self.socket.shutdown(Shutdown::Write).unwrap();
    }

    /// Sends close_notify and receives until the peer's close_notify. Returns the plaintext.
    pub fn close(mut self) -> Vec<u8> {
        self.close_notify();
        let (plaintext, end) = self.receive_to_end();
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

    /// Takes the socket.
    pub fn into_socket(self) -> TcpStream {
        self.socket
    }

    /// The socket, below TLS.
    pub fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }

    fn stream(&mut self) -> Stream<'_, C, TcpStream> {
        Stream::new(&mut self.tls, &mut self.socket)
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
