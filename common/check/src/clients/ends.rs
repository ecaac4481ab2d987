//! How servers end sessions: properly, too early, and with data behind the end.

use std::io;
use std::time::Duration;

use rustls::ContentType;

use super::case::{ClientCase, ClientGroup, Expect, Need, Reading, Serve};
use super::message::{Delimiter, FORGED, USUAL};
use super::visit::Visit;
use crate::case::About;
use crate::wire::{Connection, Server};

const HALF: &str = "only half of the answer came, and an attacker on the way could have cut it off";
const GUIDE: &str = "05-the-end.md#fin-and-close_notify";
const TRUNCATED: &str = "A client that speaks HTTP reports an error: without close_notify the answer is incomplete. Without a \
                         protocol the client cannot know what is missing, so success is noted.";
const TRUNCATED_SOURCE: &str = "RFC 9112, 8 (MUST record the message as incomplete) and 9.8; RFC 8446, 6.1";
const OUTPUT: &[Need] = &[Need::Output];
const HTTP: &[Need] = &[Need::Http];

/// The server cuts off an answer whose end is the end of the session. RFC 9112 has a MUST for HTTP. RFC 8446 has none.
const CUT: Expect = Expect { success: Reading::BadInHttp(HALF), ..Expect::error_at_end("") };

