//! The certificate that a server makes for itself on its first start.

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

use crate::certificate::Moment;
use crate::error::{IdentityError, Problem, Role};
use crate::pem_files::dangling_link;
use crate::remedy::folder;

/// How long the development certificate is valid.
const DAYS: u32 = 365;

/// What [`development_certificate`] found, or did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstRun {
    /// Both files were there. They have not been looked into.
    Present,
    /// Neither file was there, and now both are.
    Created,
}

/// Makes sure that there is a certificate and a key, without ever touching what is there.
///
/// If neither file exists, a self-signed development certificate is written: CN localhost, CA:FALSE, names localhost,
/// 127.0.0.1 and ::1, ECDSA P-256, for TLS servers and clients, valid from `now` for 365 days.
///
/// Two servers may start at the same moment. The key is created exclusively, so it decides: who creates it goes on to
/// write the certificate, anybody else gets an error that says to start again. What the loser finds may be a key
/// whose certificate is not there yet, or not whole; but never files of two makers, for nobody but the one who created
/// the key writes the certificate.
///
/// # Errors
///
/// An [`IdentityError`] with one of these problems, all of which leave the folder as it was found:
/// - [`Problem::WithoutPartner`]: one file exists and the other does not;
/// - [`Problem::MadeMeanwhile`]: a file appeared after we looked;
/// - [`Problem::DanglingLink`]: a file, or its folder, is a symbolic link that leads nowhere;
/// - [`Problem::NotCreated`], [`Problem::Unreadable`]: the operating system's word;
/// - [`Problem::NotGenerated`]: the crypto library's word.
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
    // Everything slow comes before the first file, so that another server finds half a pair for microseconds only.
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
        // This key is ours, just made, and of no use to anybody without its certificate. If it cannot be removed,
        // the next start says so: it finds one file without the other.
        let _ = fs::remove_file(key);
        certificate_problem(problem)
    })
}

/// The certificate and its key, both in PEM.
fn generate(now: UnixTime) -> Result<(String, String), rcgen::Error> {
    let now = Moment::from(now);
    // rcgen's dates are of the crate `time`, which neither it nor x509-parser re-exports; but one makes the values
    // that the other takes.
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

/// Whether a file is there. A symbolic link that leads nowhere is an error: the file cannot be made in its place.
fn exists(role: Role, file: &Path) -> Result<bool, IdentityError> {
    let fail = |problem| IdentityError::new(role, file, problem);
    match file.try_exists() {
        Ok(false) => dangling_link(file).map_or(Ok(false), |problem| Err(fail(problem))),
        Ok(true) => Ok(true),
        Err(error) => Err(fail(Problem::Unreadable(error))),
    }
}

/// Makes the folder of a file. A folder that is new is for its owner alone.
fn create_folder(file: &Path) -> Result<(), Problem> {
    let folder = folder(file);
    let created = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    created.map_err(|error| dangling_link(folder).unwrap_or(Problem::NotCreated(error)))
}

/// Writes a file that was not there before; if that fails half-way, it is not there after it either.
fn create_file(file: &Path, mode: u32, content: &str) -> Result<(), Problem> {
    let mut created =
        OpenOptions::new().write(true).create_new(true).mode(mode).open(file).map_err(|error| match error
            .kind()
        {
            io::ErrorKind::AlreadyExists => Problem::MadeMeanwhile,
            _ => Problem::NotCreated(error),
        })?;
    created.write_all(content.as_bytes()).map_err(|error| {
        let _ = fs::remove_file(file);
        Problem::NotCreated(error)
    })
}
