//! Parses a stapled OCSP response (RFC 6960, 4.2.1). The response has the status of certificates.
//!
//! `x509-parser` has no OCSP. The crate `x509-ocsp` would bring a second parser of DER and of certificates, so this file
//! reads the few fields that the report shows. The peer chose the bytes, so nothing here allocates more than they hold.

use rustls::DistinguishedName;
use x509_parser::asn1_rs::{Any, Oid, Tag};
use x509_parser::prelude::ASN1Time;

use crate::der::{fields, sequence};
use crate::distinguished_name;
use crate::validity::Moment;

/// The tags of RFC 6960, class and number: `[0]` to `[2]`, primitive and constructed.
const PRIMITIVE_0: &[u8] = &[0x80];
const PRIMITIVE_2: &[u8] = &[0x82];
const CONSTRUCTED_0: &[u8] = &[0xa0];
const CONSTRUCTED_1: &[u8] = &[0xa1];
const CONSTRUCTED_2: &[u8] = &[0xa2];

/// A whole response.
pub(super) enum Response<'a> {
    /// The responder gives no answer. The text is the name of its error.
    Error(&'static str),
    /// The responder gives answers.
    Answers(Answers<'a>),
}

/// The answers of a responder. RFC 6960 allows any number of them.
pub(super) struct Answers<'a> {
    /// The name of the responder, or the hash of its key.
    pub(super) responder: Responder<'a>,
    /// When the responder signed.
    pub(super) produced: Moment,
    /// The content of the SEQUENCE OF SingleResponse.
    singles: &'a [u8],
}

impl<'a> Answers<'a> {
    /// Returns the answers in their order, up to the first one that does not parse.
    pub(super) fn iter(&self) -> impl Iterator<Item = Answer<'a>> {
        fields(self.singles).map_while(|single| answer(single.data))
    }
}

/// The answer for one certificate: a SingleResponse.
pub(super) struct Answer<'a> {
    pub(super) id: CertId<'a>,
    pub(super) status: Status,
    pub(super) this_update: Moment,
    /// `None`: the responder always has newer information.
    pub(super) next_update: Option<Moment>,
}

/// The certificate that an answer is about.
pub(super) struct CertId<'a> {
    /// The algorithm of the two hashes.
    pub(super) algorithm: Oid<'a>,
    /// The hash of the issuer's name.
    pub(super) name_hash: &'a [u8],
    /// The hash of the issuer's public key.
    pub(super) key_hash: &'a [u8],
    /// The serial number of the certificate, as in its DER.
    pub(super) serial: &'a [u8],
}

/// The status of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Good,
    Revoked(Moment),
    Unknown,
}

/// How a response names its responder.
pub(super) enum Responder<'a> {
    /// A name, escaped.
    Name(String),
    /// The SHA-1 hash of its public key.
    KeyHash(&'a [u8]),
}

/// Parses a response. `None` if it is damaged, or of another type than the basic one.
pub(super) fn parse(der: &[u8]) -> Option<Response<'_>> {
    // OCSPResponse ::= SEQUENCE { responseStatus ENUMERATED, responseBytes [0] EXPLICIT ResponseBytes OPTIONAL }
    let mut response = fields(sequence(der)?);
    let status = response.next()?;
    match status.data {
        [0] if status.tag() == Tag::Enumerated => {}
        [number] if status.tag() == Tag::Enumerated => return Some(Response::Error(error_name(*number))),
        _ => return None,
    }
    // ResponseBytes ::= SEQUENCE { responseType OBJECT IDENTIFIER, response OCTET STRING }
    let bytes = tagged(response.next()?, CONSTRUCTED_0)?;
    let mut bytes = fields(sequence(bytes)?);
    let kind = bytes.next()?.oid().ok()?;
    if kind.to_id_string() != "1.3.6.1.5.5.7.48.1.1" {
        return None;
    }
    // BasicOCSPResponse ::= SEQUENCE { tbsResponseData ResponseData, … }
    let data = fields(sequence(bytes.next()?.data)?).next()?;
    answers(data.data).map(Response::Answers)
}

