//! Extensions about certificates: OCSP, public logs, authorities, compression, delegated credentials.

use super::In;
use crate::explain::field_reader::{FieldReader, Step, about};
use crate::explain::names;
use crate::explain::{shown, x509};

/// Explains status_request. A ClientHello has a request, a Certificate the answer. A ServerHello announces the answer
/// with an empty extension.
pub(super) fn status_request(r: &mut FieldReader<'_>, place: In) -> Step {
    if r.is_empty() {
        return Ok(());
    }
    if place == In::Certificate {
        return crate::explain::certificate::status(r);
    }
    r.u8(about("status_type", "OCSP is the only type.", ""), names::status_type)?;
    let says = "The OCSP servers that the client trusts. Empty if the server should know them.";
    r.vector(2, about("responder_id_list", says, ""), |r| {
        r.list(|r| r.opaque(2, "ResponderID", shown::hex))
    })?;
    r.opaque(2, about("request_extensions", "Extensions of the OCSP request.", ""), shown::hex).map(drop)
}

/// Explains signed certificate timestamps (RFC 6962, 3.2 and 3.3).
pub(super) fn timestamps(r: &mut FieldReader<'_>) -> Step {
    r.vector(2, "SignedCertificateTimestampList", |r| {
        r.list(|r| {
            let says = "A public log promises that it will publish this certificate.";
            r.vector(2, about("SerializedSCT", says, "RFC 6962, 3.2"), timestamp)
        })
    })
}

fn timestamp(r: &mut FieldReader<'_>) -> Step {
    r.u8("sct_version", |version| format!("v{} ({version})", u16::from(version) + 1))?;
    r.bytes(32, about("id", "The log, by the hash of its key.", ""), shown::hex)?;
    r.u64(about("timestamp", "The time at which the log got the certificate.", ""), |milliseconds| {
        shown::moment(i64::try_from(milliseconds / 1000).unwrap_or(i64::MAX))
    })?;
    r.opaque(2, "extensions", shown::hex)?;
    r.u16("algorithm", names::scheme)?;
    r.opaque(2, about("signature", "The signature of the log.", ""), shown::hex).map(drop)
}

/// Explains client_certificate_type and server_certificate_type: a list in an offer, one type in an answer.
pub(super) fn types(r: &mut FieldReader<'_>, offer: bool) -> Step {
    if offer {
        r.vector(1, "certificate_types", |r| r.list(|r| r.u8("type", names::certificate_type)))
    } else {
        r.u8("type", names::certificate_type).map(drop)
    }
}

/// Explains the names of authorities in certificate_authorities and in the CertificateRequest of TLS 1.2.
pub(in crate::explain) fn authorities(r: &mut FieldReader<'_>, rfc: &'static str) -> Step {
    let says = "The names of trusted authorities. In TLS 1.2 an empty list allows any.";
    r.vector(2, about("authorities", says, rfc), |r| {
        r.list(|r| r.opaque(2, "DistinguishedName", x509::distinguished_name))
    })
}

pub(super) fn oid_filters(r: &mut FieldReader<'_>) -> Step {
    r.vector(2, "filters", |r| {
        r.list(|r| {
            r.group("OIDFilter", |r| {
                r.opaque(1, "certificate_extension_oid", shown::hex)?;
                r.opaque(2, "certificate_extension_values", shown::hex)
            })
        })
    })
}

/// Explains the credential in a Certificate (RFC 9345, 4).
pub(super) fn delegated(r: &mut FieldReader<'_>) -> Step {
    let says = "Valid until this time after the certificate's notBefore, but at most for a week from now.";
    r.u32(about("valid_time", says, "RFC 9345, 4"), shown::seconds)?;
    let says = "The signature algorithm of the CertificateVerify.";
    r.u16(about("dc_cert_verify_algorithm", says, ""), names::scheme)?;
    r.opaque(3, about("ASN1_subjectPublicKeyInfo", "The short-lived key.", ""), shown::hex)?;
    r.u16(about("algorithm", "The algorithm of the signature by the certificate's key.", ""), names::scheme)?;
    r.opaque(2, "signature", shown::hex).map(drop)
}
