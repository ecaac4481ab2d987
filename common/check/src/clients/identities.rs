//! Certificates of the server, made for each run.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, SupportedProtocolVersion};
use tempfile::TempDir;

/// The names of this machine.
const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Which certificate the server presents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A valid certificate.
    Good,
    /// A certificate that has expired.
    Expired,
    /// A certificate for another name.
    OtherName,
    /// A certificate of an authority that the client does not know.
    UnknownAuthority,
    /// A certificate that signed itself.
    SelfSigned,
}

/// An authority, its file, and the certificates of each kind.
pub struct Identities {
    folder: TempDir,
    certificates: Vec<(Kind, Certificate)>,
}

struct Certificate {
    chain: CertificateDer<'static>,
    key: KeyPair,
}

impl Identities {
    /// Makes an authority, and certificates for `localhost`, `127.0.0.1` and `::1`. The authority's certificate is in a
    /// temporary folder, which is removed with this value.
    ///
    /// # Errors
    /// The folder or the file cannot be written.
    pub fn new() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("mio-check-").tempdir()?;
        let (certificates, pem) = certificates().map_err(io::Error::other)?;
        std::fs::write(folder.path().join("ca.pem"), pem)?;
        Ok(Self { folder, certificates })
    }

    /// The file with the authority's certificate.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The configuration of a server with this certificate.
    ///
    /// # Errors
    /// rustls refuses the key or the versions.
    pub fn config(
        &self,
        kind: Kind,
        provider: CryptoProvider,
        versions: &[&'static SupportedProtocolVersion],
    ) -> io::Result<Arc<ServerConfig>> {
        let found = self.certificates.iter().find(|(other, _)| *other == kind);
        let Some((_, certificate)) = found else { return Err(io::ErrorKind::NotFound.into()) };
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(certificate.key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(versions)
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.chain.clone()], key)
            .map_err(io::Error::other)?;
        Ok(Arc::new(config))
    }
}

/// Makes a certificate of each kind. Returns them and the certificate of their authority, in PEM.
fn certificates() -> Result<(Vec<(Kind, Certificate)>, String), rcgen::Error> {
    let (known, pem) = authority("mio-check test authority")?;
    let (unknown, _) = authority("mio-check unknown authority")?;
    let mut expired = leaf(&LOCAL)?;
    expired.not_before = date_time_ymd(2020, 1, 1);
    expired.not_after = date_time_ymd(2021, 1, 1);
    let key = KeyPair::generate()?;
    let self_signed = leaf(&LOCAL)?.self_signed(&key)?;
    let certificates = vec![
        (Kind::Good, sign(leaf(&LOCAL)?, &known)?),
        (Kind::Expired, sign(expired, &known)?),
        (Kind::OtherName, sign(leaf(&["other.invalid"])?, &known)?),
        (Kind::UnknownAuthority, sign(leaf(&LOCAL)?, &unknown)?),
        (Kind::SelfSigned, Certificate { chain: self_signed.der().clone(), key }),
    ];
    Ok((certificates, pem))
}

fn authority(name: &str) -> Result<(Issuer<'static, KeyPair>, String), rcgen::Error> {
    let mut params = params(&[], name)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    let pem = params.self_signed(&key)?.pem();
    Ok((Issuer::new(params, key), pem))
}

fn leaf(names: &[&str]) -> Result<CertificateParams, rcgen::Error> {
    let mut params = params(names, names.first().copied().unwrap_or_default())?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

/// Parameters that strict clients accept: a short time, and an authority key identifier.
fn params(names: &[&str], common_name: &str) -> Result<CertificateParams, rcgen::Error> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    let now = SystemTime::now();
    params.not_before = (now - DAY).into();
    params.not_after = (now + 90 * DAY).into();
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn sign(params: CertificateParams, issuer: &Issuer<'_, KeyPair>) -> Result<Certificate, rcgen::Error> {
    let key = KeyPair::generate()?;
    let chain = params.signed_by(&key, issuer)?.der().clone();
    Ok(Certificate { chain, key })
}