/// The cases of this group.
pub static CASES: &[ClientCase] = &[
    case(
        "close-answered",
        "The server answers, sends close_notify and a FIN, and waits for the client's end.",
        "The client succeeds. It sends its own close_notify before it closes: how it ends the session is noted.",
        "RFC 8446, 6.1: MUST send close_notify; RFC 5246, 7.2.1",
        &[],
        Expect { success: Reading::Allowed, ..Expect::SUCCESS },
        |visit, connection| {
            let server = visit.session(connection)?;
            visit.answer(server, Delimiter::Close)
        },
    ),
    case(
        "fin-instead-of-answer",
        "The server sends a FIN without close_notify, and no answer.",
        "A client that speaks HTTP reports an error. Without a protocol nothing is missing, so success is noted.",
        "RFC 9112, 8: MUST record the message as incomplete",
        &[],
        Expect { success: Reading::BadInHttp("there was no answer"), ..Expect::error_at_end("") },
        |visit, connection| {
            let server = visit.session(connection)?;
            visit.fin_session(server);
            Ok(())
        },
    ),
    case(
        "reset-instead-of-answer",
        "The server resets the connection after the handshake, and sends no answer.",
        "A client that speaks HTTP reports an error. Without a protocol nothing is missing, so success is noted.",
        "RFC 9112, 8: MUST record the message as incomplete",
        &[],
        Expect { success: Reading::BadInHttp("there was no answer"), ..Expect::error_at_end("") },
        |visit, connection| {
            let server = visit.session(connection)?;
            visit.reset(server.into_connection())
        },
    ),
    case(
        "cut-between-records",
        "The server sends the first half of an answer whose end is the end of the session, and a FIN without close_notify.",
        TRUNCATED,
        TRUNCATED_SOURCE,
        OUTPUT,
        CUT,
        |visit, connection| {
            let (server, _) = visit.half(connection, Delimiter::Close)?;
            visit.fin_session(server);
            Ok(())
        },
    ),
    case(
        "cut-inside-a-record",
        "The server sends the first half of an answer, a part of the next record, and a FIN.",
        TRUNCATED,
        TRUNCATED_SOURCE,
        OUTPUT,
        CUT,
        |visit, connection| {
            let (mut server, message) = visit.half(connection, Delimiter::Close)?;
            let record = server.seal(&message.rest)?;
            visit.attack(server.connection(), &record[..record.len() - 1]);
            visit.fin_session(server);
            Ok(())
        },
    ),
    case(
        "cut-body-with-length",
        "The server sends the first half of a body with Content-Length, and a FIN without close_notify.",
        "The client reports an error: bytes are missing.",
        "RFC 9112, 8: MUST record the message as incomplete",
        HTTP,
        Expect::error_at_end(HALF),
        |visit, connection| {
            let (server, _) = visit.half(connection, Delimiter::Length)?;
            visit.fin_session(server);
            Ok(())
        },
    ),
    case(
        "cut-chunked-body",
        "The server sends the first chunk of a body, and a FIN without close_notify.",
        "The client reports an error: the last chunk is missing.",
        "RFC 9112, 8: MUST record the message as incomplete",
        HTTP,
        Expect::error_at_end(HALF),
        |visit, connection| {
            let (server, _) = visit.half(connection, Delimiter::LastChunk)?;
            visit.fin_session(server);
            Ok(())
        },
    ),
    case(
        "close-notify-inside-body",
        "The server sends the first half of a body with Content-Length, close_notify, and a FIN.",
        "The client reports an error: TLS ended properly, but bytes are missing.",
        "RFC 9112, 8: MUST record the message as incomplete",
        HTTP,
        Expect::error_at_end("only half of the answer came"),
        |visit, connection| {
            let (mut server, _) = visit.half(connection, Delimiter::Length)?;
            server.close_notify()?;
            visit.fin_session(server);
            Ok(())
        },
    ),
    case(
        "fin-after-body-with-length",
        "The server sends a complete body with Content-Length, and a FIN without close_notify.",
        "The client may succeed: Content-Length shows that nothing is missing.",
        "RFC 9112, 9.8: SHOULD treat as complete",
        HTTP,
        Expect::ANY_END,
        |visit, connection| fin_after_all(visit, connection, Delimiter::Length),
    ),
    case(
        "fin-after-body-without-length",
        "The server sends a complete answer whose end is the end of the session, and a FIN without close_notify.",
        "The client reports an error: it cannot know that nothing is missing. Nothing is lost here, so success is noted.",
        "RFC 9112, 9.8; RFC 8446, 6.1",
        OUTPUT,
        Expect::ANY_END,
        |visit, connection| fin_after_all(visit, connection, Delimiter::Close),
    ),
    case(
        "reset-after-half",
        "The server sends the first half of an answer, and resets the connection.",
        TRUNCATED,
        TRUNCATED_SOURCE,
        OUTPUT,
        CUT,
        |visit, connection| {
            let (server, _) = visit.half(connection, Delimiter::Close)?;
            visit.reset(server.into_connection())
        },
    ),
    case(
        "fatal-alert-after-half",
        "The server sends the first half of an answer, and the fatal alert internal_error. The connection stays open.",
        "The client reports an error, and ends. It does not wait for a FIN.",
        "RFC 8446, 6.2: MUST immediately close",
        OUTPUT,
        Expect::error(HALF, "a fatal alert ends the connection (RFC 8446, 6.2: MUST)"),
        |visit, connection| {
            let (mut server, _) = visit.half(connection, Delimiter::Close)?;
            let alert = visit.forged(&mut server, ContentType::Alert, &[2, 80])?;
            visit.attack(server.connection(), &alert);
            visit.hold_session(server);
            Ok(())
        },
    ),
    case(
        "silence-after-half",
        "The server sends the first half of an answer, and then nothing.",
        "The client gives up at some time, and reports an error. How long it waits is its policy.",
        "RFC 9112, 9.5",
        OUTPUT,
        Expect { success: Reading::BadInHttp("only half of the answer came"), ..Expect::silence("") },
        |visit, connection| {
            let (server, _) = visit.half(connection, Delimiter::Close)?;
            visit.hold_session(server);
            Ok(())
        },
    ),
    case(
        "close-notify-then-silence",
        "The server sends a complete answer and close_notify, and keeps the connection open.",
        "The client succeeds. It does not wait for a FIN: close_notify says that nothing more comes.",
        "RFC 8446, 6.1; RFC 9112, 9.8",
        OUTPUT,
        Expect { error: Reading::Allowed, hang: Reading::Allowed, ..Expect::SUCCESS },
        |visit, connection| {
            let mut server = visit.session(connection)?;
            send_all(visit, &mut server, Delimiter::Close)?;
            server.close_notify()?;
            visit.happened.facts().complete = Some(USUAL);
            visit.hold_session(server);
            Ok(())
        },
    ),
    case(
        "close-notify-then-data",
        "The server sends a complete answer, close_notify, another record of data, and a FIN, in one write.",
        "The client succeeds, and ignores the data behind close_notify.",
        "RFC 8446, 6.1: any data received after a closure alert MUST be ignored",
        OUTPUT,
        Expect { error: Reading::Allowed, ..Expect::SUCCESS },
        |visit, connection| {
            let mut server = visit.session(connection)?;
            let whole = visit.message(Delimiter::Close).whole();
            let bytes = [server.seal(&whole)?, server.seal_close_notify()?, server.seal(FORGED)?].concat();
            visit.happened.facts().complete = Some(USUAL);
            visit.attack(server.connection(), &bytes);
            visit.fin_session(server);
            Ok(())
        },
    ),
    case(
        "reset-after-close-notify",
        "The server sends a complete answer and close_notify, and then resets the connection.",
        "The client succeeds if the answer has arrived. A reset can destroy bytes, so an error is noted.",
        "RFC 8446, 6.1; RFC 9293, 3.10.7.4",
        OUTPUT,
        Expect::ANY_END,
        |visit, connection| {
            let mut server = visit.session(connection)?;
            let whole = visit.message(Delimiter::Close).whole();
            let bytes = [server.seal(&whole)?, server.seal_close_notify()?].concat();
            visit.happened.facts().complete = Some(USUAL);
            visit.attack(server.connection(), &bytes);
            visit.reset(server.into_connection())
        },
    ),
];

const fn case(
    name: &'static str,
    tries: &'static str,
    good: &'static str,
    source: &'static str,
    needs: &'static [Need],
    expect: Expect,
    serve: Serve,
) -> ClientCase {
    ClientCase {
        about: About { name, tries, good, source, guide: GUIDE },
        group: ClientGroup::Ends,
        needs,
        serve,
        expect,
        extra: Duration::ZERO,
        unread: Duration::ZERO,
    }
}

/// Sends a complete message, and gives a client of an echo time to close by itself.
fn send_all(visit: &Visit<'_>, server: &mut Server, delimiter: Delimiter) -> io::Result<()> {
    server.send(&visit.message(delimiter).whole())?;
    visit.settle(server)
}

fn fin_after_all(visit: &Visit<'_>, connection: Connection, delimiter: Delimiter) -> io::Result<()> {
    let mut server = visit.session(connection)?;
    send_all(visit, &mut server, delimiter)?;
    visit.happened.facts().complete = Some(USUAL);
    visit.fin_session(server);
    Ok(())
}
