//! Explains the key exchange of TLS 1.2: ServerKeyExchange and ClientKeyExchange. TLS 1.3 has key_share instead.
//!
//! The cipher suite, which these messages do not have, decides their form. If it is not known, their first byte tells ECDHE
//! from most other key exchanges. A long prime of DHE has the same first byte.

use super::field_reader::{FieldReader, Step, about};
use super::{Mark, names, shown};
use crate::suite::KeyExchange;

/// `named_curve`, the only type of curve that is still allowed (RFC 8422, 5.4).
pub(super) const NAMED_CURVE: u8 = 3;

pub(super) fn server(r: &mut FieldReader<'_>) -> Step {
    match r.known.choices.key_exchange() {
        Some(KeyExchange::Ecdhe) | None if r.left().first() == Some(&NAMED_CURVE) => server_ecdhe(r),
        Some(KeyExchange::Dhe) => server_dhe(r),
        _ => other(r),
    }
}

fn server_ecdhe(r: &mut FieldReader<'_>) -> Step {
    const RFC: &str = "RFC 8422, 5.4";
    let says = "The curve has a standard name. Other kinds of curves are forbidden.";
    r.u8(about("curve_type", says, RFC), names::curve_type)?;
    r.u16(
        about("namedcurve", "The curve. The client has offered it in supported_groups.", RFC),
        names::group,
    )?;
    r.opaque(1, about("public", SERVER_PUBLIC, RFC), shown::hex)?;
    signature(
        r,
        "It signs both randoms, the curve and the public key, with the certificate's key. This proves that the public \
         key comes from the certificate's owner, and that it was made for this session.",
    )
}

fn server_dhe(r: &mut FieldReader<'_>) -> Step {
    let says = "The prime, which the server chooses. All calculations are remainders after a division by it.";
    r.opaque(2, about("dh_p", says, SERVER), shown::hex)?;
    let says = "The generator. Both ends raise it to the power of their private key.";
    r.opaque(2, about("dh_g", says, SERVER), shown::hex)?;
    r.opaque(2, about("dh_Ys", SERVER_PUBLIC, SERVER), shown::hex)?;
    signature(
        r,
        "It signs both randoms and all fields before the algorithm, with the certificate's key. This proves that the \
         public key comes from the certificate's owner, and that it was made for this session.",
    )
}

fn signature(r: &mut FieldReader<'_>, signed: &'static str) -> Step {
    let says = "The algorithm of the signature. The client has offered it in signature_algorithms.";
    r.u16(about("algorithm", says, SERVER), names::scheme)?;
    r.opaque(2, about("signature", signed, SERVER), shown::hex)?;
    r.mark_if(r.known.is_wrong_signature, Mark::WrongSignature);
    Ok(())
}

/// Explains a ClientKeyExchange. Without the suite, the length prefix tells a point on a curve from other forms, which have
/// longer prefixes.
pub(super) fn client(r: &mut FieldReader<'_>) -> Step {
    let is_point = r.left().split_first().is_some_and(|(length, point)| usize::from(*length) == point.len());
    let (width, name, says, rfc) = match r.known.choices.key_exchange() {
        Some(KeyExchange::Ecdhe) => (1, "ecdh_Yc", CLIENT_PUBLIC, "RFC 8422, 5.7"),
        None if is_point => (1, "ecdh_Yc", CLIENT_PUBLIC, "RFC 8422, 5.7"),
        Some(KeyExchange::Dhe) => (2, "dh_Yc", CLIENT_PUBLIC, "RFC 5246, 7.4.7.2"),
        Some(KeyExchange::Rsa) => (2, "EncryptedPreMasterSecret", ENCRYPTED, "RFC 5246, 7.4.7.1"),
        Some(KeyExchange::Other) | None => return other(r),
    };
    r.opaque(width, about(name, says, rfc), shown::hex).map(drop)
}

/// The section of ServerKeyExchange.
const SERVER: &str = "RFC 5246, 7.4.3";

const SERVER_PUBLIC: &str = "The server's public key, which should be new in each session. Then the certificate's key \
                             does not decrypt a recorded session (forward secrecy).";

const CLIENT_PUBLIC: &str = "The client's public key, which should be new in each session. Each end computes the same \
                             secret from its own private key and the other's public key. The secret never crosses the \
                             wire.";

const ENCRYPTED: &str = "The secret, which the client has chosen and encrypted with the key of the server's certificate. \
                         A thief of this key can decrypt a recorded session.";

fn other(r: &mut FieldReader<'_>) -> Step {
    let says = "A key exchange that is not explained here.";
    r.rest(about("exchange_keys", says, "RFC 5246, 7.4.3; 7.4.7"), shown::hex)?;
    Ok(())
}
