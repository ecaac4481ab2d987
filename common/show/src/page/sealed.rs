//! What stands behind the header of an encrypted record: nonce, ciphertext, tag.

use std::borrow::Cow;
use std::ops::Range;

use rustls::ProtocolVersion;

use super::bytes::around;
use super::story::Drawn;
use decode::explain::Field;
use decode::{HEADER, Sealing};

/// Returns the fields in the order of their bytes. The ranges are those of the whole record, of which the page may hold
/// only the beginning.
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
            "The authentication tag is made of the key, the nonce, the header and the ciphertext. If anybody changes \
             one bit of these, the tag does not fit, and the receiver ends the session with bad_record_mac.",
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

/// The same key must never meet the same nonce twice.
fn nonce(drawn: &Drawn, sealing: Sealing, rfc: &'static str) -> Field {
    let range = HEADER..HEADER + sealing.explicit_nonce;
    if range.is_empty() {
        return Field {
            value: format!("made of the number {}", sealing.sequence),
            says: Cow::Borrowed(
                "The nonce makes the encryption of each record unlike any other. It is not sent: both ends count the \
                 records under a key, from 0, and combine this number with a secret that was made along with the key.",
            ),
            rfc,
            ..around("nonce", range, Vec::new())
        };
    }
    Field {
        value: hex(drawn.record.wire.get(range.clone()).unwrap_or_default()),
        says: Cow::Borrowed(
            "The part of the nonce that is sent. The nonce makes the encryption of each record unlike any other. Its \
             first four bytes are secret: they were made along with the key.",
        ),
        rfc,
        ..around("nonce_explicit", range, Vec::new())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
