//! Recognises formats of certificates and keys by their first bytes.

use std::fmt;

/// The format of a file that is not PEM, or of the content of a PEM block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Text in this encoding. The name is iconv's.
    Utf16(&'static str),
    /// A certificate in DER.
    Certificate,
    /// A certificate request in DER.
    Request,
    /// A public key in DER.
    PublicKey,
    /// A private key in DER, PKCS#8.
    Pkcs8Key,
    /// A private RSA key in DER, PKCS#1.
    Pkcs1Key,
    /// A private EC key in DER, SEC1.
    Sec1Key,
    /// A private key in DER, encrypted with a passphrase.
    EncryptedKey,
    /// PKCS#7, a bundle of certificates.
    Pkcs7,
    /// PKCS#12, certificates and their key, usually encrypted with a passphrase.
    Pkcs12,
    /// Other DER.
    OtherDer,
    /// A key store of Java.
    JavaKeyStore,
    /// A whole PEM file in base64, as Kubernetes stores it.
    EncodedPem,
    /// DER in base64, which is PEM without its BEGIN and END lines.
    EncodedDer,
}

impl Format {
    /// Recognises the format of a file that is not PEM, even of a truncated file.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some(Self::Utf16("UTF-16")),
            [b'-', 0, b'-', 0, ..] => Some(Self::Utf16("UTF-16LE")),
            [0, b'-', 0, b'-', ..] => Some(Self::Utf16("UTF-16BE")),
            [0xfe, 0xed, 0xfe, 0xed, ..] => Some(Self::JavaKeyStore),
            // 0x80 is an indefinite length: PKCS#12 and PKCS#7 may be BER.
            [SEQUENCE, 0x80..=0x84, ..] => Some(Self::of_der(bytes)),
            [SEQUENCE, length, rest @ ..] if usize::from(*length) == rest.len() => Some(Self::of_der(bytes)),
            _ if bytes.starts_with(b"LS0tLS1CRUdJTi") => Some(Self::EncodedPem),
            _ if is_encoded_der(bytes) => Some(Self::EncodedDer),
            _ => None,
        }
    }

    /// Recognises DER by its first elements.
    pub(super) fn of_der(der: &[u8]) -> Self {
        match enter(der) {
            Some([INTEGER, 1, 3, ..]) => Self::Pkcs12,
            Some([INTEGER, 1, 0 | 1, SEQUENCE, ..]) => Self::Pkcs8Key,
            Some([INTEGER, 1, 0 | 1, INTEGER, ..]) => Self::Pkcs1Key,
            Some([INTEGER, 1, 1, OCTET_STRING, ..]) => Self::Sec1Key,
            Some(content) if content.starts_with(SIGNED_DATA) => Self::Pkcs7,
            Some(content) => enter(content).map_or(Self::OtherDer, Self::of_inner_sequence),
            None => Self::OtherDer,
        }
    }

    /// Recognises DER that begins with a SEQUENCE in a SEQUENCE. `content` is the content of the inner one.
    fn of_inner_sequence(content: &[u8]) -> Self {
        match content {
            // The version of a certificate, which has the tag [0].
            [0xa0, ..] => Self::Certificate,
            [OBJECT_IDENTIFIER, ..] if is_encryption(content) => Self::EncryptedKey,
            [OBJECT_IDENTIFIER, ..] => Self::PublicKey,
            // The version of a request is 0. Its subject follows, which consists of SETs.
            [INTEGER, 1, 0, rest @ ..] if enter(rest).is_some_and(|name| name.first() == Some(&SET)) => {
                Self::Request
            }
            // The serial number of a certificate of version 1, which has no version field.
            [INTEGER, ..] => Self::Certificate,
            _ => Self::OtherDer,
        }
    }

    /// Returns the label of a PEM block with content of this format.
    pub(super) fn label(self) -> Option<&'static str> {
        Some(match self {
            Self::Certificate => "CERTIFICATE",
            Self::Request => "CERTIFICATE REQUEST",
            Self::Pkcs8Key => "PRIVATE KEY",
            Self::Pkcs1Key => "RSA PRIVATE KEY",
            Self::Sec1Key => "EC PRIVATE KEY",
            Self::EncryptedKey => "ENCRYPTED PRIVATE KEY",
            Self::Pkcs7 => "PKCS7",
            _ => return None,
        })
    }
}

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// 1.2.840.113549.1.7.2, signedData of PKCS#7.
const SIGNED_DATA: &[u8] = &[OBJECT_IDENTIFIER, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];

/// Returns whether this is only base64, and begins like a SEQUENCE. A text of 60 bytes or less may be words instead.
fn is_encoded_der(text: &[u8]) -> bool {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=\r\n \t".contains(byte);
    text.len() > 60 && text.starts_with(b"M") && text.iter().all(is_base64)
}

/// Returns the content of a SEQUENCE and all bytes after it. `None` if the bytes do not begin with a SEQUENCE.
fn enter(der: &[u8]) -> Option<&[u8]> {
    match der {
        [SEQUENCE, length, rest @ ..] if *length <= 0x80 => Some(rest),
        [SEQUENCE, length, rest @ ..] => rest.get(usize::from(length - 0x80)..),
        _ => None,
    }
}

/// Returns whether this is the identifier of an encryption with a passphrase: PKCS#5 (1.2.840.113549.1.5) or PKCS#12
/// (1.2.840.113549.1.12).
fn is_encryption(identifier: &[u8]) -> bool {
    matches!(identifier, [_, _, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5 | 12, ..])
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf16(_) => "text in UTF-16",
            Self::Certificate => "a certificate in DER",
            Self::Request => "a certificate request in DER",
            Self::PublicKey => "a public key in DER",
            Self::Pkcs8Key => "a private key in DER",
            Self::Pkcs1Key => "a private RSA key in DER",
            Self::Sec1Key => "a private EC key in DER",
            Self::EncryptedKey => "an encrypted private key in DER",
            Self::Pkcs7 => "PKCS#7",
            Self::Pkcs12 => "PKCS#12",
            Self::OtherDer => "DER",
            Self::JavaKeyStore => "a Java key store",
            Self::EncodedPem => "PEM that was encoded in base64 again",
            Self::EncodedDer => "base64 without a BEGIN and an END line",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_show_the_format() {
        for (bytes, format) in [
            (&b"\xff\xfe-\0"[..], Some(Format::Utf16("UTF-16"))),
            (b"-\0-\0-\0", Some(Format::Utf16("UTF-16LE"))),
            (b"\0-\0-\0-", Some(Format::Utf16("UTF-16BE"))),
            (&[0x30, 0x80, 2, 1, 3, 0x30], Some(Format::Pkcs12)),
            (&[0x30, 0x82, 9, 9, 2, 1, 0, 2, 0x82], Some(Format::Pkcs1Key)),
            (&[0x30, 0x81, 0x87, 2, 1, 0, 0x30, 0x13], Some(Format::Pkcs8Key)),
            (&[0x30, 0x84, 0, 0], Some(Format::OtherDer)),
            (&[0xfe, 0xed, 0xfe, 0xed, 0], Some(Format::JavaKeyStore)),
            (b"LS0tLS1CRUdJTiBDRVJU", Some(Format::EncodedPem)),
            (&[b'M'; 61], Some(Format::EncodedDer)),
            (b"trust me", None),
            (b"", None),
        ] {
            assert_eq!(Format::of(bytes), format, "{bytes:02x?}");
        }
    }
}
