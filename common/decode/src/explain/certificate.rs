//! The messages about certificates: Certificate, CertificateRequest, CertificateStatus, CompressedCertificate.

use super::extensions::{self, In, authorities};
use super::field_reader::{FieldReader, Prefix, Step, about};
use super::{names, shown, x509};

const LIST: &str = "The certificate of the sender, then those that lead from it to an authority that the \
                    other end knows; the authority's own may be left out. Empty if a client has none to show.";

pub(super) fn tls13(r: &mut FieldReader<'_>) -> Step {
    const RFC: &str = "RFC 8446, 4.4.2";
    let says = "Which CertificateRequest this answers; empty within a handshake.";
    r.opaque(Prefix::One, about("certificate_request_context", says, RFC), shown::hex)?;
    r.vector(Prefix::Three, about("certificate_list", LIST, RFC), |r| {
        r.list(|r| {
            r.group("CertificateEntry", |r| {
                r.vector(Prefix::Three, about("cert_data", x509::SAYS, RFC), x509::certificate)?;
                extensions::all(r, In::Certificate)
            })
        })
    })
}

pub(super) fn tls12(r: &mut FieldReader<'_>) -> Step {
    const RFC: &str = "RFC 5246, 7.4.2";
    r.vector(Prefix::Three, about("certificate_list", LIST, RFC), |r| {
        r.list(|r| r.vector(Prefix::Three, about("ASN.1Cert", x509::SAYS, RFC), x509::certificate))
    })
}

pub(super) fn request13(r: &mut FieldReader<'_>) -> Step {
    let says = "Comes back in the client's Certificate; empty within a handshake.";
    let context = about("certificate_request_context", says, "RFC 8446, 4.3.2");
    r.opaque(Prefix::One, context, shown::hex)?;
    extensions::all(r, In::CertificateRequest)
}

pub(super) fn request12(r: &mut FieldReader<'_>) -> Step {
    const RFC: &str = "RFC 5246, 7.4.4";
    let says = "The kinds of keys that the client's certificate may have.";
    r.vector(Prefix::One, about("certificate_types", says, RFC), |r| {
        r.list(|r| r.u8("certificate_type", names::client_certificate_type))
    })?;
    let says = "The signatures that the server can verify.";
    let algorithms = about("supported_signature_algorithms", says, RFC);
    r.codes(Prefix::Two, algorithms, "algorithm", names::scheme)?;
    authorities(r, RFC)
}

pub(super) fn status(r: &mut FieldReader<'_>) -> Step {
    const RFC: &str = "RFC 6066, 8";
    r.u8(about("status_type", "What kind of proof this is.", RFC), names::status_type)?;
    let says = "The answer of the authority's OCSP server, signed, with a date until which it is good; without \
                it the client would have to ask there itself, and tell it whom it visits.";
    r.opaque(Prefix::Three, about("OCSPResponse", says, RFC), shown::hex)?;
    Ok(())
}

pub(super) fn compressed(r: &mut FieldReader<'_>) -> Step {
    const RFC: &str = "RFC 8879, 4";
    r.u16(about("algorithm", "How it is compressed.", RFC), names::certificate_compression)?;
    let says = "How long the Certificate message is when it is unpacked, so that a small message cannot fill \
                the memory.";
    r.group(about("uncompressed_length", says, RFC), |r| r.length(Prefix::Three))?;
    let says = "The body of a Certificate message, compressed.";
    r.opaque(Prefix::Three, about("compressed_certificate_message", says, RFC), shown::hex)?;
    Ok(())
}
