//! One certificate for all servers, and what all TLS ends have in common.

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

/// A self-signed P-256 certificate for this machine, in files that every server can read.
pub struct Certificate {
    folder: TempDir,
    /// The certificate, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
    identity: Identity,
}

impl Certificate {
    /// Makes one.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn new() -> io::Result<Self> {
        let folder = TempDir::new();
        let identity = Identity::localhost();
        let (certificate, key) = identity.write(&folder);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?; // or ours has something to say about it
        Ok(Self { folder, certificate, key, identity })
    }

    /// The folder that it is in, which goes when it goes.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A client that trusts it. One that keeps tickets resumes from its second session on.
    ///
    /// # Errors
    /// rustls will not have the suite or the group.
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

/// A rustls server with this certificate; everything that is not said here is rustls' default, as in `mio-server`.
///
/// # Errors
/// The files cannot be read, or rustls will not have them.
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
