//! How servers end sessions: properly, too early, and with data behind the end.

use std::io;

use rustls::ContentType;

use super::case::{ClientCase, ClientGroup, Expect, FATAL, Need, OUTPUT, Reading};
use super::message::{Delimiter, FORGED, USUAL};
use super::visit::Visit;
use crate::case::About;
use crate::wire::{Connection, Server};

const ONLY_HALF: &str = "only half of the answer came";
const HALF: &str = "only half of the answer came, and an attacker on the way could have cut it off";
const TRUNCATED: &str = "A client that speaks HTTP reports an error: without close_notify the answer is incomplete. Without a \
                         protocol the client cannot know what is missing, so success is noted.";
const TRUNCATED_SOURCE: &str = "RFC 9112, 8 (MUST record the message as incomplete) and 9.8; RFC 8446, 6.1";
const HTTP: &[Need] = &[Need::Http];

/// The server sends no answer.
const NOTHING: Expect = Expect::error_in_http("there was no answer");
/// The server cuts off an answer whose end is the end of the session.
const CUT: Expect = Expect::error_in_http(HALF);

/// The common part of all descriptions.
const fn about(name: &'static str) -> About {
    About::new(name).guide("05-the-end.md#fin-and-close_notify")
}

/// The cases of this group.
pub static CASES: &[ClientCase] = &[
    about("close-answered")
        .tries("The server answers, sends close_notify and a FIN, and waits for the client's end.")
        .good(
            "The client succeeds. It sends its own close_notify before it closes: how it ends the session is \
             noted.",
        )
        .source("RFC 8446, 6.1: MUST send close_notify; RFC 5246, 7.2.1")
        .client_case(
            ClientGroup::Ends,
            &[],
            Expect { success: Reading::Allowed, ..Expect::SUCCESS },
            |visit, connection| {
                let server = visit.session(connection)?;
                visit.answer(server, Delimiter::Close)
            },
        ),
    about("fin-instead-of-answer")
        .tries("The server sends a FIN without close_notify, and no answer.")
        .good(
            "A client that speaks HTTP reports an error. Without a protocol nothing is missing, so success \
             is noted.",
        )
        .source("RFC 9112, 8: MUST record the message as incomplete")
        .client_case(ClientGroup::Ends, &[], NOTHING, |visit, connection| {
            let server = visit.session(connection)?;
            visit.fin_session(server)
        }),
    about("reset-instead-of-answer")
        .tries("The server resets the connection after the handshake, and sends no answer.")
        .good(
            "A client that speaks HTTP reports an error. Without a protocol nothing is missing, so success \
             is noted.",
        )
        .source("RFC 9112, 8: MUST record the message as incomplete")
        .client_case(ClientGroup::Ends, &[], NOTHING, |visit, connection| {
            let server = visit.session(connection)?;
            visit.reset(server.into_connection())
        }),
    about("cut-between-records")
        .tries(
            "The server sends the first half of an answer whose end is the end of the session, and a FIN \
             without close_notify.",
        )
        .good(TRUNCATED)
        .source(TRUNCATED_SOURCE)
        .client_case(ClientGroup::Ends, OUTPUT, CUT, |visit, connection| {
            let (server, _) = visit.half(connection, Delimiter::Close)?;
            visit.fin_session(server)
        }),
    about("cut-inside-a-record")
        .tries("The server sends the first half of an answer, a part of the next record, and a FIN.")
        .good(TRUNCATED)
        .source(TRUNCATED_SOURCE)
        .client_case(ClientGroup::Ends, OUTPUT, CUT, |visit, connection| {
            let (mut server, message) = visit.half(connection, Delimiter::Close)?;
            let record = server.seal(&message.rest)?;
            visit.attack(server.connection(), &record[..record.len() - 1]);
            visit.fin_session(server)
        }),
    about("cut-body-with-length")
        .tries(
            "The server sends the first half of a body with Content-Length, and a FIN without close_notify.",
        )
        .good("The client reports an error: bytes are missing.")
        .source("RFC 9112, 8: MUST record the message as incomplete")
        .client_case(ClientGroup::Ends, HTTP, Expect::error_at_end(HALF), |visit, connection| {
            let (server, _) = visit.half(connection, Delimiter::Length)?;
            visit.fin_session(server)
        }),
    about("cut-chunked-body")
        .tries("The server sends the first chunk of a body, and a FIN without close_notify.")
        .good("The client reports an error: the last chunk is missing.")
        .source("RFC 9112, 8: MUST record the message as incomplete")
        .client_case(ClientGroup::Ends, HTTP, Expect::error_at_end(HALF), |visit, connection| {
            let (server, _) = visit.half(connection, Delimiter::LastChunk)?;
            visit.fin_session(server)
        }),
    about("close-notify-inside-body")
        .tries("The server sends the first half of a body with Content-Length, close_notify, and a FIN.")
        .good("The client reports an error: TLS ended properly, but bytes are missing.")
        .source("RFC 9112, 8: MUST record the message as incomplete")
        .client_case(ClientGroup::Ends, HTTP, Expect::error_at_end(ONLY_HALF), |visit, connection| {
            let (mut server, _) = visit.half(connection, Delimiter::Length)?;
            server.close_notify()?;
            visit.fin_session(server)
        }),
    about("fin-after-body-with-length")
        .tries("The server sends a complete body with Content-Length, and a FIN without close_notify.")
        .good("The client may succeed: Content-Length shows that nothing is missing.")
        .source("RFC 9112, 9.8: SHOULD treat as complete")
        .client_case(ClientGroup::Ends, HTTP, Expect::ANY_END, |visit, connection| {
            fin_after_all(visit, connection, Delimiter::Length)
        }),
    about("fin-after-body-without-length")
        .tries(
            "The server sends a complete answer whose end is the end of the session, and a FIN without \
             close_notify.",
        )
        .good(
            "The client reports an error: it cannot know that nothing is missing. Nothing is lost here, so \
             success is noted.",
        )
        .source("RFC 9112, 9.8; RFC 8446, 6.1")
        .client_case(ClientGroup::Ends, OUTPUT, Expect::ANY_END, |visit, connection| {
            fin_after_all(visit, connection, Delimiter::Close)
        }),
    about("reset-after-half")
        .tries("The server sends the first half of an answer, and resets the connection.")
        .good(TRUNCATED)
        .source(TRUNCATED_SOURCE)
        .client_case(ClientGroup::Ends, OUTPUT, CUT, |visit, connection| {
            let (server, _) = visit.half(connection, Delimiter::Close)?;
            visit.reset(server.into_connection())
        }),
    about("fatal-alert-after-half")
        .tries(
            "The server sends the first half of an answer, and the fatal alert internal_error. The \
             connection stays open.",
        )
        .good("The client reports an error, and ends. It does not wait for a FIN.")
        .source("RFC 8446, 6.2: MUST immediately close")
        .client_case(ClientGroup::Ends, OUTPUT, Expect::error(HALF, FATAL), |visit, connection| {
            let (mut server, _) = visit.half(connection, Delimiter::Close)?;
            let alert = visit.forge.seal(&mut server, ContentType::Alert, &[2, 80])?;
            visit.attack(server.connection(), &alert);
            visit.hold_session(server)
        }),
    about("silence-after-half")
        .tries("The server sends the first half of an answer, and then nothing.")
        .good("The client gives up at some time, and reports an error. How long it waits is its policy.")
        .source("RFC 9112, 9.5")
        .client_case(
            ClientGroup::Ends,
            OUTPUT,
            Expect { success: Reading::BadInHttp(ONLY_HALF), ..Expect::silence("") },
            |visit, connection| {
                let (server, _) = visit.half(connection, Delimiter::Close)?;
                visit.hold_session(server)
            },
        ),
    about("close-notify-then-silence")
        .tries("The server sends a complete answer and close_notify, and keeps the connection open.")
        .good("The client succeeds. It does not wait for a FIN: close_notify says that nothing more comes.")
        .source("RFC 8446, 6.1; RFC 9112, 9.8")
        .client_case(
            ClientGroup::Ends,
            OUTPUT,
            Expect { error: Reading::Allowed, hang: Reading::Allowed, ..Expect::SUCCESS },
            |visit, connection| {
                let mut server = visit.session(connection)?;
                send_all(visit, &mut server, Delimiter::Close)?;
                server.close_notify()?;
                visit.happened.facts().complete = Some(USUAL);
                visit.hold_session(server)
            },
        ),
    about("close-notify-then-data")
        .tries(
            "The server sends a complete answer, close_notify, another record of data, and a FIN, in one \
             write.",
        )
        .good("The client succeeds, and ignores the data behind close_notify.")
        .source("RFC 8446, 6.1: any data received after a closure alert MUST be ignored")
        .client_case(
            ClientGroup::Ends,
            OUTPUT,
            Expect { error: Reading::Allowed, ..Expect::SUCCESS },
            |visit, connection| {
                let mut server = visit.session(connection)?;
                let whole = visit.message(Delimiter::Close).whole();
                let bytes =
                    [server.seal(&whole)?, server.seal_close_notify()?, server.seal(FORGED)?].concat();
                visit.happened.facts().complete = Some(USUAL);
                visit.attack(server.connection(), &bytes);
                visit.fin_session(server)
            },
        ),
    about("reset-after-close-notify")
        .tries("The server sends a complete answer and close_notify, and then resets the connection.")
        .good(
            "The client succeeds if the answer has arrived. A reset can destroy bytes, so an error is noted.",
        )
        .source("RFC 8446, 6.1; RFC 9293, 3.10.7.4")
        .client_case(ClientGroup::Ends, OUTPUT, Expect::ANY_END, |visit, connection| {
            let mut server = visit.session(connection)?;
            let whole = visit.message(Delimiter::Close).whole();
            let bytes = [server.seal(&whole)?, server.seal_close_notify()?].concat();
            visit.happened.facts().complete = Some(USUAL);
            visit.attack(server.connection(), &bytes);
            visit.reset(server.into_connection())
        }),
];

/// Sends a complete message, and gives a client of an echo time to close by itself.
fn send_all(visit: &Visit<'_>, server: &mut Server, delimiter: Delimiter) -> io::Result<()> {
    server.send(&visit.message(delimiter).whole())?;
    visit.settle(server)
}

fn fin_after_all(visit: &Visit<'_>, connection: Connection, delimiter: Delimiter) -> io::Result<()> {
    let mut server = visit.session(connection)?;
    send_all(visit, &mut server, delimiter)?;
    visit.happened.facts().complete = Some(USUAL);
    visit.fin_session(server)
}
