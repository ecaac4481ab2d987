//! Records: the header, and what is in those that hold no handshake messages.

use super::names;
use super::reader::{Meaning, Reader, Step, about};
use super::shown;
use crate::decode::{Content, Protection, Record, Sealed};

/// Type, version, length: the only bytes of a record that are never encrypted.
pub(super) fn header(r: &mut Reader<'_>, record: &Record) -> Step {
    let says = match record.protection {
        Protection::Clear => "What is in the record.",
        Protection::Opened { .. } | Protection::Sealed(_) => {
            "What is in the record, as far as everybody may know: encrypted records of TLS 1.3 all call \
             themselves application data, and their real type is inside the encryption, behind the content."
        }
    };
    r.u8(about("type", says, "RFC 8446, 5.1"), names::content_type)?;
    let says = "Frozen since TLS 1.2: TLS 1.2 whatever is spoken, or TLS 1.0 in a first ClientHello, because \
                there were servers that hung up on anything newer.";
    r.u16(about("legacy_record_version", says, "RFC 8446, 5.1"), names::version)?;
    let says = "How many bytes follow; more than 16 KiB of content never fit in a record.";
    r.u16(about("length", says, "RFC 8446, 5.1"), |length| shown::count(usize::from(length), "byte"))?;
    Ok(())
}

/// What is behind the header, or was inside the encryption.
pub(super) fn content(r: &mut Reader<'_>, record: &Record) -> Step {
    match &record.content {
        Content::Alert(_) => alert(r),
        Content::ChangeCipherSpec => change_cipher_spec(r),
        Content::ApplicationData(_) => application_data(r),
        Content::Hidden => opaque(r, "encrypted_record", hidden(record), "RFC 8446, 5.2"),
        Content::NotTls => not_tls(r),
        Content::Handshake(_) | Content::Other(_) => {
            opaque(r, "unknown", "Nothing that TLS knows, or nothing that it allows here.", "RFC 8446, 5.1")
        }
    }
}

fn opaque(r: &mut Reader<'_>, name: &'static str, says: &'static str, rfc: &'static str) -> Step {
    r.rest(about(name, says, rfc), shown::hex)?;
    Ok(())
}

fn not_tls(r: &mut Reader<'_>) -> Step {
    let says = "This is no record of TLS: there is no such type, version or length.";
    r.rest(about("not TLS", says, "RFC 8446, 5.1"), shown::text)?;
    Ok(())
}

fn alert(r: &mut Reader<'_>) -> Step {
    let says = "Whether the session goes on; TLS 1.3 does not look at this, the description decides.";
    r.u8(about("level", says, "RFC 8446, 6"), names::level)?;
    r.u8(about("description", "What the sender has to say.", "RFC 8446, 6"), names::alerts::alert)?;
    Ok(())
}

fn change_cipher_spec(r: &mut Reader<'_>) -> Step {
    let says = "In TLS 1.2: what follows is encrypted. In TLS 1.3 it means nothing, and is there so that \
                middleboxes believe that they see TLS 1.2 resuming a session.";
    let value = |number: u8| format!("change_cipher_spec ({number})");
    r.u8(about("type", says, "RFC 5246, 7.1; RFC 8446, D.4"), value)?;
    Ok(())
}

fn application_data(r: &mut Reader<'_>) -> Step {
    let says = "What the application said; TLS does not look into it.";
    let beginning = |bytes: &[u8]| -> Meaning {
        let text = shown::text(bytes);
        format!("{}: {text}", shown::count(bytes.len(), "byte")).into()
    };
    r.rest(about("application_data", says, "RFC 8446, 5.1"), beginning)?;
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
