//! Makes the certificate of a server on its first start.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};
use rustls::pki_types::UnixTime;

use crate::error::{IdentityError, IdentityFile, Role};
use crate::paths::{folder, quoted};
use crate::validity::Moment;

/// How long the development certificate is valid.
const DAYS: u32 = 365;

/// The result of [`development_certificate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstRun {
    /// Both files existed. They have not been read yet.
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
/// An [`IdentityError`] for one of these problems. In each case the folder stays unchanged:
/// - one file exists and the other does not;
/// - another process created a file after our check;
/// - a file, or its folder, is a symbolic link to a file that does not exist;
/// - an error of the operating system, or of the crypto library.
pub fn development_certificate(
    certificate: &Path,
    key: &Path,
    now: UnixTime,
) -> Result<FirstRun, IdentityError> {
    let certificate = IdentityFile { role: Role::Certificate, path: certificate };
    let key = IdentityFile { role: Role::Key, path: key };
    match (exists(certificate)?, exists(key)?) {
        (true, true) => Ok(FirstRun::Present),
        (true, false) => Err(without_partner(certificate, key)),
        (false, true) => Err(without_partner(key, certificate)),
        (false, false) => create_both(certificate, key, now).map(|()| FirstRun::Created),
    }
}

fn without_partner(file: IdentityFile<'_>, partner: IdentityFile<'_>) -> IdentityError {
    let (path, partner) = (file.quoted(), partner.shown().display());
    let remedy = format_args!(
        "restore {partner}, or let the server make both after `mv {path} {path}.old`; \
         if another server is starting now, start again"
    );
    file.error(format_args!("exists and {partner} does not"), remedy)
}

fn create_both(
    certificate: IdentityFile<'_>,
    key: IdentityFile<'_>,
    now: UnixTime,
) -> Result<(), IdentityError> {
    // All slow work comes before the first file. So another server can find one file without the other only for
    // microseconds.
    let (certificate_pem, key_pem) = generate(now).map_err(|error| {
        let problem = format_args!("cannot be generated ({error})");
        certificate.error(problem, "make one with openssl, and use that one")
    })?;
    create_folder(certificate)?;
    create_folder(key)?;
    create_file(key, 0o600, &key_pem)?;
    create_file(certificate, 0o644, &certificate_pem).inspect_err(|_| {
        // We have just created this key, and it is useless without its certificate. If it cannot be removed, the next
        // start finds one file without the other, and says so.
        let _ = fs::remove_file(key.path);
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

    let mut params = CertificateParams::new(["localhost", "127.0.0.1", "::1"].map(str::to_owned))?;
    params.distinguished_name = name;
    params.not_before = not_before.to_datetime();
    params.not_after = not_after.to_datetime();
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    Ok((params.self_signed(&key)?.pem(), key.serialize_pem()))
}

/// Returns whether a file exists. A dangling symbolic link is an error, because the file cannot be created in its
/// place.
fn exists(file: IdentityFile<'_>) -> Result<bool, IdentityError> {
    match file.path.try_exists() {
        Ok(false) => file.dangling_link().map_or(Ok(false), Err),
        Ok(true) => Ok(true),
        Err(error) => Err(file.unreadable(&error)),
    }
}

/// Creates the folder of a file, if it does not exist. Only the owner has access to a new folder.
fn create_folder(file: IdentityFile<'_>) -> Result<(), IdentityError> {
    let folder = IdentityFile { role: Role::Folder, path: folder(file.path) };
    let created = DirBuilder::new().recursive(true).mode(0o700).create(folder.path);
    created.map_err(|error| folder.dangling_link().unwrap_or_else(|| not_created(folder, &error)))
}

/// Creates and writes a file that did not exist. If writing fails, the file is removed again.
fn create_file(file: IdentityFile<'_>, mode: u32, content: &str) -> Result<(), IdentityError> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(file.path);
    let mut created = opened.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => file.error(
            "was created by another process at the same time",
            "another server may be starting now; start again to use its files",
        ),
        _ => not_created(file, &error),
    })?;
    created.write_all(content.as_bytes()).map_err(|error| {
        let _ = fs::remove_file(file.path);
        not_created(file, &error)
    })
}

fn not_created(file: IdentityFile<'_>, error: &io::Error) -> IdentityError {
    let folder = quoted(folder(file.shown()));
    file.error(format_args!("cannot be created ({error})"), format_args!("see `ls -ld {folder}`"))
}
