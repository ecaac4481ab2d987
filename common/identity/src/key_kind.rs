//! Names kinds of keys, and recognises those that are not supported.

use rustls::pki_types::PrivateKeyDer;
use x509_parser::asn1_rs::{Any, Oid, Tag};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use crate::der::{fields, sequence};
use crate::error::{IdentityError, IdentityFile};

/// The keys that rustls and webpki can use with aws-lc-rs.
pub(super) const SUPPORTED: &str =
    "RSA of 2048 to 8192 bits with two primes, ECDSA on P-256, P-384 or P-521, and Ed25519";

/// The signatures of certificates that webpki can verify with aws-lc-rs.
pub(super) const SUPPORTED_SIGNATURES: &str = "RSA or ECDSA with SHA-256, SHA-384 or SHA-512, and Ed25519";

/// A kind of key that is not supported. Its `Display` names the kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnsupportedKey {
    /// RSA with too few bits, or too many.
    #[error("RSA of {bits} bits")]
    RsaSize {
        /// The length of the modulus.
        bits: usize,
    },
    /// RSA with more than two primes.
    #[error("RSA with more than two primes")]
    RsaPrimes,
    /// RSA that may only sign with RSASSA-PSS.
    #[error("RSA-PSS")]
    RsaPss,
    /// An elliptic curve of this name, or of this object identifier.
    #[error("ECDSA on {0}")]
    Curve(String),
    /// An elliptic curve that is given by its parameters instead of its name.
    #[error("ECDSA on a curve with explicit parameters")]
    ExplicitCurve,
    /// An elliptic curve point in compressed form.
    #[error("ECDSA with a compressed point")]
    CompressedPoint,
    /// Another algorithm of this name, or of this object identifier.
    #[error("{0}")]
    Algorithm(String),
}

impl UnsupportedKey {
    /// Returns the kind of a certificate's key, if that key cannot verify signatures.
    pub(super) fn of_public(key: &SubjectPublicKeyInfo<'_>) -> Option<Self> {
        unsupported_algorithm(&key.algorithm).or_else(|| match key.parsed() {
            Ok(PublicKey::RSA(rsa)) => unsupported_modulus(rsa.modulus),
            _ => None,
        })
    }

    /// Returns the kind of a certificate's key, if it is a compressed point. webpki can verify signatures with it. But
    /// rustls cannot find out whether a private key belongs to it.
    pub(super) fn compressed_point(key: &SubjectPublicKeyInfo<'_>) -> Option<Self> {
        let is_curve = identifier(&key.algorithm.algorithm) == EC_PUBLIC_KEY;
        let is_compressed = matches!(key.subject_public_key.data.first(), Some(2 | 3));
        (is_curve && is_compressed).then_some(Self::CompressedPoint)
    }

    /// Returns the kind of a private key, if rustls is known not to sign with that kind.
    pub(super) fn of_private(key: &PrivateKeyDer<'_>) -> Option<Self> {
        match key {
            PrivateKeyDer::Pkcs8(der) => of_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => of_pkcs1(der.secret_pkcs1_der()),
            PrivateKeyDer::Sec1(der) => of_sec1(der.secret_sec1_der()),
            _ => None,
        }
    }

    /// Returns the error about a file that holds such a key.
    pub(super) fn error(&self, file: IdentityFile<'_>) -> IdentityError {
        let remedy = match self {
            Self::ExplicitCurve => {
                "name the curve of the key with `openssl ec -in key.pem -param_enc named_curve -out key-named.pem`, \
                 and make a certificate for that key"
            }
            Self::CompressedPoint => {
                "write the point in full with `openssl ec -in key.pem -conv_form uncompressed -out key-full.pem`, \
                 and make a certificate for that key"
            }
            _ => {
                "make a key with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem`, \
                 and a certificate for it"
            }
        };
        let problem = format!("holds a key of a kind that is not supported: {self} (supported: {SUPPORTED})");
        file.error(problem, remedy)
    }
}

