//! Encrypted Client Hello (RFC 9849).

use super::In;
use crate::explain::field_reader::{FieldReader, Prefix, Step, about};
use crate::explain::names::{self, extensions::extension_type};
use crate::explain::shown;

/// In a ClientHello the inner one, encrypted; in a HelloRetryRequest a proof that it was read; in EncryptedExtensions
/// the keys to try again with.
pub(super) fn encrypted_client_hello(r: &mut FieldReader<'_>, place: In) -> Step {
    match place {
        In::ClientHello => hello(r),
        In::HelloRetryRequest => {
            let says = "By this the client sees that the server has read the inner ClientHello.";
            r.bytes(8, about("confirmation", says, "RFC 9849, 7.2.1"), shown::hex).map(drop)
        }
        _ => {
            let says = "The server could not read the inner ClientHello; with these keys it could.";
            r.vector(Prefix::Two, about("retry_configs", says, "RFC 9849, 5"), |r| r.list(configuration))
        }
    }
}

fn hello(r: &mut FieldReader<'_>) -> Step {
    let says = "Whether this ClientHello is the one that everybody sees, or the one inside it.";
    let kind = r.u8(about("type", says, "RFC 9849, 5"), names::client_hello_kind)?;
    if kind != 0 {
        return Ok(());
    }
    r.u16("kdf_id", names::kdf)?;
    r.u16("aead_id", names::aead)?;
    let says =
        "Which of the server's keys was used; a random number if the client has none and only pretends.";
    r.u8(about("config_id", says, ""), |id| id.to_string())?;
    let says = "From this the server computes the key (HPKE); empty in a second ClientHello.";
    r.opaque(Prefix::Two, about("enc", says, "RFC 9180, 4"), shown::hex)?;
    let says = "The inner ClientHello, encrypted; or noise that cannot be told from one (GREASE), so that \
                the real ones do not stand out.";
    r.opaque(Prefix::Two, about("payload", says, "RFC 9849, 6.2"), shown::hex)?;
    Ok(())
}

fn configuration(r: &mut FieldReader<'_>) -> Step {
    r.group(about("ECHConfig", "", "RFC 9849, 4"), |r| {
        let version = r.u16("version", |version| format!("0x{version:04x}"))?;
        let length = r.length(Prefix::Two)?;
        r.within(length, |r| if version == 0xfe0d { contents(r) } else { super::unknown(r) })
    })
}

fn contents(r: &mut FieldReader<'_>) -> Step {
    r.u8("config_id", |id| id.to_string())?;
    r.u16("kem_id", names::kem)?;
    r.opaque(Prefix::Two, "public_key", shown::hex)?;
    r.vector(Prefix::Two, "cipher_suites", |r| {
        r.list(|r| {
            r.group("HpkeSymmetricCipherSuite", |r| {
                r.u16("kdf_id", names::kdf)?;
                r.u16("aead_id", names::aead)
            })
        })
    })?;
    let says = "To how many bytes names are padded.";
    r.u8(about("maximum_name_length", says, ""), |length| shown::count(usize::from(length), "byte"))?;
    let says = "The name that everybody sees instead of the real one.";
    r.opaque(Prefix::One, about("public_name", says, ""), shown::text)?;
    r.vector(Prefix::Two, "extensions", |r| {
        r.list(|r| {
            r.group("ECHConfigExtension", |r| {
                r.u16("type", |number| format!("0x{number:04x}"))?;
                r.opaque(Prefix::Two, "data", shown::hex)
            })
        })
    })
}

pub(super) fn outer_extensions(r: &mut FieldReader<'_>) -> Step {
    r.codes(Prefix::One, "outer_extensions", "outer_extension", extension_type)
}
