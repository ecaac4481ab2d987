//! What a peer presented, as text and PEM: its certificates, the stapled OCSP response of a server, and whether the peer
//! is authorized.
//!
//! The peer chose the content, so each text is escaped, and the number of certificates and of names is limited.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use pem::{EncodeConfig, LineEnding, Pem};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tls_session::bytes::{Bytes, Count};
use tls_session::escaped::Escaped;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{ExtendedKeyUsage, GeneralName, KeyUsage};
use x509_parser::x509::X509Version;

mod ocsp_lines;

use crate::authorization::{Peer, authorize};
use crate::certificate::{parse, parse_strictly};
use crate::distinguished_name::{distinguished_name, subject};
use crate::key_kind;
use crate::names::{self, Basis};
use crate::trust::Trust;
use crate::validity::{Moment, Outside, Validity};
use crate::wrong_name::{ip_address, name_text};

/// How many certificates the report shows. A peer can send thousands of bytes that are no certificates.
const CERTIFICATES: usize = 16;
/// How many names of one certificate the report shows.
const NAMES: usize = 100;

/// What a peer presented in a full handshake.
///
/// Its `Display` is the report. Readers of PEM find the certificates in it, because they skip the lines before each
/// certificate (RFC 7468, 5.2: "explanatory text").
#[derive(Clone, Debug)]
pub struct Presented {
    chain: Vec<CertificateDer<'static>>,
    /// The name that a server has to prove. `None`: the peer is a client.
    name: Option<ServerName<'static>>,
    /// The stapled OCSP response of a server. Empty if there is none.
    ocsp_response: Vec<u8>,
    trust: Arc<Trust>,
    at: UnixTime,
}

impl Presented {
    /// Copies what rustls gives a verifier. The report compares it with `trust`. `ocsp_response` is empty for a client,
    /// and for a server that stapled none.
    pub fn new(
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        peer: Peer<'_>,
        ocsp_response: &[u8],
        trust: Arc<Trust>,
        at: UnixTime,
    ) -> Self {
        let chain = std::iter::once(end_entity).chain(intermediates);
        let name = match peer {
            Peer::Server(name) => Some(name.to_owned()),
            Peer::Client => None,
        };
        let chain = chain.map(|certificate| certificate.clone().into_owned()).collect();
        Self { chain, name, ocsp_response: ocsp_response.to_vec(), trust, at }
    }

    /// Returns the report, and the reason if the handshake failed. A peer could present the certificates of another. Only
    /// the handshake proves that the peer has the key.
    pub fn report(&self, failure: Option<&str>) -> String {
        match failure {
            Some(failure) => format!("{self}handshake failed: {failure}\n"),
            None => self.to_string(),
        }
    }
}

/// One line of the report: a label and its text.
fn line(f: &mut fmt::Formatter<'_>, label: &str, text: impl fmt::Display) -> fmt::Result {
    writeln!(f, "  {label:<12}{text}")
}

impl fmt::Display for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chain = &self.chain;
        for (index, der) in chain.iter().take(CERTIFICATES).enumerate() {
            let whose = match (index, &self.name) {
                (0, Some(_)) => ", the server's own",
                (0, None) => ", the client's own",
                _ => "",
            };
            writeln!(f, "certificate {} of {}{whose}", index + 1, chain.len())?;
            match parse(der) {
                Ok(certificate) => self.certificate(f, index, der, &certificate)?,
                Err(unusable) => line(f, "unreadable", unusable)?,
            }
            line(f, "SHA-256", Hex(digest(&SHA256, der).as_ref()))?;
            let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
            writeln!(f, "{}", pem::encode_config(&Pem::new("CERTIFICATE", der.to_vec()), config))?;
        }
        match chain.len().saturating_sub(CERTIFICATES) {
            0 => {}
            1 => writeln!(f, "and 1 more certificate, which is not shown\n")?,
            more => writeln!(f, "and {more} more certificates, which are not shown\n")?,
        }
        let (peer, shown) = match &self.name {
            Some(name) => {
                self.ocsp(f)?;
                (Peer::Server(name), format!("server {}", Escaped::new(&*name.to_str())))
            }
            None => (Peer::Client, format!("client {}", chain.first().map(subject).unwrap_or_default())),
        };
        match authorize(chain, &self.trust, peer, self.at) {
            Ok(authorized) => writeln!(f, "{shown} authorized: {authorized}"),
            Err(unauthorized) => writeln!(f, "{shown} UNAUTHORIZED: {unauthorized}"),
        }
    }
}

