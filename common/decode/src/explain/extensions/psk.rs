//! Extensions about resumption: tickets, early data.

use rustls::Side;
use tls_session::bytes::Bytes;

use super::In;
use crate::explain::Mark;
use crate::explain::field_reader::{FieldReader, Step, about};
use crate::explain::names;
use crate::explain::shown;

pub(super) fn session_ticket(r: &mut FieldReader<'_>) -> Step {
    if r.is_empty() {
        return Ok(());
    }
    let says = "The session to resume. Only the server can decrypt it.";
    r.rest(about("ticket", says, "RFC 5077, 3.2"), shown::hex).map(drop)
}

pub(super) fn pre_shared_key(r: &mut FieldReader<'_>, place: In) -> Step {
    if place != In::ClientHello {
        let says = "The client's identity that the server accepts, counted from 0.";
        r.u16(about("selected_identity", says, ""), |number| number.to_string())?;
        return Ok(());
    }
    let says = "The tickets of earlier sessions, or the names of keys that both ends already have.";
    let chosen = r.known.choices.psk.map(|psk| psk.identity);
    let mut index = 0_u16..;
    r.vector(2, about("identities", says, ""), |r| {
        r.list(|r| {
            let is_chosen = chosen.is_some() && chosen == index.next();
            r.group("PskIdentity", |r| {
                let says = "A ticket of the server, or the name of a key.";
                r.opaque(2, about("identity", says, ""), shown::hex)?;
                let says = "The age of the ticket in milliseconds, plus its ticket_age_add, which hides the age \
                            on the way. 0 for keys that are not tickets.";
                r.u32(about("obfuscated_ticket_age", says, "RFC 8446, 4.2.11.1"), |age| {
                    format!("0x{age:08x}")
                })
            })?;
            r.mark_if(is_chosen, Mark::ChosenBy(Side::Server));
            Ok(())
        })
    })?;
    let says = "Proofs that the client has the keys. Each is a checksum of this ClientHello up to here with one key.";
    r.vector(2, about("binders", says, "RFC 8446, 4.2.11.2"), |r| {
        r.list(|r| r.opaque(1, "binder", shown::hex))
    })
}

/// Explains psk_key_exchange_modes.
pub(super) fn modes(r: &mut FieldReader<'_>) -> Step {
    let chosen = (Side::Server, r.known.choices.psk.map(|psk| psk.mode));
    r.offered(1, "ke_modes", |r| r.u8("mode", names::psk_mode), chosen)
}

pub(super) fn early_data(r: &mut FieldReader<'_>, place: In) -> Step {
    if place != In::NewSessionTicket {
        return Ok(());
    }
    let says = "The limit of data before the end of the handshake. QUIC has 4294967295 here.";
    r.u32(about("max_early_data_size", says, "RFC 8446, 4.6.1"), |size| Bytes(size).to_string()).map(drop)
}

pub(super) fn ticket_request(r: &mut FieldReader<'_>, offer: bool) -> Step {
    let number = |count: u8| count.to_string();
    if !offer {
        r.u8(about("expected_count", "The number of tickets that will follow.", ""), number)?;
        return Ok(());
    }
    r.u8(about("new_session_count", "The number of tickets for a new session.", ""), number)?;
    r.u8(about("resumption_count", "The number of tickets for a resumed session.", ""), number).map(drop)
}
