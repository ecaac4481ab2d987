//! Extensions of Encrypted Client Hello (RFC 9849).

use tls_session::bytes::Bytes;

use super::In;
use crate::explain::field_reader::{FieldReader, Step, about};
use crate::explain::names;
use crate::explain::shown;

/// Explains encrypted_client_hello. A ClientHello has the encrypted inner hello. A HelloRetryRequest proves that the
/// server has read it. EncryptedExtensions have the keys for another try.
pub(super) fn encrypted_client_hello(r: &mut FieldReader<'_>, place: In) -> Step {
    match place {
        In::ClientHello => hello(r),
        In::HelloRetryRequest => {
            let says = "It proves that the server has read the inner ClientHello.";
            r.bytes(8, about("confirmation", says, "RFC 9849, 7.2.1"), shown::hex).map(drop)
        }
        _ => {
            let says = "The server could not decrypt the inner ClientHello. The client should use these keys instead. \
                        A client that only pretends (GREASE) ignores them.";
            r.vector(2, about("retry_configs", says, "RFC 9849, 5"), |r| r.list(configuration))
        }
    }
}

fn hello(r: &mut FieldReader<'_>) -> Step {
    let says = "Says whether this is the outer ClientHello, which any observer sees, or the inner one.";
    let kind = r.u8(about("type", says, "RFC 9849, 5"), names::client_hello_kind)?;
    if kind != 0 {
        return Ok(());
    }
    r.u16("kdf_id", names::kdf)?;
    r.u16("aead_id", names::aead)?;
    let says =
        "The server's key that the client used. It is a random number if the client only pretends (GREASE).";
    r.u8(about("config_id", says, ""), |id| id.to_string())?;
    let says = "The server computes the key from this (HPKE). Empty in a second ClientHello, unless the client only \
                pretends: then the second extension is the same as the first.";
    r.opaque(2, about("enc", says, "RFC 9180, 4"), shown::hex)?;
    let says = "The encrypted inner ClientHello, or random bytes (GREASE). No observer on the way can tell them apart, so \
                that real ones do not attract attention. mio-client only sends random ones.";
    r.opaque(2, about("payload", says, "RFC 9849, 6.2"), shown::hex).map(drop)
}

fn configuration(r: &mut FieldReader<'_>) -> Step {
    r.group(about("ECHConfig", "", "RFC 9849, 4"), |r| {
        let version = r.u16("version", |version| format!("0x{version:04x}"))?;
        let length = r.length(2)?;
        r.within(length, |r| if version == 0xfe0d { contents(r) } else { super::unknown(r) })
    })
}

fn contents(r: &mut FieldReader<'_>) -> Step {
    r.u8("config_id", |id| id.to_string())?;
    r.u16("kem_id", names::kem)?;
    r.opaque(2, "public_key", shown::hex)?;
    r.vector(2, "cipher_suites", |r| {
        r.list(|r| {
            r.group("HpkeSymmetricCipherSuite", |r| {
                r.u16("kdf_id", names::kdf)?;
                r.u16("aead_id", names::aead)
            })
        })
    })?;
    let says = "The length to which names are padded.";
    r.u8(about("maximum_name_length", says, ""), |length| Bytes(length).to_string())?;
    let says = "The name that any observer sees instead of the real one.";
    r.opaque(1, about("public_name", says, ""), shown::text)?;
    r.vector(2, "extensions", |r| {
        r.list(|r| {
            r.group("ECHConfigExtension", |r| {
                r.u16("type", |number| format!("0x{number:04x}"))?;
                r.opaque(2, "data", shown::hex)
            })
        })
    })
}
