//! The lines about the stapled OCSP response.

use std::fmt;

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512, digest};
use tls_session::bytes::Bytes;
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::{
    OID_HASH_SHA1, OID_NIST_HASH_SHA256, OID_NIST_HASH_SHA384, OID_NIST_HASH_SHA512,
};

use super::{CERTIFICATES, Hex, Presented, days, line, serial};
use crate::certificate::parse;
use crate::key_kind;
use crate::ocsp::{self, Answer, Answers, CertId, Responder, Response, Status};
use crate::validity::Moment;

/// The certificate that a stapled response should be about: certificate 1.
struct Subject<'a> {
    certificate: X509Certificate<'a>,
    /// The public keys of all certificates and authorities here that have the name of its issuer.
    issuer_keys: Vec<Vec<u8>>,
}

/// The relation of an answer's issuer to the issuer of certificate 1.
enum Issuer {
    /// Name and key are the same.
    Same,
    /// The name is the same. No certificate here has the key.
    SameName,
    OtherName,
    /// The name is the same, and the key is another one.
    OtherKey,
    /// The algorithm of the hashes is not known.
    NotCompared,
}

impl Subject<'_> {
    fn has_serial(&self, id: &CertId<'_>) -> bool {
        self.certificate.raw_serial() == id.serial
    }

    /// Compares the issuers.
    ///
    /// RFC 6960, 4.1.1: issuerNameHash is "calculated over the DER encoding of the issuer's name field in the
    /// certificate being checked". issuerKeyHash is "calculated over the value (excluding tag and length) of the subject
    /// public key field in the issuer's certificate".
    fn issuer(&self, id: &CertId<'_>) -> Issuer {
        let Some(algorithm) = hash_algorithm(id) else { return Issuer::NotCompared };
        let has_hash = |bytes: &[u8], hash: &[u8]| digest(algorithm, bytes).as_ref() == hash;
        if !has_hash(self.certificate.issuer().as_raw(), id.name_hash) {
            return Issuer::OtherName;
        }
        match self.issuer_keys.iter().any(|key| has_hash(key, id.key_hash)) {
            true => Issuer::Same,
            false if self.issuer_keys.is_empty() => Issuer::SameName,
            false => Issuer::OtherKey,
        }
    }

    /// Returns a rank for the choice of an answer. The answer with the lowest rank is about this certificate, if there
    /// is such an answer. Two issuers can use the same serial number.
    fn rank(&self, id: &CertId<'_>) -> u8 {
        match self.issuer(id) {
            _ if !self.has_serial(id) => 2,
            Issuer::OtherName | Issuer::OtherKey => 1,
            Issuer::Same | Issuer::SameName | Issuer::NotCompared => 0,
        }
    }
}

impl Presented {
    pub(super) fn ocsp(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let der = &self.ocsp_response;
        if der.is_empty() {
            return writeln!(f, "no stapled OCSP response");
        }
        writeln!(f, "stapled OCSP response, {}", Bytes(der.len()))?;
        match ocsp::parse(der) {
            Some(Response::Answers(answers)) => self.answers(f, &answers),
            Some(Response::Error(error)) => line(f, "status", format_args!("no answer: {error}")),
            None => line(f, "unreadable", "it is no basic response of RFC 6960"),
        }
    }

    /// Shows the answer for certificate 1. Shows the first answer if none is for certificate 1.
    fn answers(&self, f: &mut fmt::Formatter<'_>, answers: &Answers<'_>) -> fmt::Result {
        let subject = self.subject();
        let rank = |answer: &Answer<'_>| subject.as_ref().map_or(0, |subject| subject.rank(&answer.id));
        let chosen = answers.iter().enumerate().min_by_key(|(_, answer)| rank(answer));
        let Some((index, answer)) = chosen else { return Ok(()) }; // `ocsp::parse` has found one
        let count = answers.iter().count();
        if count > 1 {
            line(f, "answers", format_args!("{count}; this is number {}", index + 1))?;
        }
        self.status(f, &answer)?;
        line(f, "produced", answers.produced)?;
        match &answers.responder {
            Responder::Name(name) => line(f, "responder", name),
            Responder::KeyHash(hash) => line(f, "responder", format_args!("key with SHA-1 {}", Hex(hash))),
        }?;
        identify(f, subject.as_ref(), &answer.id)?;
        line(f, "signature", "not checked by this program")
    }

