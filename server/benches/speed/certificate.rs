//! The certificate of all servers, and the TLS configuration of all clients and servers.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_256_GCM_SHA384;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::aws_lc_rs::kx_group::X25519;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::TLS13;
use rustls::{ClientConfig, ServerConfig};
use testing::certificates::{Identity, root_store};
use testing::folder::TempDir;

/// A self-signed P-256 certificate for this machine, in files.
pub struct Certificate {
    folder: TempDir,
    /// The certificate, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
    identity: Identity,
}

impl Certificate {
    /// Creates a certificate.
    ///
    /// # Errors
    /// Its files cannot be written.
    pub fn new() -> io::Result<Self> {
        let folder = TempDir::new();
        let identity = Identity::localhost();
        let (certificate, key) = identity.write(&folder);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?; // mio-server warns about other modes
        Ok(Self { folder, certificate, key, identity })
    }

    /// Its folder, which is removed when the certificate is dropped.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The configuration of a client that trusts it.
    ///
    /// # Errors
    /// rustls rejects the suite or the group.
    pub fn client_config(&self, resumption: Resumption) -> io::Result<Arc<ClientConfig>> {
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])
            .map_err(io::Error::other)?
            .with_root_certificates(root_store(&self.identity.certificate))
            .with_no_client_auth();
        config.resumption = resumption;
        Ok(Arc::new(config))
    }
}

/// The configuration of a rustls server with this certificate. The rest is rustls' default, as in `mio-server`.
///
/// # Errors
/// The files cannot be read, or rustls rejects them.
pub fn server_config(certificate: &Path, key: &Path) -> io::Result<Arc<ServerConfig>> {
    let chain = vec![CertificateDer::from_pem_file(certificate).map_err(io::Error::other)?];
    let key = PrivateKeyDer::from_pem_file(key).map_err(io::Error::other)?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(io::Error::other)?;
    Ok(Arc::new(config))
}

fn provider() -> Arc<CryptoProvider> {
    let mut provider = default_provider();
    provider.cipher_suites = vec![TLS13_AES_256_GCM_SHA384];
    provider.kx_groups = vec![X25519];
    Arc::new(provider)
}
