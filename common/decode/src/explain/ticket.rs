//! NewSessionTicket.

use super::extensions::{self, In};
use super::field_reader::{FieldReader, Prefix, Step, about};
use super::shown;

const TICKET: &str = "What the client will show when it comes back: often the session itself, encrypted with \
                      a key that only the server has, so that it need not remember anything.";

pub(super) fn tls13(r: &mut FieldReader<'_>) -> Step {
    const RFC: &str = "RFC 8446, 4.6.1";
    let says = "For how long the ticket is good: seven days at most.";
    r.u32(about("ticket_lifetime", says, RFC), shown::seconds)?;
    let says = "The client adds this to the ticket's age when it uses it, so that nobody on the way can tell \
                by the age that two sessions are of the same client.";
    r.u32(about("ticket_age_add", says, RFC), |number| format!("0x{number:08x}"))?;
    let says = "Makes the key of this ticket unlike the keys of the session's other tickets.";
    r.opaque(Prefix::One, about("ticket_nonce", says, RFC), shown::hex)?;
    r.opaque(Prefix::Two, about("ticket", TICKET, RFC), shown::hex)?;
    extensions::all(r, In::NewSessionTicket)
}

pub(super) fn tls12(r: &mut FieldReader<'_>) -> Step {
    const RFC: &str = "RFC 5077, 3.3";
    let says = "For about how long the client should keep the ticket; 0 for no hint.";
    r.u32(about("ticket_lifetime_hint", says, RFC), shown::seconds)?;
    r.opaque(Prefix::Two, about("ticket", TICKET, RFC), shown::hex)?;
    Ok(())
}
