//! Certificates of every kind, made for each test.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256, SignatureAlgorithm, date_time_ymd,
};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig};

use crate::folder::TempDir;

/// The names of this machine.
const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A certificate and its key, both in PEM.
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

impl Identity {
    /// A self-signed certificate for the names of this machine, CA:FALSE.
    pub fn localhost() -> Self {
        Self::for_names(&LOCAL)
    }

    /// A self-signed certificate for these names, CA:FALSE.
    pub fn for_names(names: &[&str]) -> Self {
        Self::self_signed(&leaf(names), &PKCS_ECDSA_P256_SHA256)
    }

    /// Like [`localhost`](Self::localhost), but expired.
    pub fn expired() -> Self {
        Self::self_signed(&leaf_of_years(2001), &PKCS_ECDSA_P256_SHA256)
    }

    /// Like [`localhost`](Self::localhost), but not yet valid.
    pub fn not_yet_valid() -> Self {
        Self::self_signed(&leaf_of_years(2901), &PKCS_ECDSA_P256_SHA256)
    }

    /// Like [`localhost`](Self::localhost), with an RSA key.
    pub fn rsa() -> Self {
        Self::self_signed(&leaf(&LOCAL), &PKCS_RSA_SHA256)
    }

    /// The certificate of `openssl req -newkey rsa:2048 -nodes -keyout key.pem -x509 -days 365 -out certificate.pem`
    /// for this Common Name: with an RSA key, CA:TRUE, and without a subject alternative name.
    pub fn classic(common_name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = common(common_name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.use_authority_key_identifier_extension = true;
        Self::self_signed(&params, &PKCS_RSA_SHA256)
    }

    fn self_signed(params: &CertificateParams, algorithm: &'static SignatureAlgorithm) -> Self {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// Writes both files to the programs' default paths, and returns these paths.
    pub fn write(&self, folder: &TempDir) -> (PathBuf, PathBuf) {
        let certificate = folder.write("certificates/certificate.pem", &self.certificate);
        let key = folder.write("certificates/key.pem", &self.key);
        (certificate, key)
    }

    /// The configuration of a server with this identity, which requests no client certificate.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        self.server_config_with(default_provider())
    }

    /// [`server_config`](Self::server_config) with these algorithms.
    pub fn server_config_with(&self, provider: CryptoProvider) -> Arc<ServerConfig> {
        let config = ServerConfig::builder_with_provider(provider.into());
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        Arc::new(config.with_single_cert(vec![der(&self.certificate)], self.private_key()).unwrap())
    }

    /// The configuration of a server that presents these certificates and signs with this key. They need not be
    /// certificates, and the key need not be their key.
    pub fn server_config_presenting(&self, chain: Vec<CertificateDer<'static>>) -> Arc<ServerConfig> {
        let key = any_supported_type(&self.private_key()).unwrap();
        let resolver = Arc::new(SingleCertAndKey::from(CertifiedKey::new(chain, key)));
        Arc::new(ServerConfig::builder().with_no_client_auth().with_cert_resolver(resolver))
    }

    /// The private key.
    pub fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap()
    }
}

/// An authority, which issues certificates.
pub struct Authority {
    /// The authority's own certificate, in PEM.
    pub certificate: String,
    issuer: Issuer<'static, KeyPair>,
    algorithm: &'static SignatureAlgorithm,
}

impl Authority {
    /// An authority of this name.
    pub fn new(name: &str) -> Self {
        Self::with_keys(name, &PKCS_ECDSA_P256_SHA256)
    }

    /// An authority of this name that has expired. The certificates that it issues are valid.
    pub fn expired(name: &str) -> Self {
        let mut params = authority(name);
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
        Self::with_params(params, &PKCS_ECDSA_P256_SHA256)
    }

    /// An authority of this name. Its key and the keys that it issues use this algorithm.
    pub fn with_keys(name: &str, algorithm: &'static SignatureAlgorithm) -> Self {
        Self::with_params(authority(name), algorithm)
    }

    fn with_params(params: CertificateParams, algorithm: &'static SignatureAlgorithm) -> Self {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Self { certificate, issuer: Issuer::new(params, key), algorithm }
    }

    /// A certificate for the names of this machine.
    pub fn issue(&self) -> Identity {
        self.issue_to(&LOCAL)
    }

    /// A certificate for these names.
    pub fn issue_to(&self, names: &[&str]) -> Identity {
        self.sign(leaf(names))
    }

    /// An expired certificate for the names of this machine.
    pub fn issue_expired(&self) -> Identity {
        self.sign(leaf_of_years(2001))
    }

    /// A certificate for the names of this machine that is not yet valid.
    pub fn issue_not_yet_valid(&self) -> Identity {
        self.sign(leaf_of_years(2901))
    }

    /// A chain with this many certificates between the leaf and this authority: all of them, and the identity of the
    /// leaf.
    pub fn chain(&self, between: usize) -> (Vec<CertificateDer<'static>>, Identity) {
        let mut certificates = Vec::new();
        let mut last: Option<Self> = None;
        for number in 0..between {
            let (authority, certificate) = last.as_ref().unwrap_or(self).issue_authority(number);
            certificates.insert(0, certificate);
            last = Some(authority);
        }
        let leaf = last.as_ref().unwrap_or(self).issue();
        certificates.insert(0, der(&leaf.certificate));
        (certificates, leaf)
    }

    fn issue_authority(&self, number: usize) -> (Self, CertificateDer<'static>) {
        let (params, key) =
            (authority(&format!("Between {number}")), KeyPair::generate_for(self.algorithm).unwrap());
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let pem = certificate.pem();
        let issuer = Issuer::new(params, key);
        (Self { certificate: pem, issuer, algorithm: self.algorithm }, certificate.der().clone())
    }

    fn sign(&self, mut params: CertificateParams) -> Identity {
        let key = readable_by_all(KeyPair::generate_for(self.algorithm).unwrap());
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

/// A store that trusts one certificate.
pub fn root_store(certificate: &str) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(der(certificate)).unwrap();
    Arc::new(roots)
}

/// The first certificate of a PEM text.
pub fn der(certificate: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = common(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

/// A leaf for the names of this machine, valid for this year.
fn leaf_of_years(year: i32) -> CertificateParams {
    let mut params = leaf(&LOCAL);
    params.not_before = date_time_ymd(year, 1, 1);
    params.not_after = date_time_ymd(year + 1, 1, 1);
    params
}

fn leaf(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names.clone()).unwrap();
    params.distinguished_name = common(&names[0]);
    params.is_ca = IsCa::ExplicitNoCa;
    params
}

/// Removes the public half of a new Ed25519 key (RFC 8410, 7), which neither OpenSSL 3.0 nor GnuTLS 3.7 can read. The
/// rest is an OCTET STRING of 32 bytes after a constant head.
fn readable_by_all(key: KeyPair) -> KeyPair {
    const HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    if key.algorithm() != &PKCS_ED25519 {
        return key;
    }
    let der = [HEAD.as_slice(), &key.serialized_der()[HEAD.len()..][..32]].concat();
    KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(der), &PKCS_ED25519).unwrap()
}

fn common(name: &str) -> DistinguishedName {
    let mut distinguished_name = DistinguishedName::new();
    distinguished_name.push(DnType::CommonName, name);
    distinguished_name
}
