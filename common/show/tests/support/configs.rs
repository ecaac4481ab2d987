//! What two ends are configured to agree on.
#![allow(clippy::unwrap_used, dead_code)] // for tests, and each uses a part of it

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair, PKCS_ED25519, PKCS_RSA_SHA256};
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs::{ALL_CIPHER_SUITES, Ticketer, default_provider, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion};

/// How a session is to go.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// The one suite that there is, and with it the version; TLS 1.3 and rustls' choice if there is none.
    pub suite: Option<SupportedCipherSuite>,
    /// The server wants another key share than the one that comes.
    pub retry: bool,
    /// The client shows a certificate.
    pub mutual: bool,
    /// The client remembers sessions.
    pub resumption: bool,
    /// The server hands out tickets in TLS 1.2 too.
    pub ticketer: bool,
    /// So many bytes may come before the server has said a word.
    pub early_data: u32,
    /// The client trusts somebody else.
    pub distrust: bool,
}

/// Both ends. Ed25519, or RSA where the suite wants it, and X25519 unless another share is asked for: sizes and work
/// are the same in every run, or nearly.
pub struct Configs {
    pub server: ServerConfig,
    pub client: ClientConfig,
    pub provider: Arc<CryptoProvider>,
    /// The server's certificate, which the client trusts.
    pub certificate: String,
}

impl Configs {
    pub fn new(shape: &Shape) -> Self {
        let versions: &[&SupportedProtocolVersion] = match shape.suite {
            Some(suite) => &[suite.version()],
            None => rustls::ALL_VERSIONS,
        };
        let (chain, key, certificate) = certificate(shape);
        let mut roots = RootCertStore::empty();
        roots.add(chain[0].clone()).unwrap();
        let roots = Arc::new(roots);

        let server_groups = if shape.retry { vec![kx_group::SECP256R1] } else { vec![kx_group::X25519] };
        let server = ServerConfig::builder_with_provider(provider(shape, server_groups))
            .with_protocol_versions(versions)
            .unwrap();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), provider(shape, vec![]));
        let server = match shape.mutual {
            true => server.with_client_cert_verifier(verifier.build().unwrap()),
            false => server.with_no_client_auth(),
        };
        let mut server = server.with_single_cert(chain.clone(), key.clone_key()).unwrap();
        server.max_early_data_size = shape.early_data;
        if shape.ticketer {
            server.ticketer = Ticketer::new().unwrap();
        }

        // Only for the first of them it sends a share.
        let client_groups = vec![kx_group::X25519, kx_group::SECP256R1];
        let provider = provider(shape, client_groups);
        let roots = if shape.distrust { Arc::new(RootCertStore::empty()) } else { roots };
        let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut client = match shape.mutual {
            true => client.with_client_auth_cert(chain, key).unwrap(),
            false => client.with_no_client_auth(),
        };
        client.enable_early_data = shape.early_data > 0;
        if !shape.resumption {
            client.resumption = Resumption::disabled();
        }
        Self { server, client, provider, certificate }
    }
}

/// The suite with this name.
pub fn suite(name: &str) -> Option<SupportedCipherSuite> {
    let suite = ALL_CIPHER_SUITES.iter().find(|suite| suite.suite().as_str() == Some(name));
    Some(*suite.unwrap())
}

fn provider(shape: &Shape, kx_groups: Vec<&'static dyn SupportedKxGroup>) -> Arc<CryptoProvider> {
    let default = default_provider();
    let cipher_suites = shape.suite.map_or(default.cipher_suites, |suite| vec![suite]);
    Arc::new(CryptoProvider { cipher_suites, kx_groups, ..default_provider() })
}

fn certificate(shape: &Shape) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>, String) {
    let name = shape.suite.and_then(|suite| suite.suite().as_str()).unwrap_or_default();
    let algorithm = if name.contains("_RSA_") { &PKCS_RSA_SHA256 } else { &PKCS_ED25519 };
    let key = KeyPair::generate_for(algorithm).unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let der = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    (vec![certificate.der().clone()], der, certificate.pem())
}
