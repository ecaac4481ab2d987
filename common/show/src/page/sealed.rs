//! The fields of an encrypted record after its header: nonce, ciphertext and tag.

use std::borrow::Cow;
use std::ops::Range;

use rustls::ProtocolVersion;

use super::blocks::around;
use super::rows::Drawn;
use decode::explain::Field;
use decode::{HEADER, Sealing, hex};

/// Returns the fields in the order of their bytes. Their ranges are those of the whole record, although the page may have
/// only its beginning.
pub(super) fn fields(drawn: &Drawn) -> Vec<Field> {
    let Some(sealing) = drawn.record.sealing else {
        return vec![ciphertext(HEADER..drawn.wire.max(HEADER), "")];
    };
    let (record_rfc, nonce_rfc) = match drawn.record.version {
        Some(ProtocolVersion::TLSv1_3) => ("RFC 8446, 5.2", "RFC 8446, 5.3"),
        _ if sealing.explicit_nonce > 0 => ("RFC 5246, 6.2.3.3", "RFC 5288, 3"),
        _ => ("RFC 5246, 6.2.3.3", "RFC 7905, 2"),
    };
    let begin = HEADER + sealing.explicit_nonce;
    let end = drawn.wire.saturating_sub(sealing.tag).max(begin);
    let tag = Field {
        value: hex(&drawn.tag),
        says: Cow::Borrowed(
            "The authentication tag is computed from the key, the nonce, the header and the ciphertext. If anybody changes \
             one bit of these, the tag does not match, and the receiver ends the session with bad_record_mac.",
        ),
        rfc: record_rfc,
        ..around("tag", end..drawn.wire.max(end), Vec::new())
    };
    vec![nonce(drawn, sealing, nonce_rfc), ciphertext(begin..end, record_rfc), tag]
}

fn ciphertext(range: Range<usize>, rfc: &'static str) -> Field {
    Field {
        says: Cow::Borrowed("Without the key these bytes look random."),
        rfc,
        ..around("ciphertext", range, Vec::new())
    }
}

/// Returns the field of the nonce. A key must never be used twice with the same nonce.
fn nonce(drawn: &Drawn, sealing: Sealing, rfc: &'static str) -> Field {
    let range = HEADER..HEADER + sealing.explicit_nonce;
    if range.is_empty() {
        return Field {
            value: format!("computed from the number {}", sealing.sequence),
            says: Cow::Borrowed(
                "The nonce makes the encryption of each record different. It is not sent. Both ends count the records under \
                 a key from 0, and combine this number with a secret that was derived together with the key.",
            ),
            rfc,
            ..around("nonce", range, Vec::new())
        };
    }
    Field {
        value: hex(drawn.record.wire.get(range.clone()).unwrap_or_default()),
        says: Cow::Borrowed(
            "The part of the nonce that is sent. The nonce makes the encryption of each record different. Its first four \
             bytes are secret. They were derived together with the key.",
        ),
        rfc,
        ..around("nonce_explicit", range, Vec::new())
    }
}
