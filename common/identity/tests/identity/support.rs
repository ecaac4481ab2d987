//! Support for the tests of this crate: trusts, and certificates of every kind.

use std::path::{Path, PathBuf};
use std::time::Duration;

use identity::{Authorized, Peer, Trust, Unauthorized, authorize};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
pub use testing::folder::TempDir;

/// 2026-11-24 06:00:00 UTC. Every fixture is valid then.
pub const NOW: u64 = 1_795_500_000;

pub fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

pub fn now() -> UnixTime {
    at(NOW)
}

#[track_caller]
pub fn assert_says(sentence: &str, words: &[&str]) {
    for word in words {
        assert!(sentence.contains(word), "no {word:?} in: {sentence}");
    }
}

/// A trust with these certificates in PEM. Its file is removed at once, but its path stays in the sentences.
pub fn trusting(certificates: &[&str]) -> Trust {
    let folder = TempDir::new();
    Trust::load(&folder.write("trust.pem", certificates.concat())).unwrap()
}

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/identity/fixtures").join(name)
}

/// A certificate of a test, and its key, which can issue other certificates.
pub struct Made {
    pub pem: String,
    pub der: CertificateDer<'static>,
    pub issuer: Issuer<'static, KeyPair>,
}

impl Made {
    pub fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.issuer.key().serialized_der().to_vec()).unwrap()
    }
}

/// Parameters with this CN, these alternative names, and the changes that `change` makes.
pub fn params(cn: &str, sans: &[&str], change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let sans: Vec<String> = sans.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(sans).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, cn);
    params.is_ca = IsCa::ExplicitNoCa;
    change(&mut params);
    params
}

pub fn self_signed(params: CertificateParams) -> Made {
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    made(params, &certificate, key)
}

pub fn issued_by(issuer: &Made, params: CertificateParams) -> Made {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &issuer.issuer).unwrap();
    made(params, &certificate, key)
}

fn made(params: CertificateParams, certificate: &rcgen::Certificate, key: KeyPair) -> Made {
    Made { pem: certificate.pem(), der: certificate.der().clone(), issuer: Issuer::new(params, key) }
}

/// The certificate of a plain `openssl req -x509`: CA:TRUE, no alternative names, no key usage.
pub fn classic(cn: &str) -> Made {
    self_signed(params(cn, &[], authority))
}

pub fn authority(params: &mut CertificateParams) {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
}

pub fn plain(_: &mut CertificateParams) {}

fn ders(chain: &[&Made]) -> Vec<CertificateDer<'static>> {
    chain.iter().map(|made| made.der.clone()).collect()
}

pub fn as_server(name: &str, chain: &[&Made], trust: &Trust) -> Result<Authorized, Unauthorized> {
    let name = ServerName::try_from(name).unwrap();
    authorize(&ders(chain), trust, Peer::Server(&name), now())
}

pub fn as_client(chain: &[&Made], trust: &Trust) -> Result<Authorized, Unauthorized> {
    authorize(&ders(chain), trust, Peer::Client, now())
}