const RSA: &str = "1.2.840.113549.1.1.1";
const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
const ED25519: &str = "1.3.101.112";
/// ML-DSA-44, ML-DSA-65 and ML-DSA-87. rustls decides whether they work.
const ML_DSA: [&str; 3] = ["2.16.840.1.101.3.4.3.17", "2.16.840.1.101.3.4.3.18", "2.16.840.1.101.3.4.3.19"];
/// P-256, P-384 and P-521.
const CURVES: [&str; 3] = ["1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35"];

/// Names for the most frequent identifiers, of supported kinds and of others.
const NAMES: [(&str, &str); 41] = [
    (RSA, "RSA"),
    (EC_PUBLIC_KEY, "ECDSA"),
    (ED25519, "Ed25519"),
    (ML_DSA[0], "ML-DSA-44"),
    (ML_DSA[1], "ML-DSA-65"),
    (ML_DSA[2], "ML-DSA-87"),
    (CURVES[0], "P-256"),
    (CURVES[1], "P-384"),
    (CURVES[2], "P-521"),
    ("1.2.840.113549.1.1.11", "RSA with SHA-256"),
    ("1.2.840.113549.1.1.12", "RSA with SHA-384"),
    ("1.2.840.113549.1.1.13", "RSA with SHA-512"),
    ("1.2.840.10045.4.3.2", "ECDSA with SHA-256"),
    ("1.2.840.10045.4.3.3", "ECDSA with SHA-384"),
    ("1.2.840.10045.4.3.4", "ECDSA with SHA-512"),
    ("1.2.840.113549.1.1.4", "RSA with MD5"),
    ("1.2.840.113549.1.1.5", "RSA with SHA-1"),
    ("1.2.840.113549.1.1.14", "RSA with SHA-224"),
    ("1.2.840.113549.1.1.10", "RSA-PSS with other parameters than those of TLS"),
    ("1.2.840.10045.4.1", "ECDSA with SHA-1"),
    ("1.2.840.10045.4.3.1", "ECDSA with SHA-224"),
    ("1.2.840.10040.4.3", "DSA with SHA-1"),
    ("2.16.840.1.101.3.4.3.2", "DSA with SHA-256"),
    ("1.2.156.10197.1.501", "SM2 with SM3"),
    ("1.2.840.10040.4.1", "DSA"),
    ("1.2.840.113549.1.3.1", "Diffie-Hellman"),
    ("1.3.101.110", "X25519"),
    ("1.3.101.111", "X448"),
    ("1.3.101.113", "Ed448"),
    ("1.2.643.7.1.1.1.1", "GOST R 34.10-2012"),
    ("1.2.643.7.1.1.1.2", "GOST R 34.10-2012"),
    ("1.2.156.10197.1.301", "SM2"),
    ("1.2.840.10045.3.1.1", "P-192"),
    ("1.3.132.0.10", "secp256k1"),
    ("1.3.132.0.33", "P-224"),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1"),
    ("1.3.36.3.3.2.8.1.1.8", "brainpoolP256t1"),
    ("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1"),
    ("1.3.36.3.3.2.8.1.1.12", "brainpoolP384t1"),
    ("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1"),
    ("1.3.36.3.3.2.8.1.1.14", "brainpoolP512t1"),
];

/// The longest object identifier that is turned into text. The time for it grows with the square of its length, which a
/// peer chooses.
const LONGEST: usize = 64;

/// Returns an object identifier as text: `1.2.840.10045.2.1`.
fn identifier(oid: &Oid<'_>) -> String {
    match oid.as_bytes().len() {
        ..=LONGEST => oid.to_id_string(),
        long => format!("identifier of {long} bytes"),
    }
}

/// Returns the name of an algorithm or a curve, or its object identifier if it has no name here.
pub(super) fn name(oid: &Oid<'_>) -> String {
    let identifier = identifier(oid);
    match NAMES.iter().find(|(known, _)| *known == identifier) {
        Some((_, name)) => (*name).to_owned(),
        None => identifier,
    }
}

