//! Records: the header, and what is in those that hold no handshake messages.

use super::field_reader::{FieldReader, Meaning, Step, about};
use super::handshake::Layout;
use super::names;
use super::shown;
use crate::{Content, Protection, Record, Sealed};

/// Type, version, length: the only bytes of a record that are never encrypted.
pub(super) fn header(r: &mut FieldReader<'_>, record: &Record) -> Step {
    match Layout::of(record.version) {
        Layout::Tls12 => header12(r, record),
        Layout::Tls13 => header13(r, record),
    }
}

/// In TLS 1.3, and as long as no version is agreed upon.
fn header13(r: &mut FieldReader<'_>, record: &Record) -> Step {
    const RFC: &str = "RFC 8446, 5.1";
    let says = if record.is_encrypted() {
        "What is in the record, as far as everybody may know: encrypted records of TLS 1.3 all call themselves \
         application data, and their real type is inside the encryption, behind the content."
    } else {
        "What is in the record."
    };
    r.u8(about("type", says, RFC), names::content_type)?;
    let says = "Frozen since TLS 1.2: TLS 1.2 whatever is spoken, or TLS 1.0 in a first ClientHello, because \
                there were servers that hung up on anything newer.";
    r.u16(about("legacy_record_version", says, RFC), names::version)?;
    let says = "How many bytes follow; more than 16 KiB of content never fit in a record.";
    r.u16(about("length", says, RFC), |length| shown::count(usize::from(length), "byte"))?;
    Ok(())
}

fn header12(r: &mut FieldReader<'_>, record: &Record) -> Step {
    const RFC: &str = "RFC 5246, 6.2.1";
    let says = if record.is_encrypted() {
        "What is in the record. TLS 1.2 encrypts the content, and not its type: anybody on the way can tell an \
         alert from application data."
    } else {
        "What is in the record."
    };
    r.u8(about("type", says, RFC), names::content_type)?;
    r.u16(about("version", "The version that the two have agreed on.", RFC), names::version)?;
    let says = "How many bytes follow; more than 16 KiB of content never fit in a record.";
    r.u16(about("length", says, RFC), |length| shown::count(usize::from(length), "byte"))?;
    Ok(())
}

/// What is behind the header, or was inside the encryption.
pub(super) fn content(r: &mut FieldReader<'_>, record: &Record) -> Step {
    match &record.content {
        Content::Alert(_) => alert(r, Layout::of(record.version)),
        Content::ChangeCipherSpec => change_cipher_spec(r, Layout::of(record.version)),
        Content::ApplicationData(_) => application_data(r, Layout::of(record.version)),
        Content::Incomplete => incomplete(r),
        Content::Hidden => opaque(r, "encrypted_record", hidden(record), "RFC 8446, 5.2"),
        Content::NotTls => not_tls(r),
        Content::Handshake(_) | Content::Other(_) => {
            opaque(r, "unknown", "Nothing that TLS knows, or nothing that it allows here.", "RFC 8446, 5.1")
        }
    }
}

fn opaque(r: &mut FieldReader<'_>, name: &'static str, says: &'static str, rfc: &'static str) -> Step {
    r.rest(about(name, says, rfc), shown::hex)?;
    Ok(())
}

fn not_tls(r: &mut FieldReader<'_>) -> Step {
    let says = "This is no record of TLS: there is no such type, version or length.";
    r.rest(about("not TLS", says, "RFC 8446, 5.1"), shown::text)?;
    Ok(())
}

fn incomplete(r: &mut FieldReader<'_>) -> Step {
    let says =
        "The rest of this record never came. A record can be neither checked nor opened before it is whole.";
    r.rest(about("incomplete", says, ""), shown::hex)?;
    Ok(())
}

fn alert(r: &mut FieldReader<'_>, layout: Layout) -> Step {
    let (rfc, says) = match layout {
        Layout::Tls13 => (
            "RFC 8446, 6",
            "Whether the session goes on; TLS 1.3 does not look at this, the description decides.",
        ),
        Layout::Tls12 => {
            ("RFC 5246, 7.2", "Whether the session goes on: a fatal alert ends it, and a warning need not.")
        }
    };
    r.u8(about("level", says, rfc), names::level)?;
    r.u8(about("description", "What the sender has to say.", rfc), names::alerts::alert)?;
    Ok(())
}

fn change_cipher_spec(r: &mut FieldReader<'_>, layout: Layout) -> Step {
    let (rfc, says) = match layout {
        Layout::Tls13 => (
            "RFC 8446, D.4",
            "It means nothing in TLS 1.3. It is there so that middleboxes believe that they see TLS 1.2 resuming a \
             session.",
        ),
        Layout::Tls12 => {
            ("RFC 5246, 7.1", "All that the sender says from here on is encrypted with the new keys.")
        }
    };
    let value = |number: u8| format!("change_cipher_spec ({number})");
    r.u8(about("type", says, rfc), value)?;
    Ok(())
}

fn application_data(r: &mut FieldReader<'_>, layout: Layout) -> Step {
    let says = "What the application said; TLS does not look into it.";
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

/// Why the record stays closed.
fn hidden(record: &Record) -> &'static str {
    match record.protection {
        Protection::Sealed(Sealed::NoSecret) => "Encrypted, and this program was not told the secret of it.",
        Protection::Sealed(Sealed::DoesNotOpen) => {
            "Encrypted, and it does not open with the secret that belongs here: it was changed, or is of \
             another session."
        }
        Protection::Clear | Protection::Opened { .. } => "Nobody knows what this is.",
    }
}