impl Presented {
    fn certificate(
        &self,
        f: &mut fmt::Formatter<'_>,
        index: usize,
        der: &CertificateDer<'_>,
        certificate: &X509Certificate<'_>,
    ) -> fmt::Result {
        line(f, "subject", distinguished_name(certificate.subject()))?;
        if index == 0 || names::has_alternative_names(certificate) {
            line(f, "names", self.names(index, der, certificate))?;
        }
        let issuer = distinguished_name(certificate.issuer());
        line(f, "issuer", format_args!("{issuer} ({})", self.issuer(index, certificate)))?;
        if self.trust.is_pinned(der) {
            line(f, "trust", format_args!("this certificate is in {}", self.trust.source()))?;
        }
        let validity = Validity::of(certificate);
        let period = format_args!("{} to {}", validity.not_before, validity.not_after);
        line(f, "valid", format_args!("{period} ({})", self.remaining(&validity)))?;
        line(f, "key", key_kind::describe_key(certificate.public_key()))?;
        let (usage, extended) = (certificate.key_usage(), certificate.extended_key_usage());
        line(f, "key usage", extension(usage, NOT_RESTRICTED, |usage| key_usage(usage.value)))?;
        line(f, "purposes", extension(extended, NOT_RESTRICTED, |usage| purposes(usage.value)))?;
        line(f, "constraints", constraints(certificate))?;
        line(f, "serial", serial(certificate.raw_serial()))?;
        let signature = key_kind::name(&certificate.signature_algorithm.algorithm);
        line(f, "signature", signature)
    }

    /// Returns the alternative names. Those of a server's own certificate that match the wanted name say so.
    fn names(&self, index: usize, der: &CertificateDer<'_>, certificate: &X509Certificate<'_>) -> String {
        if let Err(error) = certificate.subject_alternative_name() {
            return format!("unreadable: {}", Escaped::new(&error.to_string()));
        }
        let basis = if self.trust.is_pinned(der) { Basis::Pin } else { Basis::Authority };
        let is_for = |wanted: &&ServerName<'_>| {
            index == 0
                && parse_strictly(der, certificate)
                    .is_ok_and(|strict| names::is_for(certificate, &strict, wanted, basis))
        };
        let matched = self.name.as_ref().filter(is_for);
        let matches = |name: &GeneralName<'_>| matched.is_some_and(|wanted| covers(name, wanted));
        if !names::has_alternative_names(certificate) {
            let counts = if matched.is_some() { "; a Common Name matches, and counts for a pin" } else { "" };
            return format!("no subjectAltName{counts}");
        }
        let mut alternative = names::alternative_names(certificate);
        let shown = alternative.by_ref().take(NAMES).map(|name| match matches(name) {
            true => format!("{}{} (matches)", kind(name), name_text(name)),
            false => format!("{}{}", kind(name), name_text(name)),
        });
        let mut text = shown.collect::<Vec<_>>().join(", ");
        let more: Vec<_> = alternative.collect();
        if !more.is_empty() {
            let _ = write!(text, " and {} more", more.len()); // writing to a String cannot fail
            text.push_str(if more.iter().any(|name| matches(name)) { ", one of which matches" } else { "" });
        }
        if text.is_empty() { "none in subjectAltName".to_owned() } else { text }
    }

    /// Returns where the certificate is whose subject is the issuer of this one, by name.
    fn issuer(&self, index: usize, certificate: &X509Certificate<'_>) -> String {
        let issuer = certificate.issuer().as_raw();
        let mut found = Vec::new();
        if certificate.subject().as_raw() == issuer {
            found.push("itself".to_owned());
        }
        let others = self.chain.iter().take(CERTIFICATES).enumerate();
        let sent = others.filter(|(other, der)| {
            *other != index && parse(der).is_ok_and(|other| other.subject().as_raw() == issuer)
        });
        found.extend(sent.map(|(other, _)| format!("certificate {}", other + 1)));
        if self.trust.authorities_named(issuer).next().is_some() {
            found.push(format!("an authority in {}", self.trust.source()));
        }
        match found.is_empty() {
            true => format!("not sent, and no authority in {}", self.trust.source()),
            false => found.join("; "),
        }
    }

    fn remaining(&self, validity: &Validity) -> String {
        let now = Moment::from(self.at);
        match validity.outside(self.at) {
            None => format!("{} left", days(now.days_until(validity.not_after))),
            Some(Outside::Before(begin)) => {
                format!("NOT YET VALID, begins in {}", days(now.days_until(begin)))
            }
            Some(Outside::After(end)) => format!("EXPIRED {} ago", days(end.days_until(now))),
        }
    }
}

/// The text for a certificate without keyUsage or extendedKeyUsage.
const NOT_RESTRICTED: &str = "not restricted";

/// Returns the text of an extension. `missing` is the text for a certificate that does not have it.
fn extension<T>(
    found: Result<Option<T>, x509_parser::error::X509Error>,
    missing: &str,
    text: impl FnOnce(T) -> String,
) -> String {
    match found {
        Ok(Some(extension)) => text(extension),
        Ok(None) => missing.to_owned(),
        Err(error) => format!("unreadable: {}", Escaped::new(&error.to_string())),
    }
}

