//! Explains NewSessionTicket.

use super::extensions::{self, In};
use super::field_reader::{FieldReader, Step, about};
use super::shown;

const TICKET: &str = "The client sends this when it comes back. Often it is the session itself, encrypted with a key \
                      of the server, which then does not have to store the session.";

pub(super) fn tls13(r: &mut FieldReader<'_>) -> Step {
    const RFC: &str = "RFC 8446, 4.6.1";
    let says = "The lifetime of the ticket: at most seven days.";
    r.u32(about("ticket_lifetime", says, RFC), shown::seconds)?;
    let says = "The client adds this to the age of the ticket. So no observer on the way can tell by the age that two \
                sessions belong to the same client.";
    r.u32(about("ticket_age_add", says, RFC), |number| format!("0x{number:08x}"))?;
    let says = "Makes the key of this ticket different from those of the session's other tickets.";
    r.opaque(1, about("ticket_nonce", says, RFC), shown::hex)?;
    r.opaque(2, about("ticket", TICKET, RFC), shown::hex)?;
    extensions::all(r, In::NewSessionTicket)
}

pub(super) fn tls12(r: &mut FieldReader<'_>) -> Step {
    const RFC: &str = "RFC 5077, 3.3";
    let says = "The time for which the client should keep the ticket. 0 means no hint.";
    r.u32(about("ticket_lifetime_hint", says, RFC), shown::seconds)?;
    let says = "The server encrypted the keys of the session with a key of its own. So the ticket can cross the wire in clear text: \
                only the server can read it.";
    r.opaque(2, about("ticket", says, RFC), shown::hex).map(drop)
}