/// Returns the kind of a certificate's key, and its size or its curve: `RSA, 2048 bits`, `ECDSA on P-256`, `Ed25519`.
pub fn describe_key(key: &SubjectPublicKeyInfo<'_>) -> String {
    let algorithm = &key.algorithm;
    let kind = name(&algorithm.algorithm);
    if let Ok(PublicKey::RSA(rsa)) = key.parsed() {
        return format!("{kind}, {} bits", modulus_bits(rsa.modulus).unwrap_or(0));
    }
    match algorithm.parameters.as_ref().filter(|_| identifier(&algorithm.algorithm) == EC_PUBLIC_KEY) {
        Some(curve) if curve.tag() == Tag::Oid => {
            format!("{kind} on {}", name(&Oid::new(curve.data.into())))
        }
        Some(_) => UnsupportedKey::ExplicitCurve.to_string(),
        None => kind,
    }
}

fn unsupported_algorithm(algorithm: &AlgorithmIdentifier<'_>) -> Option<UnsupportedKey> {
    match identifier(&algorithm.algorithm).as_str() {
        RSA | ED25519 => None,
        known if ML_DSA.contains(&known) => None,
        EC_PUBLIC_KEY => algorithm.parameters.as_ref().and_then(unsupported_curve),
        "1.2.840.113549.1.1.10" => Some(UnsupportedKey::RsaPss),
        _ => Some(UnsupportedKey::Algorithm(name(&algorithm.algorithm))),
    }
}

fn unsupported_curve(parameters: &Any<'_>) -> Option<UnsupportedKey> {
    if parameters.tag() != Tag::Oid {
        return Some(UnsupportedKey::ExplicitCurve);
    }
    let curve = Oid::new(parameters.data.into());
    let is_supported = CURVES.contains(&identifier(&curve).as_str());
    (!is_supported).then(|| UnsupportedKey::Curve(name(&curve)))
}

fn unsupported_modulus(modulus: &[u8]) -> Option<UnsupportedKey> {
    let bits = modulus_bits(modulus)?;
    (!(2048..=8192).contains(&bits)).then_some(UnsupportedKey::RsaSize { bits })
}

/// Returns the length of a modulus. `None` if it is zero.
fn modulus_bits(modulus: &[u8]) -> Option<usize> {
    let first = modulus.iter().position(|&byte| byte != 0)?;
    Some((modulus.len() - first) * 8 - modulus[first].leading_zeros() as usize)
}

/// PKCS#8 (RFC 5958): version, algorithm, key.
fn of_pkcs8(der: &[u8]) -> Option<UnsupportedKey> {
    let mut fields = fields(sequence(der)?).skip(1);
    let algorithm = AlgorithmIdentifier::try_from(fields.next()?).ok()?;
    let key = fields.next()?;
    let is_rsa = identifier(&algorithm.algorithm) == RSA;
    unsupported_algorithm(&algorithm).or_else(|| is_rsa.then(|| of_pkcs1(key.data)).flatten())
}

/// PKCS#1 (RFC 8017, A.1.2): version, modulus, and so on. Version 1 means more than two primes.
fn of_pkcs1(der: &[u8]) -> Option<UnsupportedKey> {
    let mut fields = fields(sequence(der)?);
    let (version, modulus) = (fields.next()?, fields.next()?);
    if version.data == [1] {
        return Some(UnsupportedKey::RsaPrimes);
    }
    unsupported_modulus(modulus.data)
}

/// SEC1 (RFC 5915): version, key, `[0]` parameters, `[1]` public key.
fn of_sec1(der: &[u8]) -> Option<UnsupportedKey> {
    let parameters = fields(sequence(der)?).find(|field| field.header.raw_tag() == Some(&[0xa0]))?;
    unsupported_curve(&fields(parameters.data).next()?)
}
