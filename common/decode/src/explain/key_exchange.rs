//! Explains the key exchange of TLS 1.2: ServerKeyExchange and ClientKeyExchange. TLS 1.3 has key_share instead.

use super::field_reader::{FieldReader, Step, about};
use super::{names, shown};

/// `named_curve`, the only type of curve that is still allowed.
const NAMED_CURVE: u8 = 3;

pub(super) fn server(r: &mut FieldReader<'_>) -> Step {
    const RFC: &str = "RFC 8422, 5.4";
    if r.left().first() != Some(&NAMED_CURVE) {
        return not_ecdhe(r);
    }
    let says = "The curve has a standard name. Other kinds of curves are forbidden.";
    r.u8(about("curve_type", says, RFC), names::curve_type)?;
    r.u16(
        about("namedcurve", "The curve. The client has offered it in supported_groups.", RFC),
        names::group,
    )?;
    let says = "The server's public key, which should be new in each session. Then nobody can decrypt a recorded \
                session, even with the certificate's key (forward secrecy).";
    r.opaque(1, about("public", says, RFC), shown::hex)?;
    let says = "The algorithm of the signature. The client has offered it in signature_algorithms.";
    r.u16(about("algorithm", says, "RFC 5246, 7.4.3"), names::scheme)?;
    let says = "It signs both randoms, the curve and the public key, with the certificate's key. This proves that the \
                public key comes from the certificate's owner, and that it was made for this session.";
    r.opaque(2, about("signature", says, "RFC 5246, 7.4.3"), shown::hex).map(drop)
}

/// Explains a ClientKeyExchange. The cipher suite, which this message does not have, decides its form. The length
/// prefix tells a point on a curve from other forms, which have longer prefixes.
pub(super) fn client(r: &mut FieldReader<'_>) -> Step {
    let is_point = r.left().split_first().is_some_and(|(length, point)| usize::from(*length) == point.len());
    if !is_point {
        return not_ecdhe(r);
    }
    let says = "The client's public key, which should be new in each session. Each end computes the same secret from \
                its own private key and the other's public key. The secret never crosses the wire.";
    r.opaque(1, about("ecdh_Yc", says, "RFC 8422, 5.7"), shown::hex).map(drop)
}

fn not_ecdhe(r: &mut FieldReader<'_>) -> Step {
    let says = "A key exchange without a named curve: RSA, or Diffie-Hellman in a finite field.";
    r.rest(about("exchange_keys", says, "RFC 5246, 7.4.3; 7.4.7"), shown::hex)?;
    Ok(())
}
