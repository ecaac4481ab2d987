//! The certificate and the TLS configurations of all programs of the guide.
//!
//! The certificate is part of the program, so it cannot be wrong. That is why this file unwraps.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, DEFAULT_VERSIONS, RootCertStore, ServerConfig, ServerConnection,
    SupportedProtocolVersion,
};

const CERTIFICATE: &[u8] = include_bytes!("../../simulation/certificate.pem");
const KEY: &[u8] = include_bytes!("../../simulation/key.pem");

/// Creates the server's end of a connection. A real program makes the configuration once, and shares it.
pub fn server() -> ServerConnection {
    ServerConnection::new(server_config()).unwrap()
}

/// Creates a server's configuration.
pub fn server_config() -> Arc<ServerConfig> {
    server_config_of(DEFAULT_VERSIONS)
}

/// Creates the configuration of a server that accepts these versions of TLS.
pub fn server_config_of(versions: &[&'static SupportedProtocolVersion]) -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let config = ServerConfig::builder_with_protocol_versions(versions)
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key);
    Arc::new(config.unwrap())
}

/// Creates the client's end of a connection. The client trusts the server's certificate.
pub fn client() -> ClientConnection {
    client_of(DEFAULT_VERSIONS)
}

/// Creates a client that offers these versions of TLS.
pub fn client_of(versions: &[&'static SupportedProtocolVersion]) -> ClientConnection {
    client_with(client_config_of(versions))
}

/// Creates a client with this configuration.
pub fn client_with(config: impl Into<Arc<ClientConfig>>) -> ClientConnection {
    ClientConnection::new(config.into(), ServerName::try_from("localhost").unwrap()).unwrap()
}

/// Creates the configuration of a client that offers these versions of TLS.
pub fn client_config_of(versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(CERTIFICATE).unwrap()).unwrap();
    let config = ClientConfig::builder_with_protocol_versions(versions);
    config.with_root_certificates(roots).with_no_client_auth()
}