/// Returns whether the certificate is that of an authority. RFC 5280, 4.2.1.9: "If the basic constraints extension is
/// not present in a version 3 certificate, or the extension is present but the cA boolean is not asserted, then the
/// certified public key MUST NOT be used to verify certificate signatures."
fn constraints(certificate: &X509Certificate<'_>) -> String {
    let missing = match certificate.version() {
        X509Version::V3 => "not an authority (no basicConstraints)",
        _ => "none (only version 3 has basicConstraints)",
    };
    extension(certificate.basic_constraints(), missing, |constraints| {
        match (constraints.value.ca, constraints.value.path_len_constraint) {
            (true, Some(limit)) => {
                format!("CA:TRUE, at most {} of authorities below it", Count(limit, "level"))
            }
            (true, None) => "CA:TRUE".to_owned(),
            (false, _) => "CA:FALSE".to_owned(),
        }
    })
}

/// Returns the bits by their names in RFC 5280, 4.2.1.3.
fn key_usage(usage: &KeyUsage) -> String {
    let bits = [
        (usage.digital_signature(), "digitalSignature"),
        (usage.non_repudiation(), "nonRepudiation"),
        (usage.key_encipherment(), "keyEncipherment"),
        (usage.data_encipherment(), "dataEncipherment"),
        (usage.key_agreement(), "keyAgreement"),
        (usage.key_cert_sign(), "keyCertSign"),
        (usage.crl_sign(), "cRLSign"),
        (usage.encipher_only(), "encipherOnly"),
        (usage.decipher_only(), "decipherOnly"),
    ];
    let names: Vec<&str> = bits.into_iter().filter_map(|(is_set, name)| is_set.then_some(name)).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Returns the purposes by their names in RFC 5280, 4.2.1.12.
fn purposes(usage: &ExtendedKeyUsage<'_>) -> String {
    let known = [
        (usage.any, "anyExtendedKeyUsage"),
        (usage.server_auth, "serverAuth"),
        (usage.client_auth, "clientAuth"),
        (usage.code_signing, "codeSigning"),
        (usage.email_protection, "emailProtection"),
        (usage.time_stamping, "timeStamping"),
        (usage.ocsp_signing, "OCSPSigning"),
    ];
    let mut purposes: Vec<&str> =
        known.into_iter().filter_map(|(is_set, name)| is_set.then_some(name)).collect();
    let others = names::listed(usage.other.iter(), key_kind::name);
    if !others.is_empty() {
        purposes.push(&others);
    }
    purposes.join(", ")
}

/// Returns the type of an alternative name. Other types than these two have it in their text.
fn kind(name: &GeneralName<'_>) -> &'static str {
    match name {
        GeneralName::DNSName(_) => "DNS ",
        GeneralName::IPAddress(_) => "IP ",
        _ => "",
    }
}

/// Returns whether this name is the one for which the certificate is valid. Call it only for a certificate that is for
/// the wanted name: webpki has decided that, and this finds the entry again.
fn covers(name: &GeneralName<'_>, wanted: &ServerName<'_>) -> bool {
    match (name, wanted) {
        (GeneralName::DNSName(name), ServerName::DnsName(wanted)) => {
            let wanted = wanted.as_ref();
            let parent = name.strip_prefix("*.");
            names::same_dns_name(name, wanted)
                || parent.zip(wanted.split_once('.')).is_some_and(|(parent, (_, after_first_label))| {
                    parent.contains('.') && names::same_dns_name(parent, after_first_label)
                })
        }
        (GeneralName::IPAddress(bytes), ServerName::IpAddress(wanted)) => {
            ip_address(bytes) == Some((*wanted).into())
        }
        _ => false,
    }
}

/// Bytes as pairs of hexadecimal digits between colons, as other programs show serial numbers and fingerprints. Shows
/// the first 32 bytes.
struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shown, rest) = self.0.split_at(self.0.len().min(32));
        for (index, byte) in shown.iter().enumerate() {
            let separator = if index == 0 { "" } else { ":" };
            write!(f, "{separator}{byte:02X}")?;
        }
        if rest.is_empty() { Ok(()) } else { write!(f, "... and {} more", Bytes(rest.len())) }
    }
}

/// Shows a serial number without the zero that only says that it is positive.
fn serial(der: &[u8]) -> Hex<'_> {
    Hex(der.strip_prefix(&[0]).filter(|rest| !rest.is_empty()).unwrap_or(der))
}

/// Shows a number of days.
fn days(number: i64) -> Count<i64> {
    Count(number, "day")
}
