//! Tells the user what to do about a file that cannot be used, as a command to paste if one exists.

use std::fmt;
use std::path::Path;

use crate::format::Format;
use crate::key_kind::UnsupportedKey;
use crate::paths::{Quoted, folder};
use crate::pem_label::Label;
use crate::pem_text::{Damage, Kind};
use crate::problem::{Problem, Role};

/// The part of an [`IdentityError`](crate::IdentityError) after the colon.
pub(super) struct Remedy<'a> {
    pub(super) role: Role,
    pub(super) file: &'a Path,
    pub(super) problem: &'a Problem,
}

impl fmt::Display for Remedy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (role, file) = (self.role, Quoted(self.file));
        match self.problem {
            Problem::Missing => f.write_str(origin(role)),
            Problem::Empty => f.write_str("restore it from a copy, or make a new one"),
            Problem::Unreadable(_) | Problem::TooLarge => write!(f, "see `ls -l {file}`"),
            Problem::NoAuthorities { .. } => {
                f.write_str("install the package `ca-certificates`, or let SSL_CERT_FILE name a PEM file")
            }
            Problem::DanglingLink { .. } => {
                write!(f, "restore that file, or remove the link with `rm {file}`")
            }
            Problem::NotPem { format: Some(format) } => format_remedy(f, &file, role, *format),
            Problem::NotPem { format: None } => {
                write!(f, "it needs a block that begins with {}", wanted_block(role))
            }
            Problem::DamagedPem(damage) => damage_remedy(f, &file, role, *damage),
            Problem::WrongLabel { holds, .. } => match label_of(*holds) {
                Some(label) => write!(f, "the label of its BEGIN and END lines must be {}", label.name()),
                None => f.write_str("replace it with the right file"),
            },
            Problem::UnreadBlock { label, .. } => block_remedy(f, &file, *label),
            Problem::NoCertificate { has_key: true } | Problem::NoKey { has_certificate: true } => {
                f.write_str("were the certificate and the key file swapped?")
            }
            Problem::NoCertificate { .. } | Problem::NoKey { .. } => {
                write!(f, "it needs a block that begins with {}", wanted_block(role))
            }
            Problem::WithoutPartner { partner } => write!(
                f,
                "restore {}, or let the server make both after `mv {file} {file}.old`; \
                 if another server is starting now, start again",
                partner.display()
            ),
            Problem::CreatedMeanwhile => {
                f.write_str("another server may be starting now; start again to use its files")
            }
            Problem::NotCreated(_) => write!(f, "see `ls -ld {}`", Quoted(folder(self.file))),
            Problem::NotGenerated { .. } => f.write_str("make one with openssl, and use that one"),
            content => content_remedy(f, &file, content),
        }
    }
}

/// The remedies for the content of PEM files.
fn content_remedy(f: &mut fmt::Formatter<'_>, file: &Quoted<'_>, problem: &Problem) -> fmt::Result {
    match problem {
        Problem::EncryptedKey => write!(
            f,
            "decrypt it with `openssl pkey -in {file} -out key-plain.pem`, and use that file instead"
        ),
        Problem::NotVersion3 { key } => write!(
            f,
            "make a v3 one for the same key with \
             `openssl req -x509 -new -key {} -days 365 -out certificate-v3.pem`",
            Quoted(key)
        ),
        Problem::UnsupportedKey(UnsupportedKey::ExplicitCurve) => f.write_str(
            "name the curve of the key with `openssl ec -in key.pem -param_enc named_curve -out key-named.pem`, \
             and make a certificate for that key",
        ),
        Problem::UnsupportedKey(UnsupportedKey::CompressedPoint) => f.write_str(
            "write the point in full with `openssl ec -in key.pem -conv_form uncompressed -out key-full.pem`, \
             and make a certificate for that key",
        ),
        Problem::UnsupportedKey(_) => f.write_str(
            "make a key with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem`, \
             and a certificate for it",
        ),
        Problem::DamagedKey => write!(f, "check the key with `openssl pkey -in {file} -noout -check`"),
        Problem::Mismatch { certificate } => write!(
            f,
            "these two must print the same, \
             `openssl pkey -in {file} -pubout` and `openssl x509 -in {} -noout -pubkey`",
            Quoted(certificate)
        ),
        _ => write!(f, "check the file with `openssl x509 -in {file} -noout -text`"),
    }
}

/// The BEGIN line that a file of this role needs.
fn wanted_block(role: Role) -> &'static str {
    match role {
        Role::Key => "-----BEGIN PRIVATE KEY-----",
        Role::Certificate | Role::Trust | Role::Folder => "-----BEGIN CERTIFICATE-----",
    }
}

