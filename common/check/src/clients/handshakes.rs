//! Servers that end a handshake too early, or never.

use std::io;
use std::time::Duration;

use super::case::{ClientCase, ClientGroup, Expect, Need, Serve};
use super::visit::Visit;
use crate::case::About;
use crate::wire::Connection;
use crate::wire::hello::record;

const NO_SESSION: &str = "there was no session, and no answer";
/// The pause between two bytes of a slow server.
const PAUSE: Duration = Duration::from_millis(500);

const ENDS: Expect = Expect::error_at_end(NO_SESSION);
const SILENT: Expect = Expect::silence(NO_SESSION);
const END: &str = "The client reports an error. It ends, because nothing more can come.";
const WAIT: &str = "The client gives up at some time, and reports an error. How long it waits is its policy.";

/// The cases of this group.
pub static CASES: &[ClientCase] = &[
    case(
        "fin-on-accept",
        "The server accepts the connection, and sends a FIN.",
        END,
        ENDS,
        |visit, connection| {
            visit.reached();
            visit.fin(connection);
            Ok(())
        },
    ),
    case(
        "fin-after-client-hello",
        "The server sends a FIN after the ClientHello.",
        END,
        ENDS,
        |visit, mut connection| {
            visit.hello(&mut connection)?;
            visit.fin(connection);
            Ok(())
        },
    ),
    case(
        "fin-inside-flight",
        "The server sends half of its first flight, and a FIN.",
        END,
        ENDS,
        |visit, connection| {
            let connection = half_a_flight(visit, connection)?;
            visit.fin(connection);
            Ok(())
        },
    ),
    case(
        "reset-on-accept",
        "The server accepts the connection, and resets it.",
        END,
        ENDS,
        |visit, connection| {
            visit.reached();
            visit.reset(connection)
        },
    ),
    case(
        "reset-after-client-hello",
        "The server resets the connection after the ClientHello.",
        END,
        ENDS,
        |visit, mut connection| {
            visit.hello(&mut connection)?;
            visit.reset(connection)
        },
    ),
    case(
        "reset-inside-flight",
        "The server sends half of its first flight, and resets the connection.",
        END,
        ENDS,
        |visit, connection| visit.reset(half_a_flight(visit, connection)?),
    ),
    ClientCase {
        needs: &[Need::Tls13],
        ..case(
            "damaged-flight",
            "The last byte of the server's first flight is changed. The connection stays open.",
            "The client ends the session with an error.",
            Expect::error(NO_SESSION, "a damaged record ends the connection (RFC 8446, 5.2: MUST)"),
            |visit, connection| {
                let (mut connection, mut flight) = visit.flight(connection)?;
                if let Some(last) = flight.last_mut() {
                    *last ^= 1;
                }
                visit.attack(&mut connection, &flight);
                visit.hold(connection);
                Ok(())
            },
        )
    },
    case(
        "close-notify-in-handshake",
        "The server answers the ClientHello with close_notify, and a FIN.",
        END,
        ENDS,
        |visit, mut connection| {
            visit.hello(&mut connection)?;
            visit.attack(&mut connection, &record(21, &[1, 0])?);
            visit.fin(connection);
            Ok(())
        },
    ),
    case(
        "close-notify-in-handshake-then-silence",
        "The server answers the ClientHello with close_notify, and then sends nothing.",
        WAIT,
        SILENT,
        |visit, mut connection| {
            visit.hello(&mut connection)?;
            visit.attack(&mut connection, &record(21, &[1, 0])?);
            visit.hold(connection);
            Ok(())
        },
    ),
    case(
        "silent-server",
        "The server accepts the connection, and sends nothing.",
        WAIT,
        SILENT,
        |visit, connection| {
            visit.reached();
            visit.hold(connection);
            Ok(())
        },
    ),
    case(
        "half-a-server-hello",
        "The server sends the first ten bytes of a ServerHello, and then nothing.",
        WAIT,
        SILENT,
        |visit, mut connection| {
            visit.hello(&mut connection)?;
            visit.attack(&mut connection, &[22, 3, 3, 0, 122, 2, 0, 0, 118, 3]);
            visit.hold(connection);
            Ok(())
        },
    ),
    case(
        "slow-handshake",
        "The server sends its first flight, one byte every 500 ms.",
        WAIT,
        SILENT,
        |visit, connection| {
            let (mut connection, flight) = visit.flight(connection)?;
            for byte in flight.chunks(1) {
                // Whatever the client sends now, it goes on without the rest, or it ends.
                let silent = connection.send(byte).and_then(|()| connection.is_silent_for(PAUSE));
                if !silent.unwrap_or(false) {
                    break;
                }
            }
            visit.hold(connection);
            Ok(())
        },
    ),
];

const fn case(
    name: &'static str,
    tries: &'static str,
    good: &'static str,
    expect: Expect,
    serve: Serve,
) -> ClientCase {
    let about =
        About { name, tries, good, source: "RFC 8446, 6.1 and 6.2", guide: "07-time.md#which-deadlines" };
    ClientCase {
        about,
        group: ClientGroup::Handshakes,
        needs: &[],
        serve,
        expect,
        extra: Duration::ZERO,
        unread: Duration::ZERO,
    }
}

/// Sends the first half of the server's first flight.
fn half_a_flight(visit: &Visit<'_>, connection: Connection) -> io::Result<Connection> {
    let (mut connection, flight) = visit.flight(connection)?;
    visit.attack(&mut connection, &flight[..flight.len() / 2]);
    Ok(connection)
}