    fn status(&self, f: &mut fmt::Formatter<'_>, answer: &Answer<'_>) -> fmt::Result {
        let now = Moment::from(self.at);
        match answer.status {
            Status::Good => line(f, "status", "good"),
            Status::Revoked(since) => line(f, "status", format_args!("REVOKED on {since}")),
            Status::Unknown => line(f, "status", "unknown: the responder does not know the certificate"),
        }?;
        line(f, "this update", answer.this_update)?;
        match answer.next_update {
            None => line(f, "next update", "not given: newer information is always available"),
            Some(next) if next < now => {
                line(f, "next update", format_args!("{next} (OUTDATED for {})", days(next.days_until(now))))
            }
            Some(next) => {
                line(f, "next update", format_args!("{next} ({} left)", days(now.days_until(next))))
            }
        }
    }

    /// Returns certificate 1 with the keys of its issuer. `None`: it cannot be read.
    fn subject(&self) -> Option<Subject<'_>> {
        let chain = &self.chain;
        let certificate = parse(chain.first()?).ok()?;
        let issuer = certificate.issuer().as_raw();
        let sent = chain.iter().take(CERTIFICATES).filter_map(|der| parse(der).ok());
        let sent = sent.filter(|sent| sent.subject().as_raw() == issuer);
        let sent = sent.map(|sent| sent.public_key().subject_public_key.data.to_vec());
        let trusted = self.trust.authorities_named(issuer);
        let trusted = trusted.filter_map(|anchor| ocsp::public_key(&anchor.subject_public_key_info));
        let issuer_keys = sent.chain(trusted.map(<[u8]>::to_vec)).collect();
        Some(Subject { certificate, issuer_keys })
    }
}

/// Shows the certificate that an answer is about.
fn identify(f: &mut fmt::Formatter<'_>, subject: Option<&Subject<'_>>, id: &CertId<'_>) -> fmt::Result {
    let number = serial(id.serial);
    let Some(subject) = subject else {
        return line(
            f,
            "serial",
            format_args!("{number}; certificate 1 is unreadable, so it is not compared"),
        );
    };
    let whose = if subject.has_serial(id) { "" } else { ", which is NOT that of certificate 1" };
    line(f, "serial", format_args!("{number}{whose}"))?;
    match subject.issuer(id) {
        Issuer::Same => line(f, "issuer", "that of certificate 1"),
        Issuer::SameName => {
            line(f, "issuer", "has the name of certificate 1's issuer, whose key is not known")
        }
        Issuer::OtherName => line(f, "issuer", "NOT that of certificate 1: its name is another one"),
        Issuer::OtherKey => line(f, "issuer", "NOT that of certificate 1: its key is another one"),
        Issuer::NotCompared => {
            let algorithm = key_kind::name(&id.algorithm);
            line(f, "issuer", format_args!("not compared: this program does not know the hash {algorithm}"))
        }
    }
}

/// Returns the algorithm of the hashes in an answer.
fn hash_algorithm(id: &CertId<'_>) -> Option<&'static Algorithm> {
    let known = [
        (OID_HASH_SHA1, &SHA1_FOR_LEGACY_USE_ONLY),
        (OID_NIST_HASH_SHA256, &SHA256),
        (OID_NIST_HASH_SHA384, &SHA384),
        (OID_NIST_HASH_SHA512, &SHA512),
    ];
    known.into_iter().find(|(identifier, _)| *identifier == id.algorithm).map(|(_, algorithm)| algorithm)
}
