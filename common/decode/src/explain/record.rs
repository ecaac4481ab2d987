//! Explains the headers of records, and the contents of all records but those with handshake messages.

use super::field_reader::{FieldReader, Meaning, Step, about};
use super::handshake::Layout;
use super::names;
use super::shown;
use crate::{Content, Protection, Record, Sealed};

/// Explains type, version and length. These bytes are never encrypted.
pub(super) fn header(r: &mut FieldReader<'_>, record: &Record) -> Step {
    match Layout::of(record.version) {
        Layout::Tls12 => header12(r, record),
        Layout::Tls13 => header13(r, record),
    }
}

/// Explains the header of a record in TLS 1.3, or before the version is known.
fn header13(r: &mut FieldReader<'_>, record: &Record) -> Step {
    const RFC: &str = "RFC 8446, 5.1";
    let says = if record.is_encrypted() {
        "The visible type of the record. All encrypted records of TLS 1.3 have the type application_data. Their real type \
         is encrypted, after the content."
    } else {
        "The type of the record."
    };
    r.u8(about("type", says, RFC), names::content_type)?;
    let says = "Frozen since TLS 1.2: always TLS 1.2, or TLS 1.0 in a first ClientHello, because some old servers \
                closed the connection at newer numbers.";
    r.u16(about("legacy_record_version", says, RFC), names::version)?;
    let says = "The number of bytes that follow. A record has at most 16 KiB of content.";
    r.u16(about("length", says, RFC), |length| shown::count(usize::from(length), "byte"))?;
    Ok(())
}

fn header12(r: &mut FieldReader<'_>, record: &Record) -> Step {
    const RFC: &str = "RFC 5246, 6.2.1";
    let says = if record.is_encrypted() {
        "The type of the record. TLS 1.2 encrypts the content but not the type, so anybody on the way can tell an alert \
         from application data."
    } else {
        "The type of the record."
    };
    r.u8(about("type", says, RFC), names::content_type)?;
    r.u16(about("version", "The version that both ends have agreed on.", RFC), names::version)?;
    let says = "The number of bytes that follow. A record has at most 16 KiB of content.";
    r.u16(about("length", says, RFC), |length| shown::count(usize::from(length), "byte"))?;
    Ok(())
}

/// Explains the content of a record.
pub(super) fn content(r: &mut FieldReader<'_>, record: &Record) -> Step {
    match &record.content {
        Content::Alert(_) => alert(r, Layout::of(record.version)),
        Content::ChangeCipherSpec => change_cipher_spec(r, Layout::of(record.version)),
        Content::ApplicationData(_) => application_data(r, Layout::of(record.version)),
        Content::Incomplete => incomplete(r),
        Content::Hidden => opaque(r, "encrypted_record", hidden(record), "RFC 8446, 5.2"),
        Content::NotTls => not_tls(r),
        Content::Handshake(_) | Content::Other(_) => opaque(
            r,
            "unknown",
            "TLS does not know this type, or does not allow this content.",
            "RFC 8446, 5.1",
        ),
    }
}

fn opaque(r: &mut FieldReader<'_>, name: &'static str, says: &'static str, rfc: &'static str) -> Step {
    r.rest(about(name, says, rfc), shown::hex)?;
    Ok(())
}

fn not_tls(r: &mut FieldReader<'_>) -> Step {
    let says = "This is not a TLS record: the type, the version or the length does not exist.";
    r.rest(about("not TLS", says, "RFC 8446, 5.1"), shown::text)?;
    Ok(())
}

fn incomplete(r: &mut FieldReader<'_>) -> Step {
    let says = "The rest of this record did not arrive. Only a complete record can be checked and decrypted.";
    r.rest(about("incomplete", says, ""), shown::hex)?;
    Ok(())
}

fn alert(r: &mut FieldReader<'_>, layout: Layout) -> Step {
    let (rfc, says) = match layout {
        Layout::Tls13 => (
            "RFC 8446, 6",
            "Says whether the session continues. TLS 1.3 ignores it: the description decides.",
        ),
        Layout::Tls12 => {
            ("RFC 5246, 7.2", "Says whether the session continues. A fatal alert ends it, a warning may not.")
        }
    };
    r.u8(about("level", says, rfc), names::level)?;
    r.u8(about("description", "The message of the alert.", rfc), names::alerts::alert)?;
    Ok(())
}

fn change_cipher_spec(r: &mut FieldReader<'_>, layout: Layout) -> Step {
    let (rfc, says) = match layout {
        Layout::Tls13 => (
            "RFC 8446, D.4",
            "It has no meaning in TLS 1.3. It makes the session look like a resumed session of TLS 1.2, because some \
             middleboxes block everything else.",
        ),
        Layout::Tls12 => ("RFC 5246, 7.1", "The sender encrypts everything after this with the new keys."),
    };
    let value = |number: u8| format!("change_cipher_spec ({number})");
    r.u8(about("type", says, rfc), value)?;
    Ok(())
}

fn application_data(r: &mut FieldReader<'_>, layout: Layout) -> Step {
    let says = "The data of the application. TLS does not interpret it.";
    let beginning = |bytes: &[u8]| -> Meaning {
        let text = shown::text(bytes);
        format!("{}: {text}", shown::count(bytes.len(), "byte")).into()
    };
    let rfc = match layout {
        Layout::Tls13 => "RFC 8446, 5.1",
        Layout::Tls12 => "RFC 5246, 10",
    };
    r.rest(about("application_data", says, rfc), beginning)?;
    Ok(())
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