/// The remedies for damaged lines of PEM.
fn damage_remedy(f: &mut fmt::Formatter<'_>, file: &Quoted<'_>, role: Role, damage: Damage) -> fmt::Result {
    let script = match damage.kind() {
        Kind::Indented => "s/^[[:blank:]]*//",
        Kind::LineEndMissing | Kind::EscapedLineEnds => {
            r"s/\\n/\n/g; s/-----BEGIN [^-]*-----/\n&\n/g; s/-----END [^-]*-----/\n&\n/g"
        }
        _ => return f.write_str("copy the whole file again, or make a new one"),
    };
    let command = format!("sed '{script}' {file} > repaired.pem");
    write!(f, "repair it with `{}`", with_umask(role, command))
}

/// The remedies for PEM blocks that are not read.
fn block_remedy(f: &mut fmt::Formatter<'_>, file: &Quoted<'_>, label: Label) -> fmt::Result {
    match label {
        Label::Pkcs7 => {
            write!(f, "convert it with `openssl pkcs7 -in {file} -print_certs -out converted.pem`")
        }
        Label::TrustedCertificate | Label::OldCertificate => {
            write!(f, "convert it with `openssl x509 -in {file} -out converted.pem`")
        }
        Label::Request => f.write_str(
            "this is a certificate request: send it to an authority, \
             then use the certificate that the authority returns",
        ),
        Label::OpenSshKey => {
            write!(f, "convert it in place with `ssh-keygen -p -m PEM -f {file}`")
        }
        _ => f.write_str(
            "make a key with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem`",
        ),
    }
}

/// The remedies for files that are not PEM.
fn format_remedy(f: &mut fmt::Formatter<'_>, file: &Quoted<'_>, role: Role, format: Format) -> fmt::Result {
    f.write_str("convert it with ")?;
    match (format, role) {
        (Format::Utf16(encoding), _) => {
            let command = format!("iconv -f {encoding} -t UTF-8 {file} > converted.pem");
            write!(f, "`{}`", with_umask(role, command))
        }
        (Format::Pkcs12, Role::Key) => {
            write!(f, "`openssl pkcs12 -in {file} -nocerts -nodes -out converted.pem`")
        }
        (Format::Pkcs12, _) => write!(f, "`openssl pkcs12 -in {file} -nokeys -out converted.pem`"),
        (Format::Pkcs7, _) => {
            write!(f, "`openssl pkcs7 -inform DER -in {file} -print_certs -out converted.pem`")
        }
        (Format::EncodedPem, _) => {
            write!(f, "`{}`", with_umask(role, format!("base64 -d {file} > converted.pem")))
        }
        (Format::JavaKeyStore, _) => write!(
            f,
            "`keytool -importkeystore -srckeystore {file} -destkeystore converted.p12 -deststoretype PKCS12`, \
             and that file with `openssl pkcs12 -in converted.p12 -nodes -out converted.pem`"
        ),
        (Format::EncodedDer, _) => {
            write!(f, "`base64 -d {file} | openssl {} -inform DER -out converted.pem`", der_command(role))
        }
        (der, _) => {
            let command = match der {
                Format::Certificate => "x509",
                Format::Request => "req",
                Format::PublicKey => "pkey -pubin",
                key if key.is_key() => "pkey",
                _ => der_command(role),
            };
            write!(f, "`openssl {command} -inform DER -in {file} -out converted.pem`")
        }
    }
}

/// Protects the file that the shell creates for this command: other users must not read a key.
fn with_umask(role: Role, command: String) -> String {
    if role == Role::Key { format!("(umask 077; {command})") } else { command }
}

fn der_command(role: Role) -> &'static str {
    match role {
        Role::Key => "pkey",
        Role::Certificate | Role::Trust | Role::Folder => "x509",
    }
}

/// The label of a PEM block with content of this format.
fn label_of(format: Format) -> Option<Label> {
    match format {
        Format::Certificate => Some(Label::Certificate),
        Format::Pkcs8Key => Some(Label::Pkcs8Key),
        Format::Pkcs1Key => Some(Label::Pkcs1Key),
        Format::Sec1Key => Some(Label::Sec1Key),
        Format::EncryptedKey => Some(Label::EncryptedKey),
        Format::Pkcs7 => Some(Label::Pkcs7),
        Format::Request => Some(Label::Request),
        _ => None,
    }
}

/// Where a missing file should come from.
fn origin(role: Role) -> &'static str {
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
