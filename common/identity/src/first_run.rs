//! Makes the certificate of a server on its first start.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SanType,
};
use rustls::pki_types::UnixTime;

use crate::error::IdentityError;
use crate::paths::folder;
use crate::problem::{Problem, Role};
use crate::validity::Moment;

/// How long the development certificate is valid.
const DAYS: u32 = 365;

/// The result of [`development_certificate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstRun {
    /// Both files existed. Nobody has read them yet.
    Present,
    /// Neither file existed. Both exist now.
    Created,
}

/// Makes a self-signed development certificate and its key, if neither file exists. It never changes an existing file.
///
/// The certificate has CN localhost, CA:FALSE, the names localhost, 127.0.0.1 and ::1, and a key of ECDSA P-256. It is
/// for TLS servers and clients, and it is valid from `now` for 365 days.
///
/// Two servers may start at the same time. Only one of them can create the key, because the key file is created
/// exclusively. That server then writes the certificate. The other server gets an error that says to start again. It
/// may find a key whose certificate does not exist yet, or is incomplete. But it never finds a key of one server and a
/// certificate of another, because only the server that created the key writes the certificate.
///
/// # Errors
///
/// An [`IdentityError`] with one of these problems. In each case the folder stays unchanged:
/// - [`Problem::WithoutPartner`]: one file exists and the other does not;
/// - [`Problem::CreatedMeanwhile`]: another process created a file after our check;
/// - [`Problem::DanglingLink`]: a file, or its folder, is a symbolic link to a file that does not exist;
/// - [`Problem::NotCreated`], [`Problem::Unreadable`]: an error of the operating system;
/// - [`Problem::NotGenerated`]: an error of the crypto library.
pub fn development_certificate(
    certificate: &Path,
    key: &Path,
    now: UnixTime,
) -> Result<FirstRun, IdentityError> {
    let partner_missing = |role, file, partner: &Path| {
        let partner = partner.to_owned();
        Err(IdentityError::new(role, file, Problem::WithoutPartner { partner }))
    };
    match (exists(Role::Certificate, certificate)?, exists(Role::Key, key)?) {
        (true, true) => Ok(FirstRun::Present),
        (true, false) => partner_missing(Role::Certificate, certificate, key),
        (false, true) => partner_missing(Role::Key, key, certificate),
        (false, false) => create_both(certificate, key, now).map(|()| FirstRun::Created),
    }
}

fn create_both(certificate: &Path, key: &Path, now: UnixTime) -> Result<(), IdentityError> {
    // All slow work comes before the first file. So another server can find one file without the other only for
    // microseconds.
    let (certificate_pem, key_pem) = generate(now).map_err(|error| {
        let reason = error.to_string();
        IdentityError::new(Role::Certificate, certificate, Problem::NotGenerated { reason })
    })?;
    let key_problem = |problem| IdentityError::new(Role::Key, key, problem);
    let certificate_problem = |problem| IdentityError::new(Role::Certificate, certificate, problem);

    create_folder(certificate)
        .map_err(|problem| IdentityError::new(Role::Folder, folder(certificate), problem))?;
    create_folder(key).map_err(|problem| IdentityError::new(Role::Folder, folder(key), problem))?;
    create_file(key, 0o600, &key_pem).map_err(key_problem)?;
    create_file(certificate, 0o644, &certificate_pem).map_err(|problem| {
        // We have just created this key, and it is useless without its certificate. If it cannot be removed, the next
        // start finds one file without the other, and says so.
        let _ = fs::remove_file(key);
        certificate_problem(problem)
    })
}

/// Generates the certificate and its key, both in PEM.
fn generate(now: UnixTime) -> Result<(String, String), rcgen::Error> {
    let now = Moment::from(now);
    // rcgen's dates have a type of the crate `time`. Neither rcgen nor x509-parser re-exports it, but x509-parser makes
    // such values.
    let (Some(not_before), Some(not_after)) = (now.to_asn1(), now.plus_days(DAYS).to_asn1()) else {
        return Err(rcgen::Error::Time);
    };
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "localhost");

    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    params.not_before = not_before.to_datetime();
    params.not_after = not_after.to_datetime();
    params.is_ca = IsCa::ExplicitNoCa;
    params.subject_alt_names = vec![
        SanType::DnsName("localhost".try_into()?),
        SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    Ok((params.self_signed(&key)?.pem(), key.serialize_pem()))
}

/// Whether a file exists. A dangling symbolic link is an error, because the file cannot be created in its place.
fn exists(role: Role, file: &Path) -> Result<bool, IdentityError> {
    let fail = |problem| IdentityError::new(role, file, problem);
    match file.try_exists() {
        Ok(false) => Problem::dangling_link(file).map_or(Ok(false), |problem| Err(fail(problem))),
        Ok(true) => Ok(true),
        Err(error) => Err(fail(Problem::Unreadable(error))),
    }
}

/// Creates the folder of a file, if it does not exist. Only the owner has access to a new folder.
fn create_folder(file: &Path) -> Result<(), Problem> {
    let folder = folder(file);
    let created = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    created.map_err(|error| Problem::dangling_link(folder).unwrap_or(Problem::NotCreated(error)))
}

/// Creates and writes a file that did not exist. If writing fails, the file is removed again.
fn create_file(file: &Path, mode: u32, content: &str) -> Result<(), Problem> {
    let problem = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => Problem::CreatedMeanwhile,
        _ => Problem::NotCreated(error),
    };
    let mut created =
        OpenOptions::new().write(true).create_new(true).mode(mode).open(file).map_err(problem)?;
    created.write_all(content.as_bytes()).map_err(|error| {
        let _ = fs::remove_file(file);
        Problem::NotCreated(error)
    })
}
