//! The labels of PEM blocks.

use crate::format::Format;

/// The label in the BEGIN line of a PEM block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// `CERTIFICATE`
    Certificate,
    /// `PRIVATE KEY`: PKCS#8.
    Pkcs8Key,
    /// `RSA PRIVATE KEY`: PKCS#1.
    Pkcs1Key,
    /// `EC PRIVATE KEY`: SEC1.
    Sec1Key,
    /// `ENCRYPTED PRIVATE KEY`: PKCS#8, encrypted with a passphrase.
    EncryptedKey,
    /// `TRUSTED CERTIFICATE`: a certificate, and OpenSSL's settings after it.
    TrustedCertificate,
    /// `X509 CERTIFICATE`: an old name for `CERTIFICATE`.
    OldCertificate,
    /// `PKCS7` or `CMS`: a bundle of certificates.
    Pkcs7,
    /// `CERTIFICATE REQUEST`: a request to an authority for a certificate.
    Request,
    /// `OPENSSH PRIVATE KEY`
    OpenSshKey,
    /// `DSA PRIVATE KEY`
    DsaKey,
    /// Any other label, such as `EC PARAMETERS`. The block holds neither a certificate nor a private key.
    Other,
}

const NAMES: [(Label, &str); 13] = [
    (Label::Certificate, "CERTIFICATE"),
    (Label::Pkcs8Key, "PRIVATE KEY"),
    (Label::Pkcs1Key, "RSA PRIVATE KEY"),
    (Label::Sec1Key, "EC PRIVATE KEY"),
    (Label::EncryptedKey, "ENCRYPTED PRIVATE KEY"),
    (Label::TrustedCertificate, "TRUSTED CERTIFICATE"),
    (Label::OldCertificate, "X509 CERTIFICATE"),
    (Label::Pkcs7, "PKCS7"),
    (Label::Pkcs7, "CMS"),
    (Label::Request, "CERTIFICATE REQUEST"),
    (Label::Request, "NEW CERTIFICATE REQUEST"),
    (Label::OpenSshKey, "OPENSSH PRIVATE KEY"),
    (Label::DsaKey, "DSA PRIVATE KEY"),
];

impl From<&[u8]> for Label {
    fn from(name: &[u8]) -> Self {
        NAMES.iter().find(|(_, known)| known.as_bytes() == name).map_or(Self::Other, |(label, _)| *label)
    }
}

impl Label {
    /// The label as the BEGIN line has it.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(label, _)| *label == self).map_or("unknown", |(_, name)| name)
    }

    /// Whether it labels a private key of a kind that we read.
    pub(super) fn is_key(self) -> bool {
        matches!(self, Self::Pkcs8Key | Self::Pkcs1Key | Self::Sec1Key)
    }

    /// Whether it labels a block that we do not read, and that may hold certificates.
    pub(super) fn may_hold_certificates(self) -> bool {
        matches!(self, Self::TrustedCertificate | Self::OldCertificate | Self::Pkcs7)
    }

    /// Whether it labels a block that we do not read, and that may hold a private key.
    pub(super) fn may_hold_a_key(self) -> bool {
        matches!(self, Self::OpenSshKey | Self::DsaKey)
    }

    /// Whether the format of a block's content contradicts the label.
    pub(super) fn is_contradicted_by(self, content: Format) -> bool {
        let expected = match self {
            Self::Certificate => Format::Certificate,
            Self::Pkcs8Key => Format::Pkcs8Key,
            Self::Pkcs1Key => Format::Pkcs1Key,
            Self::Sec1Key => Format::Sec1Key,
            _ => return false,
        };
        content != expected && content != Format::OtherDer
    }
}
