//! Configurations of a client and a server that fit together.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair, PKCS_ED25519, PKCS_RSA_SHA256, SignatureAlgorithm};
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs::{ALL_CIPHER_SUITES, Ticketer, default_provider, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, Side, SupportedCipherSuite, SupportedProtocolVersion,
};

/// The properties of a session.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// The only suite, and with it the version. `None`: TLS 1.3 and rustls' choice.
    pub suite: Option<SupportedCipherSuite>,
    /// The server wants another key share than the client sends.
    pub retry: bool,
    /// The client presents a certificate.
    pub mutual: bool,
    /// The client stores tickets.
    pub resumption: bool,
    /// The server sends tickets in TLS 1.2 too.
    pub ticketer: bool,
    /// How many bytes of early data the server accepts.
    pub early_data: u32,
    /// The groups are those of the programs, with ML-KEM first.
    pub real_groups: bool,
    /// The client does not trust the server's certificate.
    pub distrust: bool,
    /// The algorithm of the key in the certificate. `None`: Ed25519, or RSA if the suite needs it.
    pub key: Option<&'static SignatureAlgorithm>,
}

/// Both configurations. The key is Ed25519, or RSA if the suite needs it. The group is X25519 unless the shape says
/// otherwise. So sizes and work are almost the same in every run.
pub struct Configs {
    /// The server's configuration.
    pub server: ServerConfig,
    /// The client's configuration.
    pub client: ClientConfig,
    /// The client's cryptography.
    pub provider: Arc<CryptoProvider>,
    /// The server's certificate, which the client trusts.
    pub certificate: String,
}

impl Configs {
    /// Configurations of this shape, with a new certificate.
    pub fn new(shape: &Shape) -> Self {
        Self::with_providers(shape, |_, provider| provider)
    }

    /// Configurations of this shape, whose providers went through `adapt`.
    pub fn with_providers(shape: &Shape, adapt: impl Fn(Side, CryptoProvider) -> CryptoProvider) -> Self {
        let (chain, key, certificate) = certificate(shape);
        let mut roots = RootCertStore::empty();
        roots.add(chain[0].clone()).unwrap();
        // The client sends a share for the first group only.
        let client_groups = vec![kx_group::X25519, kx_group::SECP256R1];
        let server_groups = vec![if shape.retry { kx_group::SECP256R1 } else { kx_group::X25519 }];
        let server_provider = Arc::new(adapt(Side::Server, provider(shape, server_groups)));
        let server = server(shape, server_provider, roots.clone(), chain.clone(), key.clone_key());
        let roots = if shape.distrust { RootCertStore::empty() } else { roots };
        let provider = Arc::new(adapt(Side::Client, provider(shape, client_groups)));
        let client = client(shape, Arc::clone(&provider), roots, chain, key);
        Self { server, client, provider, certificate }
    }
}

fn server(
    shape: &Shape,
    provider: Arc<CryptoProvider>,
    roots: RootCertStore,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> ServerConfig {
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let config =
        ServerConfig::builder_with_provider(provider).with_protocol_versions(&versions(shape)).unwrap();
    let config = match shape.mutual {
        true => config.with_client_cert_verifier(verifier.build().unwrap()),
        false => config.with_no_client_auth(),
    };
    let mut config = config.with_single_cert(chain, key).unwrap();
    config.max_early_data_size = shape.early_data;
    if shape.ticketer {
        config.ticketer = Ticketer::new().unwrap();
    }
    config
}

fn client(
    shape: &Shape,
    provider: Arc<CryptoProvider>,
    roots: RootCertStore,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> ClientConfig {
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions(shape))
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match shape.mutual {
        true => config.with_client_auth_cert(chain, key).unwrap(),
        false => config.with_no_client_auth(),
    };
    config.enable_early_data = shape.early_data > 0;
    if !shape.resumption {
        config.resumption = Resumption::disabled();
    }
    config
}

fn versions(shape: &Shape) -> Vec<&'static SupportedProtocolVersion> {
    shape.suite.map_or(rustls::ALL_VERSIONS.to_vec(), |suite| vec![suite.version()])
}

/// Returns the suite with this name.
pub fn suite(name: &str) -> Option<SupportedCipherSuite> {
    let suite = ALL_CIPHER_SUITES.iter().find(|suite| suite.suite().as_str() == Some(name));
    Some(*suite.unwrap())
}

fn provider(shape: &Shape, kx_groups: Vec<&'static dyn SupportedKxGroup>) -> CryptoProvider {
    let default = default_provider();
    let cipher_suites = shape.suite.map_or(default.cipher_suites, |suite| vec![suite]);
    let kx_groups = if shape.real_groups { default.kx_groups } else { kx_groups };
    CryptoProvider { cipher_suites, kx_groups, ..default_provider() }
}

fn certificate(shape: &Shape) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>, String) {
    let name = shape.suite.and_then(|suite| suite.suite().as_str()).unwrap_or_default();
    let usual = if name.contains("_RSA_") { &PKCS_RSA_SHA256 } else { &PKCS_ED25519 };
    let algorithm = shape.key.unwrap_or(usual);
    let key = KeyPair::generate_for(algorithm).unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let der = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    (vec![certificate.der().clone()], der, certificate.pem())
}
