//! Explains the headers of records, and the contents of all records but those with handshake messages.

use tls_session::bytes::Bytes;

use super::field_reader::{FieldReader, Step, about};
use super::handshake::Layout;
use super::names;
use super::shown;
use crate::{Content, Protection, Record, Sealed};

/// Explains type, version and length. These bytes are never encrypted. Before the version is known, they have the
/// names of TLS 1.3.
pub(super) fn header(r: &mut FieldReader<'_>, record: &Record) -> Step {
    let layout = Layout::of(record.version);
    let rfc = layout.choose("RFC 8446, 5.1", "RFC 5246, 6.2.1");
    let says = match record.is_encrypted() {
        false => "The type of the record.",
        true => layout.choose(
            "The visible type of the record. All encrypted records of TLS 1.3 have the type application_data. Their real \
             type is encrypted, after the content.",
            "The type of the record. TLS 1.2 encrypts the content but not the type, so any observer on the way can tell an \
             alert from application data.",
        ),
    };
    r.u8(about("type", says, rfc), names::content_type)?;
    let (name, says) = layout.choose(
        (
            "legacy_record_version",
            "Frozen since TLS 1.2: always TLS 1.2, or TLS 1.0 in a first ClientHello, because some old servers closed \
             the connection at newer numbers.",
        ),
        ("version", "The version that both ends have agreed on."),
    );
    r.u16(about(name, says, rfc), names::version)?;
    let says = "The number of bytes that follow. A record has at most 16 KiB of content.";
    r.u16(about("length", says, rfc), |length| Bytes(length).to_string()).map(drop)
}

/// Explains the content of a record.
pub(super) fn content(r: &mut FieldReader<'_>, record: &Record) -> Step {
    let layout = Layout::of(record.version);
    let mut shown: fn(&[u8]) -> String = shown::hex;
    let (name, says, rfc) = match &record.content {
        Content::Alert(_) => return alert(r, layout),
        Content::ChangeCipherSpec => return change_cipher_spec(r, layout),
        Content::ApplicationData(_) => {
            shown = |bytes| format!("{}: {}", Bytes(bytes.len()), shown::text(bytes));
            let says = "The data of the application. TLS does not interpret it.";
            ("application_data", says, layout.choose("RFC 8446, 5.1", "RFC 5246, 10"))
        }
        Content::Incomplete => (
            "incomplete",
            "The rest of this record did not arrive. Only a complete record can be checked and decrypted.",
            "",
        ),
        Content::Hidden => ("encrypted_record", hidden(record), "RFC 8446, 5.2"),
        Content::NotTls => {
            shown = shown::text;
            let says = "This is not a TLS record: the type, the version or the length does not exist.";
            ("not TLS", says, "RFC 8446, 5.1")
        }
        Content::Unprotected => {
            let says = "A handshake record in clear text, although its sender already encrypts. An attacker on the path \
                        can forge it. Its receiver has to refuse it with the alert unexpected_message.";
            ("unprotected handshake", says, "RFC 8446, 5")
        }
        Content::Handshake(_) | Content::Other(_) => {
            ("unknown", "TLS does not know this type, or does not allow this content.", "RFC 8446, 5.1")
        }
    };
    r.rest(about(name, says, rfc), shown).map(drop)
}

fn alert(r: &mut FieldReader<'_>, layout: Layout) -> Step {
    let (rfc, says) = layout.choose(
        ("RFC 8446, 6", "Says whether the session continues. TLS 1.3 ignores it: the description decides."),
        ("RFC 5246, 7.2", "Says whether the session continues. A fatal alert ends it, a warning may not."),
    );
    r.u8(about("level", says, rfc), names::level)?;
    r.u8(about("description", "The message of the alert.", rfc), names::alerts::alert).map(drop)
}

fn change_cipher_spec(r: &mut FieldReader<'_>, layout: Layout) -> Step {
    let (rfc, says) = layout.choose(
        (
            "RFC 8446, D.4",
            "It has no meaning in TLS 1.3. It makes the session look like a resumed session of TLS 1.2, because some \
             middleboxes block everything else.",
        ),
        ("RFC 5246, 7.1", "The sender encrypts everything after this with the new keys."),
    );
    r.u8(about("type", says, rfc), |number| format!("change_cipher_spec ({number})")).map(drop)
}

/// Says why the record could not be decrypted.
fn hidden(record: &Record) -> &'static str {
    match record.protection {
        Protection::Sealed(Sealed::NoSecret) => "Encrypted. This program does not know its secret.",
        Protection::Sealed(Sealed::DoesNotOpen) => {
            "Encrypted. The secret of this session does not open it: the record was changed on the way, or belongs to \
             another session."
        }
        Protection::Clear | Protection::Opened { .. } => "Unknown.",
    }
}
