//! What the identity tests share: folders that go away, certificates with one thing special.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use identity::{Authorized, Peer, Trust, Unauthorized, authorize};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

/// 2026-11-24 06:00:00 UTC, inside the year of every fixture.
pub const NOW: u64 = 1_795_500_000;

pub fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

pub fn now() -> UnixTime {
    at(NOW)
}

/// A folder of one test, removed with it.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("identity-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::DirBuilder::new().mode(0o700).create(&path).unwrap(); // whatever the umask is
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub fn trust(&self, certificates: &[&str]) -> Trust {
        Trust::load(&self.write("trust.pem", certificates.concat())).unwrap()
    }

    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/identity/fixtures").join(name)
}

/// A certificate of a test, and the means to issue others with it.
pub struct Made {
    pub pem: String,
    pub der: CertificateDer<'static>,
    pub issuer: Issuer<'static, KeyPair>,
}

/// CN, alternative names, and whatever else is special.
pub fn params(cn: &str, sans: &[&str], special: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let sans: Vec<String> = sans.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(sans).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, cn);
    params.is_ca = IsCa::ExplicitNoCa;
    special(&mut params);
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

/// What a plain `openssl req -x509` makes: CA:TRUE, no alternative names, no key usage.
pub fn classic(cn: &str) -> Made {
    self_signed(params(cn, &[], authority))
}

pub fn authority(params: &mut CertificateParams) {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
}

pub fn plain(_: &mut CertificateParams) {}

pub fn as_server_at(
    name: &str,
    chain: &[&Made],
    trust: &Trust,
    now: UnixTime,
) -> Result<Authorized, Unauthorized> {
    let chain: Vec<CertificateDer<'_>> = chain.iter().map(|made| made.der.clone()).collect();
    let name = ServerName::try_from(name).unwrap();
    authorize(&chain, trust, Peer::Server(&name), now)
}

pub fn as_server(name: &str, chain: &[&Made], trust: &Trust) -> Result<Authorized, Unauthorized> {
    as_server_at(name, chain, trust, now())
}

pub fn as_client(chain: &[&Made], trust: &Trust) -> Result<Authorized, Unauthorized> {
    let chain: Vec<CertificateDer<'_>> = chain.iter().map(|made| made.der.clone()).collect();
    authorize(&chain, trust, Peer::Client, now())
}
