//! The server that is judged.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme, SupportedProtocolVersion,
};

use crate::evidence::Evidence;
use crate::wire::{Client, Connection};

/// The protocol of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// It sends back the bytes that it receives.
    Echo,
    /// HTTP/1.1.
    Http,
    /// Unknown.
    Any,
}

/// Which certificates are accepted.
#[derive(Clone)]
pub enum Trust {
    /// The certificates that these authorities signed.
    Roots(Arc<RootCertStore>),
    /// All certificates.
    Any,
}

/// The certificate chain and the key of our clients.
pub struct ClientIdentity {
    /// The chain, the client's own certificate first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key of the first certificate.
    pub key: PrivateKeyDer<'static>,
}

/// The server that is judged, and how it is reached.
pub struct Target {
    /// Its address. No other address is connected to.
    pub address: SocketAddr,
    /// The name in its certificate and in the server_name extension.
    pub name: ServerName<'static>,
    /// Which certificates are accepted.
    pub trust: Trust,
    /// The certificate that our clients present if the server asks for one.
    pub identity: Option<ClientIdentity>,
    /// The protocols that our clients offer (ALPN).
    pub alpn: Vec<Vec<u8>>,
    /// The protocol of the server.
    pub speaks: Speaks,
    /// The limit for each step of the server.
    pub patience: Duration,
    /// The process, of which memory and descriptors are watched.
    pub process: Option<u32>,
}

impl Target {
    /// A target that echoes, with a patience of 20 s.
    pub fn new(address: SocketAddr, name: ServerName<'static>, trust: Trust) -> Self {
        Self {
            address,
            name,
            trust,
            identity: None,
            alpn: Vec::new(),
            speaks: Speaks::Echo,
            patience: Duration::from_secs(20),
            process: None,
        }
    }

    /// The configuration of a client with rustls' default algorithms. It resumes nothing.
    ///
    /// # Errors
    /// rustls refuses the key of our client.
    pub fn config(&self, versions: &[&'static SupportedProtocolVersion]) -> io::Result<ClientConfig> {
        self.config_with(versions, default_provider())
    }

    /// [`config`](Self::config) with these algorithms.
    ///
    /// # Errors
    /// As [`config`](Self::config).
    pub fn config_with(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        provider: CryptoProvider,
    ) -> io::Result<ClientConfig> {
        let provider = Arc::new(provider);
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .map_err(io::Error::other)?;
        let config = match &self.trust {
            Trust::Roots(roots) => config.with_root_certificates(Arc::clone(roots)),
            Trust::Any => config.dangerous().with_custom_certificate_verifier(Arc::new(AcceptAny(provider))),
        };
        let mut config = match &self.identity {
            None => config.with_no_client_auth(),
            Some(ClientIdentity { chain, key }) => {
                config.with_client_auth_cert(chain.clone(), key.clone_key()).map_err(io::Error::other)?
            }
        };
        config.alpn_protocols.clone_from(&self.alpn);
        config.resumption = Resumption::disabled();
        Ok(config)
    }

    /// Connects. What crosses the connection is written down.
    ///
    /// # Errors
    /// The server refuses the connection, or does not answer.
    pub fn connect(&self, evidence: &Evidence) -> io::Result<Connection> {
        Ok(Connection::open(self.address, self.patience)?.record(evidence))
    }

    /// A client with this configuration on a connection, before its handshake.
    ///
    /// # Errors
    /// rustls refuses the configuration.
    pub fn client_with(&self, config: ClientConfig, connection: Connection) -> io::Result<Client> {
        Client::new(connection, Arc::new(config), self.name.clone())
    }
}

/// Accepts every certificate. Signatures are verified: the server must have the key.
struct AcceptAny(Arc<CryptoProvider>);

impl fmt::Debug for AcceptAny {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AcceptAny")
    }
}

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