/// Parses the content of a ResponseData: version, responder, time, and the answers. `None` also if the first answer is
/// damaged, or if there is none.
fn answers(data: &[u8]) -> Option<Answers<'_>> {
    let mut data = fields(data).peekable();
    data.next_if(|field| field.header.raw_tag() == Some(CONSTRUCTED_0)); // the version
    let responder = responder(&data.next()?)?;
    let produced = moment(&data.next()?)?;
    let answers = Answers { responder, produced, singles: data.next()?.data };
    let is_readable = answers.iter().next().is_some();
    is_readable.then_some(answers)
}

/// SingleResponse ::= SEQUENCE { certID, certStatus, thisUpdate, nextUpdate [0] EXPLICIT OPTIONAL, … }
fn answer(single: &[u8]) -> Option<Answer<'_>> {
    let mut single = fields(single);
    let id = cert_id(single.next()?.data)?;
    let status = status(&single.next()?)?;
    let this_update = moment(&single.next()?)?;
    let next_update = match single.next() {
        Some(field) if field.header.raw_tag() == Some(CONSTRUCTED_0) => {
            Some(moment(&fields(field.data).next()?)?)
        }
        _ => None,
    };
    Some(Answer { id, status, this_update, next_update })
}

/// CertID ::= SEQUENCE { hashAlgorithm AlgorithmIdentifier, issuerNameHash, issuerKeyHash, serialNumber }
fn cert_id(id: &[u8]) -> Option<CertId<'_>> {
    let mut id = fields(id);
    let algorithm = fields(id.next()?.data).next()?.oid().ok()?;
    let (name_hash, key_hash) = (id.next()?.data, id.next()?.data);
    Some(CertId { algorithm, name_hash, key_hash, serial: id.next()?.data })
}

/// ResponderID ::= CHOICE { byName [1] Name, byKey [2] KeyHash }
fn responder<'a>(field: &Any<'a>) -> Option<Responder<'a>> {
    match field.header.raw_tag()? {
        CONSTRUCTED_1 => {
            let name = DistinguishedName::from(field.data.to_vec());
            Some(Responder::Name(distinguished_name::name(&name)))
        }
        CONSTRUCTED_2 => fields(field.data).next().map(|hash| Responder::KeyHash(hash.data)),
        _ => None,
    }
}

/// CertStatus ::= CHOICE { good [0] NULL, revoked [1] RevokedInfo, unknown [2] NULL }
fn status(field: &Any<'_>) -> Option<Status> {
    match field.header.raw_tag()? {
        PRIMITIVE_0 => Some(Status::Good),
        CONSTRUCTED_1 => Some(Status::Revoked(moment(&fields(field.data).next()?)?)),
        PRIMITIVE_2 => Some(Status::Unknown),
        _ => None,
    }
}

fn moment(field: &Any<'_>) -> Option<Moment> {
    let time = field.clone().generalizedtime().ok()?.utc_datetime().ok()?;
    Some(ASN1Time::new(time).into())
}

/// RFC 6960, 4.2.1: OCSPResponseStatus.
fn error_name(number: u8) -> &'static str {
    match number {
        1 => "malformedRequest",
        2 => "internalError",
        3 => "tryLater",
        5 => "sigRequired",
        6 => "unauthorized",
        _ => "an unknown error",
    }
}

/// Returns the public key in the content of a SubjectPublicKeyInfo, without the number of its unused bits.
///
/// SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING }
pub(super) fn public_key(key_info: &[u8]) -> Option<&[u8]> {
    let (_unused_bits, key) = fields(key_info).nth(1)?.data.split_first()?;
    Some(key)
}

fn tagged<'a>(field: Any<'a>, tag: &[u8]) -> Option<&'a [u8]> {
    (field.header.raw_tag() == Some(tag)).then_some(field.data)
}
