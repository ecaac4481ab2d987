//! The key exchange of TLS 1.2: ServerKeyExchange and ClientKeyExchange. In TLS 1.3 it is in key_share.

use super::field_reader::{FieldReader, Prefix, Step, about};
use super::{names, shown};

/// `named_curve`, the only type of curve that is left.
const NAMED_CURVE: u8 = 3;

pub(super) fn server(r: &mut FieldReader<'_>) -> Step {
    const RFC: &str = "RFC 8422, 5.4";
    if r.left().first() != Some(&NAMED_CURVE) {
        return not_ecdhe(r);
    }
    let says = "The curve is one that has a name; curves that the server describes itself are forbidden.";
    r.u8(about("curve_type", says, RFC), names::curve_type)?;
    r.u16(about("namedcurve", "The curve: one that the client has in supported_groups.", RFC), names::group)?;
    let says = "The server's public key, meant to be new in each session: who gets hold of the certificate's \
                key later cannot read what was recorded (forward secrecy).";
    r.opaque(Prefix::One, about("public", says, RFC), shown::hex)?;
    let says = "How it is signed: one of the client's signature_algorithms.";
    r.u16(about("algorithm", says, "RFC 5246, 7.4.3"), names::scheme)?;
    let says = "Over both randoms, the curve and the public key, with the key of the certificate: the public \
                key comes from who the certificate names, and is not an old one.";
    r.opaque(Prefix::Two, about("signature", says, "RFC 5246, 7.4.3"), shown::hex)?;
    Ok(())
}

/// The suite decides which key exchange it is, and the message does not name the suite: the length tells a point on a
/// curve from the longer lengths of others.
pub(super) fn client(r: &mut FieldReader<'_>) -> Step {
    let is_point = r.left().split_first().is_some_and(|(length, point)| usize::from(*length) == point.len());
    if !is_point {
        return not_ecdhe(r);
    }
    let says = "The client's public key, meant to be new in each session; with it and its own key each end \
                computes the same secret, which never crosses the wire.";
    r.opaque(Prefix::One, about("ecdh_Yc", says, "RFC 8422, 5.7"), shown::hex)?;
    Ok(())
}

fn not_ecdhe(r: &mut FieldReader<'_>) -> Step {
    let says = "A key exchange without a named curve: RSA, or Diffie-Hellman in a finite field.";
    r.rest(about("exchange_keys", says, "RFC 5246, 7.4.3; 7.4.7"), shown::hex)?;
    Ok(())
}
