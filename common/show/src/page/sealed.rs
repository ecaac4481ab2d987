//! The fields of an encrypted record: sequence number, nonce, ciphertext and tag; and after decryption the content, its
//! type and the padding.

use std::borrow::Cow;
use std::ops::Range;

use super::blocks::{Block, around};
use super::rows::Drawn;
use decode::explain::Field;
use decode::{HEADER, Protection, Sealing, content_type_name, hex};

/// The most zeros of a padding that are shown as bytes.
const PADDING: usize = 64;

/// Returns the fields in the order of their bytes. Their ranges are those of the whole record, although the page may have
/// only its beginning.
pub(super) fn fields(drawn: &Drawn) -> Vec<Field> {
    let Some(sealing) = drawn.record.sealing else {
        return vec![ciphertext(HEADER..drawn.wire.max(HEADER), "")];
    };
    let (record_rfc, nonce_rfc) = match drawn.record.is_sealed_by_tls13() {
        true => ("RFC 8446, 5.2", "RFC 8446, 5.3"),
        _ if sealing.explicit_nonce > 0 => ("RFC 5246, 6.2.3.3", "RFC 5288, 3"),
        _ => ("RFC 5246, 6.2.3.3", "RFC 7905, 2"),
    };
    let begin = HEADER + sealing.explicit_nonce;
    let end = drawn.wire.saturating_sub(sealing.tag).max(begin);
    let tag = Field {
        value: hex(&drawn.tag),
        says: Cow::Borrowed(
            "The authentication tag is computed from the key, the nonce, the header and the ciphertext. If an attacker changes \
             one bit of these, the tag does not match, and the receiver ends the session with bad_record_mac.",
        ),
        rfc: record_rfc,
        ..around("tag", end..drawn.wire.max(end), Vec::new())
    };
    let sequence = sequence(sealing, nonce_rfc);
    vec![sequence, nonce(drawn, sealing, nonce_rfc), ciphertext(begin..end, record_rfc), tag]
}

/// Returns the block of the decrypted bytes. `inside` has the fields of the content. In TLS 1.3 the type and the padding
/// follow the content.
pub(super) fn decrypted<'a>(drawn: &'a Drawn, mut inside: Vec<Field>) -> Block<'a> {
    let record = &drawn.record;
    let (title, content) = ("Decrypted".to_owned(), record.payload());
    let padding = match record.protection {
        Protection::Opened { padding, .. } if record.is_sealed_by_tls13() => padding,
        _ => return Block { title, bytes: Cow::Borrowed(content), whole: drawn.payload, fields: inside },
    };
    let kind = record.content.kind().unwrap_or_else(|| record.outer_type());
    let at = drawn.payload;
    let whole = at + 1 + padding;
    inside.push(Field {
        value: format!("{} ({})", content_type_name(kind).unwrap_or("unknown"), u8::from(kind)),
        says: Cow::Borrowed(
            "The real type of this record. It is encrypted with the content, so no observer on the way can tell a handshake \
             message from data. The header always says application_data.",
        ),
        rfc: "RFC 8446, 5.2",
        ..around("content type", at..at + 1, Vec::new())
    });
    inside.push(Field {
        value: if padding == 0 { "none".to_owned() } else { format!("{padding} zeros") },
        says: Cow::Borrowed(
            "Zeros that hide the length of the content. The receiver searches from the end for the first byte that is \
             not zero: that is the type.",
        ),
        rfc: "RFC 8446, 5.4",
        ..around("padding", at + 1..whole, Vec::new())
    });
    let mut bytes = Cow::Borrowed(content);
    if content.len() == drawn.payload {
        let bytes = bytes.to_mut();
        bytes.push(u8::from(kind));
        bytes.resize(bytes.len() + padding.min(PADDING), 0);
    }
    Block { title, bytes, whole, fields: inside }
}

/// Returns the field of the sequence number. It has no bytes.
fn sequence(sealing: Sealing, rfc: &'static str) -> Field {
    Field {
        value: sealing.sequence.to_string(),
        says: Cow::Borrowed(
            "Not sent. Both ends count the records under a key from 0. If an attacker drops, repeats or reorders a record, \
             the two counts differ, and the next tag does not match.",
        ),
        rfc,
        ..around("sequence number", HEADER..HEADER, Vec::new())
    }
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
                "The nonce makes the encryption of each record different. It is not sent: both ends XOR the sequence \
                 number into the IV, a secret that was derived together with the key.",
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
