//! Servers that end a handshake too early, or never.

use std::io;
use std::time::Duration;

use super::case::{ClientCase, ClientGroup, DAMAGED, Expect, Need};
use super::visit::Visit;
use crate::case::About;
use crate::wire::Connection;
use crate::wire::forge::damage;
use crate::wire::hello::record;

const NO_SESSION: &str = "there was no session, and no answer";
/// The pause between two bytes of a slow server.
const PAUSE: Duration = Duration::from_millis(500);

const ENDS: Expect = Expect::error_at_end(NO_SESSION);
const DAMAGED_FLIGHT: Expect = Expect::error(NO_SESSION, DAMAGED);
const SILENT: Expect = Expect::silence(NO_SESSION);
const END: &str = "The client reports an error. It ends, because nothing more can come.";
const WAIT: &str = "The client gives up at some time, and reports an error. How long it waits is its policy.";

/// The common part of all descriptions.
const fn about(name: &'static str) -> About {
    About::new(name).source("RFC 8446, 6.1 and 6.2").guide("07-time.md#which-deadlines")
}

/// The cases of this group.
pub static CASES: &[ClientCase] = &[
    about("fin-on-accept")
        .tries("The server accepts the connection, and sends a FIN.")
        .good(END)
        .client_case(ClientGroup::Handshakes, &[], ENDS, |visit, connection| {
            visit.reached();
            visit.fin(connection)
        }),
    about("fin-after-client-hello")
        .tries("The server sends a FIN after the ClientHello.")
        .good(END)
        .client_case(ClientGroup::Handshakes, &[], ENDS, |visit, mut connection| {
            visit.hello(&mut connection)?;
            visit.fin(connection)
        }),
    about("fin-inside-flight")
        .tries("The server sends half of its first flight, and a FIN.")
        .good(END)
        .client_case(ClientGroup::Handshakes, &[], ENDS, |visit, connection| {
            let connection = half_a_flight(visit, connection)?;
            visit.fin(connection)
        }),
    about("reset-on-accept")
        .tries("The server accepts the connection, and resets it.")
        .good(END)
        .client_case(ClientGroup::Handshakes, &[], ENDS, |visit, connection| {
            visit.reached();
            visit.reset(connection)
        }),
    about("reset-after-client-hello")
        .tries("The server resets the connection after the ClientHello.")
        .good(END)
        .client_case(ClientGroup::Handshakes, &[], ENDS, |visit, mut connection| {
            visit.hello(&mut connection)?;
            visit.reset(connection)
        }),
    about("reset-inside-flight")
        .tries("The server sends half of its first flight, and resets the connection.")
        .good(END)
        .client_case(ClientGroup::Handshakes, &[], ENDS, |visit, connection| {
            visit.reset(half_a_flight(visit, connection)?)
        }),
    about("damaged-flight")
        .tries("The last byte of the server's first flight is changed. The connection stays open.")
        .good("The client ends the session with an error.")
        .client_case(ClientGroup::Handshakes, &[Need::Tls13], DAMAGED_FLIGHT, |visit, connection| {
            let (mut connection, mut flight) = visit.flight(connection)?;
            damage(&mut flight);
            visit.attack(&mut connection, &flight);
            visit.hold(connection)
        }),
    about("close-notify-in-handshake")
        .tries("The server answers the ClientHello with close_notify, and a FIN.")
        .good(END)
        .client_case(ClientGroup::Handshakes, &[], ENDS, |visit, mut connection| {
            visit.hello(&mut connection)?;
            visit.attack(&mut connection, &record(21, &[1, 0])?);
            visit.fin(connection)
        }),
    about("close-notify-in-handshake-then-silence")
        .tries("The server answers the ClientHello with close_notify, and then sends nothing.")
        .good(WAIT)
        .client_case(ClientGroup::Handshakes, &[], SILENT, |visit, mut connection| {
            visit.hello(&mut connection)?;
            visit.attack(&mut connection, &record(21, &[1, 0])?);
            visit.hold(connection)
        }),
    about("silent-server")
        .tries("The server accepts the connection, and sends nothing.")
        .good(WAIT)
        .client_case(ClientGroup::Handshakes, &[], SILENT, |visit, connection| {
            visit.reached();
            visit.hold(connection)
        }),
    about("half-a-server-hello")
        .tries("The server sends the first ten bytes of a ServerHello, and then nothing.")
        .good(WAIT)
        .client_case(ClientGroup::Handshakes, &[], SILENT, |visit, mut connection| {
            visit.hello(&mut connection)?;
            visit.attack(&mut connection, &[22, 3, 3, 0, 122, 2, 0, 0, 118, 3]);
            visit.hold(connection)
        }),
    about("slow-handshake")
        .tries("The server sends its first flight, one byte every 500 ms.")
        .good(WAIT)
        .client_case(ClientGroup::Handshakes, &[], SILENT, |visit, connection| {
            let (mut connection, flight) = visit.flight(connection)?;
            for byte in flight.chunks(1) {
                // Whatever the client sends now, it goes on without the rest, or it ends.
                let silent = connection.send(byte).and_then(|()| connection.is_silent_for(PAUSE));
                if !silent.unwrap_or(false) {
                    break;
                }
            }
            visit.hold(connection)
        }),
];

/// Sends the first half of the server's first flight.
fn half_a_flight(visit: &Visit<'_>, connection: Connection) -> io::Result<Connection> {
    let (mut connection, flight) = visit.flight(connection)?;
    visit.attack(&mut connection, &flight[..flight.len() / 2]);
    Ok(connection)
}
