//! What to do about a file that cannot be used, where possible as a command that can be pasted.

use std::fmt;
use std::path::Path;

use super::error::{IdentityError, Problem, Role};
use super::format::Format;
use super::key_kind::UnsupportedKey;
use super::pem_label::Label;
use super::pem_text::{Damage, Kind};

/// What comes behind the colon of an [`IdentityError`].
pub(super) struct Remedy<'a>(pub(super) &'a IdentityError);

impl fmt::Display for Remedy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = Quoted(self.0.file());
        match self.0.problem() {
            Problem::Missing => f.write_str(where_from(self.0.role())),
            Problem::Empty => f.write_str("fill it again from where it came, or make a new one"),
            Problem::Unreadable(_) | Problem::TooLarge => write!(f, "see `ls -l {file}`"),
            Problem::NoAuthorities { .. } => {
                f.write_str("install the package `ca-certificates`, or let SSL_CERT_FILE name a PEM file")
            }
            Problem::DanglingLink { .. } => {
                write!(f, "bring that file back, or remove the link with `rm {file}`")
            }
            Problem::NotPem { format: Some(format) } => format_remedy(f, &file, self.0.role(), *format),
            Problem::NotPem { format: None } => {
                write!(f, "it needs a block that begins with {}", wanted_block(self.0.role()))
            }
            Problem::DamagedPem(damage) => damage_remedy(f, &file, self.0.role(), *damage),
            Problem::WrongLabel { holds, .. } => match label_of(*holds) {
                Some(label) => write!(f, "the label of its BEGIN and END lines must be {}", label.name()),
                None => f.write_str("put the right file in its place"),
            },
            Problem::UnreadBlock { label, .. } => block_remedy(f, &file, *label),
            Problem::NoCertificate { has_key: true } | Problem::NoKey { has_certificate: true } => {
                f.write_str("were the certificate and the key file swapped?")
            }
            Problem::NoCertificate { .. } | Problem::NoKey { .. } => {
                write!(f, "it needs a block that begins with {}", wanted_block(self.0.role()))
            }
            Problem::WithoutPartner { partner } => write!(
                f,
                "bring {} back, or have both made anew after `mv {file} {file}.old`; \
                 if another server is starting at this moment, just start again",
                partner.display()
            ),
            Problem::MadeMeanwhile => {
                f.write_str("another server may be starting at this moment; start again to use what it made")
            }
            Problem::NotCreated(_) => write!(f, "see `ls -ld {}`", Quoted(folder(self.0.file()))),
            Problem::NotGenerated { .. } => f.write_str("make one with openssl, and name it instead"),
            content => content_remedy(f, &file, content),
        }
    }
}

/// The remedies for files that are PEM, and whose content is the trouble.
fn content_remedy(f: &mut fmt::Formatter<'_>, file: &Quoted<'_>, problem: &Problem) -> fmt::Result {
    match problem {
        Problem::EncryptedKey => write!(
            f,
            "decrypt it with `openssl pkey -in {file} -out key-plain.pem`, and name that file instead"
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

/// The BEGIN line of the block that the file should have.
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
        _ => return f.write_str("copy it again, whole, or make a new one"),
    };
    let command = format!("sed '{script}' {file} > mended.pem");
    write!(f, "mend it with `{}`", in_private(role, command))
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
            "this is a certificate request: send it to an authority, then name the certificate that it returns",
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
            write!(f, "`{}`", in_private(role, command))
        }
        (Format::Pkcs12, Role::Key) => {
            write!(f, "`openssl pkcs12 -in {file} -nocerts -nodes -out converted.pem`")
        }
        (Format::Pkcs12, _) => write!(f, "`openssl pkcs12 -in {file} -nokeys -out converted.pem`"),
        (Format::Pkcs7, _) => {
            write!(f, "`openssl pkcs7 -inform DER -in {file} -print_certs -out converted.pem`")
        }
        (Format::EncodedPem, _) => {
            write!(f, "`{}`", in_private(role, format!("base64 -d {file} > converted.pem")))
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

/// A command whose new file the shell makes. Others must not be able to read that file if it holds a key.
fn in_private(role: Role, command: String) -> String {
    if role == Role::Key { format!("(umask 077; {command})") } else { command }
}

fn der_command(role: Role) -> &'static str {
    match role {
        Role::Key => "pkey",
        Role::Certificate | Role::Trust | Role::Folder => "x509",
    }
}

/// The label of the PEM block that may hold this.
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

fn where_from(role: Role) -> &'static str {
    match role {
        Role::Certificate | Role::Key | Role::Folder => {
            "a server that finds neither certificate nor key makes both on its first start; \
             to use your own, name both files"
        }
        Role::Trust => {
            "it should hold the peer's certificate, or that of the authority that issued it; \
             a server's own, made by its first start, is certificates/certificate.pem"
        }
    }
}

/// The folder a file is in, with a name even where the file's path has none.
pub(super) fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A path as a shell takes it: in single quotes, unless nothing in it means anything to a shell.
pub(super) struct Quoted<'a>(pub(super) &'a Path);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.0.to_string_lossy();
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@,".contains(c);
        if path.chars().all(plain) {
            f.write_str(&path)
        } else {
            write!(f, "'{}'", path.replace('\'', r"'\''"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_path_survives_a_shell() {
        let quoted = |path: &str| Quoted(Path::new(path)).to_string();
        assert_eq!(quoted("certificates/key.pem"), "certificates/key.pem");
        assert_eq!(quoted("my keys/key.pem"), "'my keys/key.pem'");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }

    #[test]
    fn a_file_without_a_folder_is_in_this_one() {
        assert_eq!(folder(Path::new("key.pem")), Path::new("."));
        assert_eq!(folder(Path::new("a/key.pem")), Path::new("a"));
    }
}
