//! What to do about a file that cannot be used, where possible as a command that can be pasted.

use std::fmt;
use std::path::Path;

use super::error::{IdentityError, Problem, Role};

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
            Problem::NotPem => write!(
                f,
                "if it is DER, convert it with `openssl {} -inform DER -in {file} -out converted.pem`",
                match self.0.role() {
                    Role::Key => "pkey",
                    Role::Certificate | Role::Trust => "x509",
                }
            ),
            Problem::DamagedPem { .. } => f.write_str("copy it again, whole, or make a new one"),
            Problem::NoCertificate { has_key: true } | Problem::NoKey { has_certificate: true } => {
                f.write_str("were the certificate and the key file swapped?")
            }
            Problem::NoCertificate { .. } => {
                f.write_str("it needs a block that begins with -----BEGIN CERTIFICATE-----")
            }
            Problem::NoKey { .. } => {
                f.write_str("it needs a block that begins with -----BEGIN PRIVATE KEY-----")
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
        Problem::DamagedKey { .. } => write!(f, "compare `openssl pkey -in {file} -noout -check`"),
        Problem::Mismatch { certificate } => write!(
            f,
            "these two must print the same, \
             `openssl pkey -in {file} -pubout` and `openssl x509 -in {} -noout -pubkey`",
            Quoted(certificate)
        ),
        _ => write!(f, "compare `openssl x509 -in {file} -noout -text`"),
    }
}

fn where_from(role: Role) -> &'static str {
    match role {
        Role::Certificate | Role::Key => {
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
