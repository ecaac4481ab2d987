//! The configuration of rustls: the certificate, both versions, and tickets.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::{Ticketer, default_provider, sign::any_supported_type};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{CipherSuite, NamedGroup};

use crate::fault::Fault;

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Makes a self-signed certificate with a P-256 key for the names of this machine. Writes it to `file`, in PEM.
pub fn new_identity(file: Option<&Path>) -> Result<Identity, Box<dyn Error>> {
    let names = ["localhost", "127.0.0.1", "::1"].map(String::from).to_vec();
    let identity = rcgen::generate_simple_self_signed(names)?;
    if let Some(file) = file {
        fs::write(file, identity.cert.pem())?;
    }
    let key = PrivatePkcs8KeyDer::from(identity.signing_key.serialize_der());
    Ok((vec![identity.cert.der().clone()], key.into()))
}

/// The configuration for TLS 1.2 and 1.3, with tickets in both.
pub fn server_config((chain, key): Identity, fault: Fault) -> Result<Arc<ServerConfig>, Box<dyn Error>> {
    let key = CertifiedKey::new(chain, any_supported_type(&key)?);
    let mut config = ServerConfig::builder_with_provider(default_provider().into())
        .with_protocol_versions(rustls::ALL_VERSIONS)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Resolver { key: Arc::new(key), fault }));
    config.ticketer = Ticketer::new()?;
    Ok(Arc::new(config))
}

/// Chooses the certificate. There is one, so every client gets it.
#[derive(Debug)]
struct Resolver {
    key: Arc<CertifiedKey>,
    fault: Fault,
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        match self.fault {
            Fault::ServerNameUnwrapped => _ = hello.server_name().expect("a client sends the name"),
            Fault::ServerNameRequired => _ = hello.server_name()?,
            Fault::AlpnUnwrapped => assert!(hello.alpn().is_none(), "a client offers no protocol"),
            // The values for later use that RFC 8701 reserves are all unknown to rustls.
            Fault::UnknownValuesRefused => {
                let suite_is_unknown = |suite: &CipherSuite| suite.as_str().is_none();
                let group_is_unknown = |group: &NamedGroup| group.as_str().is_none();
                if hello.cipher_suites().iter().any(suite_is_unknown)
                    || hello.named_groups().is_some_and(|groups| groups.iter().any(group_is_unknown))
                {
                    return None;
                }
            }
            _ => {}
        }
        Some(Arc::clone(&self.key))
    }
}
