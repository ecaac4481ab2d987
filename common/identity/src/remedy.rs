//! Tells the user what to do about a file with the wrong content, as a command to paste if one exists.

use crate::error::{IdentityFile, Role};
use crate::format::Format;

/// The remedy for two files in each other's place.
pub(super) const SWAPPED: &str = "were the certificate and the key file swapped?";

const NEW_KEY: &str =
    "make a key with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem`";

/// Returns the block that a file of this role needs.
pub(super) fn wanted_block(role: Role) -> String {
    let kind = if role == Role::Key { "PRIVATE KEY" } else { "CERTIFICATE" };
    format!("it needs a block that begins with -----BEGIN {kind}-----")
}

/// Says where a missing file should come from.
pub(super) fn origin(role: Role) -> &'static str {
    match role {
        Role::Certificate | Role::Key | Role::Folder => {
            "a server that finds neither certificate nor key makes both on its first start; \
             to use your own, name both files"
        }
        Role::Trust => {
            "it should hold the peer's certificate, or the certificate of the authority that issued it; \
             a server's certificate, made by its first start, is certificates/certificate.pem"
        }
    }
}

/// Returns the remedy for damaged lines of PEM. `script` repairs them.
pub(super) fn repair(file: IdentityFile<'_>, script: Option<&str>) -> String {
    match script {
        Some(script) => {
            let command = format!("sed '{script}' {} > repaired.pem", file.quoted());
            format!("repair it with `{}`", with_umask(file.role, command))
        }
        None => "copy the whole file again, or make a new one".to_owned(),
    }
}

/// Returns the remedy for a PEM block with a label that we do not read.
pub(super) fn block(file: IdentityFile<'_>, label: &str) -> String {
    let path = file.quoted();
    match label {
        "PKCS7" | "CMS" => {
            format!("convert it with `openssl pkcs7 -in {path} -print_certs -out converted.pem`")
        }
        "TRUSTED CERTIFICATE" | "X509 CERTIFICATE" => {
            format!("convert it with `openssl x509 -in {path} -out converted.pem`")
        }
        "OPENSSH PRIVATE KEY" => format!("convert it in place with `ssh-keygen -p -m PEM -f {path}`"),
        "DSA PRIVATE KEY" => NEW_KEY.to_owned(),
        _ => "this is a certificate request: send it to an authority, then use the certificate that the authority \
              returns"
            .to_owned(),
    }
}

/// Returns the remedy for a file of a format that is not PEM.
pub(super) fn convert(file: IdentityFile<'_>, format: Format) -> String {
    let (path, role) = (file.quoted(), file.role);
    let wanted = if role == Role::Key { "pkey" } else { "x509" };
    let command = match format {
        Format::Utf16(encoding) => {
            with_umask(role, format!("iconv -f {encoding} -t UTF-8 {path} > converted.pem"))
        }
        Format::Pkcs12 => {
            let part = if role == Role::Key { "-nocerts -nodes" } else { "-nokeys" };
            format!("openssl pkcs12 -in {path} {part} -out converted.pem")
        }
        Format::Pkcs7 => format!("openssl pkcs7 -inform DER -in {path} -print_certs -out converted.pem"),
        Format::EncodedPem => with_umask(role, format!("base64 -d {path} > converted.pem")),
        Format::JavaKeyStore => {
            return format!(
                "convert it with `keytool -importkeystore -srckeystore {path} -destkeystore converted.p12 \
                 -deststoretype PKCS12`, and that file with `openssl pkcs12 -in converted.p12 -nodes -out converted.pem`"
            );
        }
        Format::EncodedDer => {
            format!("base64 -d {path} | openssl {wanted} -inform DER -out converted.pem")
        }
        der => {
            let command = match der {
                Format::Certificate => "x509",
                Format::Request => "req",
                Format::PublicKey => "pkey -pubin",
                Format::Pkcs8Key | Format::Pkcs1Key | Format::Sec1Key | Format::EncryptedKey => "pkey",
                _ => wanted,
            };
            format!("openssl {command} -inform DER -in {path} -out converted.pem")
        }
    };
    format!("convert it with `{command}`")
}

/// Protects the file that the shell creates for this command: other users must not read a key.
fn with_umask(role: Role, command: String) -> String {
    if role == Role::Key { format!("(umask 077; {command})") } else { command }
}
