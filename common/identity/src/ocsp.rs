//! Parses a stapled OCSP response (RFC 6960, 4.2.1): what the issuer says about a certificate.
//!
//! `x509-parser` has no OCSP. The crate `x509-ocsp` would bring a second parser of DER and of certificates, so this file
//! reads the few fields that the report shows. The peer chose the bytes: nothing here allocates more than they hold.

use rustls::DistinguishedName;
use x509_parser::asn1_rs::{Any, FromDer as _, Tag};
use x509_parser::prelude::ASN1Time;

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
    /// The responder answers for one certificate.
    Answer(Answer<'a>),
}

/// The answer for one certificate. A stapled response has no other.
pub(super) struct Answer<'a> {
    /// The serial number of the certificate, as in its DER.
    pub(super) serial: &'a [u8],
    pub(super) status: Status,
    pub(super) this_update: Moment,
    /// `None`: the responder always has newer information.
    pub(super) next_update: Option<Moment>,
    /// The name of the responder, or the hash of its key.
    pub(super) responder: Responder<'a>,
    /// When the responder signed.
    pub(super) produced: Moment,
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
    answer(data.data).map(Response::Answer)
}

/// Parses the content of a ResponseData: version, responder, time, and the answers, of which it returns the first.
fn answer(data: &[u8]) -> Option<Answer<'_>> {
    let mut data = fields(data).peekable();
    data.next_if(|field| field.header.raw_tag() == Some(CONSTRUCTED_0)); // the version
    let responder = responder(&data.next()?)?;
    let produced = moment(&data.next()?)?;
    let answers = data.next()?;
    // SingleResponse ::= SEQUENCE { certID, certStatus, thisUpdate, nextUpdate [0] EXPLICIT OPTIONAL, … }
    let mut single = fields(fields(answers.data).next()?.data);
    // CertID ::= SEQUENCE { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber }
    let serial = fields(single.next()?.data).nth(3)?.data;
    let status = status(&single.next()?)?;
    let this_update = moment(&single.next()?)?;
    let next_update = match single.next() {
        Some(field) if field.header.raw_tag() == Some(CONSTRUCTED_0) => {
            Some(moment(&fields(field.data).next()?)?)
        }
        _ => None,
    };
    Some(Answer { serial, status, this_update, next_update, responder, produced })
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

/// Returns the content of a SEQUENCE that takes all of `der`.
fn sequence(der: &[u8]) -> Option<&[u8]> {
    match Any::from_der(der) {
        Ok(([], any)) if any.tag() == Tag::Sequence => Some(any.data),
        _ => None,
    }
}

fn tagged<'a>(field: Any<'a>, tag: &[u8]) -> Option<&'a [u8]> {
    (field.header.raw_tag() == Some(tag)).then_some(field.data)
}

/// Returns the fields in the content of a SEQUENCE, up to the first one that does not parse.
fn fields(mut rest: &[u8]) -> impl Iterator<Item = Any<'_>> {
    std::iter::from_fn(move || {
        let (after, field) = Any::from_der(rest).ok()?;
        rest = after;
        Some(field)
    })
}
