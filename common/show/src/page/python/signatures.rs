//! The verification of signatures, with the package `cryptography` of Python. It needs public data only.

use decode::Message;
use decode::explain;
use decode::schedule::{Check, CheckKind};
use rustls::{ProtocolVersion, SignatureScheme};

use super::program::Program;

/// The most bytes of a certificate, and of the messages that a signature of TLS 1.2 is about. There is no command for more.
const MAX_BYTES: usize = 16 * 1024;

/// Returns the first certificate of a Certificate message, which is that of its sender.
pub(super) fn first_certificate(message: &Message) -> Option<&[u8]> {
    let first = explain::chain(message)?.into_iter().next()?;
    Some(first).filter(|first| first.len() <= MAX_BYTES)
}

/// Returns the command that verifies a signature with the key in a certificate.
pub(super) fn verify(check: &Check, message: &Message, certificate: &[u8]) -> Option<String> {
    let signed = check.signed.as_deref().filter(|signed| signed.len() <= MAX_BYTES)?;
    let is_key_exchange = check.kind == CheckKind::ServerKeyExchange;
    let (randoms, params) = signed.split_at_checked(if is_key_exchange { 64 } else { 0 })?;
    let signature = if is_key_exchange { message.body().strip_prefix(params)? } else { message.body() };
    let (scheme, signature) = signature.split_first_chunk()?;
    let (length, signature) = signature.split_first_chunk()?;
    let signature = signature.get(..usize::from(u16::from_be_bytes(*length)))?;
    let scheme = Scheme::of(SignatureScheme::from(u16::from_be_bytes(*scheme)))?;

    let program = scheme.imports().bytes("certificate", certificate).bytes("signature", signature);
    let program = match check.kind {
        // RFC 5246, 7.4.8: all handshake messages so far.
        CheckKind::CertificateVerify(_) if message.version != Some(ProtocolVersion::TLSv1_3) => {
            program.bytes("messages", signed).line("signed = messages")
        }
        CheckKind::CertificateVerify(sender) => {
            let end = decode::side_name(sender);
            program.bytes("transcript_hash", &check.transcript.as_ref()?.hash).line(format_args!(
                "signed = b\" \" * 64 + b\"TLS 1.3, {end} CertificateVerify\" + b\"\\0\" + transcript_hash"
            ))
        }
        CheckKind::ServerKeyExchange => {
            let (client, server) = randoms.split_at_checked(32)?;
            program
                .bytes("client_random", client)
                .bytes("server_random", server)
                .bytes("params", params)
                .line("signed = client_random + server_random + params")
        }
        CheckKind::Finished(_) | CheckKind::Binder(_) => return None,
    };
    let program = program
        .line("public_key = x509.load_der_x509_certificate(certificate).public_key()")
        .line("# fails if the signature is not valid")
        .line(format_args!("public_key.verify(signature, signed{})", scheme.arguments()))
        .line("print(\"valid\")");
    Some(program.command())
}

/// A signature scheme in the package `cryptography`.
enum Scheme {
    Ed25519,
    /// With this hash function.
    Ecdsa(&'static str),
    /// RSASSA-PSS with this hash function.
    Pss(&'static str),
    /// RSASSA-PKCS1-v1_5 with this hash function.
    Pkcs1(&'static str),
}

impl Scheme {
    /// Returns the scheme; `None` if there is no command for it.
    fn of(scheme: SignatureScheme) -> Option<Self> {
        Some(match scheme {
            SignatureScheme::ED25519 => Self::Ed25519,
            SignatureScheme::ECDSA_NISTP256_SHA256 => Self::Ecdsa("SHA256"),
            SignatureScheme::ECDSA_NISTP384_SHA384 => Self::Ecdsa("SHA384"),
            SignatureScheme::ECDSA_NISTP521_SHA512 => Self::Ecdsa("SHA512"),
            SignatureScheme::RSA_PSS_SHA256 => Self::Pss("SHA256"),
            SignatureScheme::RSA_PSS_SHA384 => Self::Pss("SHA384"),
            SignatureScheme::RSA_PSS_SHA512 => Self::Pss("SHA512"),
            SignatureScheme::RSA_PKCS1_SHA256 => Self::Pkcs1("SHA256"),
            SignatureScheme::RSA_PKCS1_SHA384 => Self::Pkcs1("SHA384"),
            SignatureScheme::RSA_PKCS1_SHA512 => Self::Pkcs1("SHA512"),
            _ => return None,
        })
    }

    /// Begins a program with the imports of this scheme.
    fn imports(&self) -> Program {
        const PRIMITIVES: &str = "from cryptography.hazmat.primitives";
        let program = Program::default().line("from cryptography import x509");
        let program = match self {
            Self::Ed25519 => program,
            Self::Ecdsa(hash) => program
                .line(format_args!("{PRIMITIVES}.asymmetric.ec import ECDSA"))
                .line(format_args!("{PRIMITIVES}.hashes import {hash}")),
            Self::Pss(hash) => program
                .line(format_args!("{PRIMITIVES}.asymmetric.padding import MGF1, PSS"))
                .line(format_args!("{PRIMITIVES}.hashes import {hash}")),
            Self::Pkcs1(hash) => program
                .line(format_args!("{PRIMITIVES}.asymmetric.padding import PKCS1v15"))
                .line(format_args!("{PRIMITIVES}.hashes import {hash}")),
        };
        program.line("")
    }

    /// Returns the arguments of `verify` after the signature and the signed bytes.
    fn arguments(&self) -> String {
        match self {
            Self::Ed25519 => String::new(),
            Self::Ecdsa(hash) => format!(", ECDSA({hash}())"),
            Self::Pss(hash) => format!(", PSS(MGF1({hash}()), {hash}.digest_size), {hash}()"),
            Self::Pkcs1(hash) => format!(", PKCS1v15(), {hash}()"),
        }
    }
}
