//! Explains the messages about certificates: Certificate, CertificateRequest, CertificateStatus, CompressedCertificate.

use rustls::Side;

use super::extensions::{self, In, authorities};
use super::field_reader::{FieldReader, Step, about};
use super::{names, shown, x509};

const LIST: &str = "The certificate of the sender, then those of its authorities, up to one that the other end \
                    trusts. The last one may be left out. Empty if a client has no certificate.";

pub(super) fn tls13(r: &mut FieldReader<'_>) -> Step {
    const RFC: &str = "RFC 8446, 4.4.2";
    let says = "The CertificateRequest that this answers. Empty during a handshake.";
    r.opaque(1, about("certificate_request_context", says, RFC), shown::hex)?;
    let mut index = 0..;
    r.vector(3, about("certificate_list", LIST, RFC), |r| {
        r.list(|r| {
            let index = index.next();
            r.group("CertificateEntry", |r| {
                r.vector(3, about("cert_data", x509::SAYS, RFC), |r| x509::certificate(r, index))?;
                extensions::all(r, In::Certificate)
            })
        })
    })
}

pub(super) fn tls12(r: &mut FieldReader<'_>) -> Step {
    const RFC: &str = "RFC 5246, 7.4.2";
    let mut index = 0..;
    r.vector(3, about("certificate_list", LIST, RFC), |r| {
        r.list(|r| {
            let index = index.next();
            r.vector(3, about("ASN.1Cert", x509::SAYS, RFC), |r| x509::certificate(r, index))
        })
    })
}

pub(super) fn request13(r: &mut FieldReader<'_>) -> Step {
    let says = "The client's Certificate repeats it. Empty during a handshake.";
    let context = about("certificate_request_context", says, "RFC 8446, 4.3.2");
    r.opaque(1, context, shown::hex)?;
    extensions::all(r, In::CertificateRequest)
}

pub(super) fn request12(r: &mut FieldReader<'_>) -> Step {
    const RFC: &str = "RFC 5246, 7.4.4";
    let says = "The types of keys that the client's certificate may have.";
    r.vector(1, about("certificate_types", says, RFC), |r| {
        r.list(|r| r.u8("certificate_type", names::client_certificate_type))
    })?;
    let says = "The signatures that the server can verify.";
    let algorithms = about("supported_signature_algorithms", says, RFC);
    let chosen = (Side::Client, r.known.choices.client.scheme);
    r.offered(2, algorithms, |r| r.u16("algorithm", names::scheme), chosen)?;
    authorities(r, RFC)
}

pub(super) fn status(r: &mut FieldReader<'_>) -> Step {
    const RFC: &str = "RFC 6066, 8";
    r.u8(about("status_type", "The type of the proof.", RFC), names::status_type)?;
    let says = "The signed answer of the authority's OCSP server, with an expiry date. Without it the client would \
                have to ask that server, which would learn which host the client visits.";
    r.opaque(3, about("OCSPResponse", says, RFC), shown::hex).map(drop)
}

pub(super) fn compressed(r: &mut FieldReader<'_>) -> Step {
    const RFC: &str = "RFC 8879, 4";
    r.u16(about("algorithm", "The algorithm of the compression.", RFC), names::certificate_compression)?;
    let says = "The length of the Certificate message after decompression. It protects the receiver from a small \
                message that fills its memory.";
    r.group(about("uncompressed_length", says, RFC), |r| r.length(3))?;
    let says = "The body of a Certificate message, compressed.";
    r.opaque(3, about("compressed_certificate_message", says, RFC), shown::hex).map(drop)
}
