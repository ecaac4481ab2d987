//! Good sessions whose records are cut and joined in unusual ways. A client must succeed in each of them.

use std::time::Duration;

use rustls::ContentType;

use super::case::{ClientCase, ClientGroup, Expect, Need, Serve};
use super::message::{Delimiter, Message, USUAL};
use crate::case::About;

const GOOD: &str = "The client succeeds, and shows the whole answer.";
const NO_PAUSE: Duration = Duration::ZERO;
/// The length of an answer in records of one byte.
const TINY: usize = 6400;
/// The largest plaintext of a record.
const FULL: usize = 16_384;
/// The plaintext of a record with data begins with the data. Its type and zeros follow (RFC 8446, 5.4).
const PADDING: usize = 1000;

/// The cases of this group.
pub static CASES: &[ClientCase] = &[
    case(
        "bytes-one-by-one",
        "The server sends each byte of its handshake, its answer and its close_notify in a segment of its own.",
        "RFC 8446, 5.1",
        &[],
        |visit, connection| {
            visit.reached();
            let mut server = visit.server(connection)?;
            while server.tls().is_handshaking() {
                let flight = server.next_flight()?;
                server.connection().send_bytewise(&flight)?;
            }
            visit.keep_version(&mut server);
            if visit.mode() == super::Mode::Http {
                visit.request(&mut server)?;
            }
            let rest = [server.outgoing()?, server.seal(&visit.message(Delimiter::Close).whole())?].concat();
            server.connection().send_bytewise(&rest)?;
            let end = server.seal_close_notify()?;
            server.connection().send_bytewise(&end)?;
            visit.finish(server, USUAL)
        },
    ),
    case(
        "answer-and-end-in-one-write",
        "The server writes its answer and close_notify at once, and a FIN right behind them.",
        "RFC 8446, 6.1",
        &[],
        |visit, connection| {
            let mut server = visit.session(connection)?;
            let answer = server.seal(&visit.message(Delimiter::Close).whole())?;
            let bytes = [answer, server.seal_close_notify()?].concat();
            server.connection().send(&bytes)?;
            visit.finish(server, USUAL)
        },
    ),
    case(
        "split-records",
        "The server writes each record in two parts, and waits 20 ms between them.",
        "RFC 8446, 5.1",
        &[],
        |visit, connection| {
            let mut server = visit.session(connection)?;
            let whole = visit.message(Delimiter::Close).whole();
            for (number, part) in whole.chunks(whole.len() / 8 + 1).enumerate() {
                let record = server.seal(part)?;
                // In the header, behind it, in the body, in the tag.
                let cut = [1, 5, record.len() / 2, record.len() - 1][number % 4];
                server.connection().send(&record[..cut])?;
                std::thread::sleep(Duration::from_millis(20)); // so that the client reads the first part alone
                server.connection().send(&record[cut..])?;
            }
            visit.finish(server, USUAL)
        },
    ),
    case(
        "tiny-records",
        "The server writes 6,400 records of one byte at once.",
        "RFC 8446, 5.1",
        &[],
        |visit, connection| {
            let mut server = visit.session(connection)?;
            let message = Message::new(visit.mode(), TINY, Delimiter::Length).whole();
            let mut records = Vec::new();
            for byte in message.chunks(1) {
                records.extend(server.seal(byte)?);
            }
            server.connection().send(&records)?;
            visit.finish(server, TINY)
        },
    ),
    case(
        "full-records",
        "The server writes ten records of 16,384 bytes, the largest that TLS allows.",
        "RFC 8446, 5.1",
        &[],
        |visit, connection| {
            let mut server = visit.session(connection)?;
            let length = 10 * FULL;
            server.send(&Message::new(visit.mode(), length, Delimiter::Length).whole())?;
            visit.finish(server, length)
        },
    ),
    case(
        "empty-records",
        "The server sends ten empty records of data before its answer, and ten in the middle of it.",
        "RFC 8446, 5.1: zero-length fragments of Application Data MAY be sent",
        &[],
        |visit, connection| {
            let mut server = visit.session(connection)?;
            let message = visit.message(Delimiter::Close);
            for half in [&message.first, &message.rest] {
                for _ in 0..10 {
                    let empty = visit.forged(&mut server, ContentType::ApplicationData, &[])?;
                    server.connection().send(&empty)?;
                }
                server.send(half)?;
            }
            visit.finish(server, USUAL)
        },
    ),
    case(
        "padded-records",
        "The server pads each record of its answer with 1,000 zeros.",
        "RFC 8446, 5.4: implementations MUST be able to handle padding",
        &[Need::Tls13],
        |visit, connection| {
            let mut server = visit.session(connection)?;
            let message = visit.message(Delimiter::Close);
            for half in [&message.first, &message.rest] {
                visit.forge.alter_next(|kind, content| {
                    let inner = [&content[..], &[u8::from(kind)], &[0; PADDING]].concat();
                    (ContentType::from(0), inner)
                });
                server.send(half)?;
            }
            visit.finish(server, USUAL)
        },
    ),
    case(
        "key-update",
        "The server asks for new keys in the middle of its answer.",
        "RFC 8446, 4.6.3",
        &[Need::Tls13],
        |visit, connection| {
            let mut server = visit.session(connection)?;
            let message = visit.message(Delimiter::Close);
            server.send(&message.first)?;
            server.update_keys()?;
            server.send(&message.rest)?;
            visit.finish(server, USUAL)
        },
    ),
];

const fn case(
    name: &'static str,
    tries: &'static str,
    source: &'static str,
    needs: &'static [Need],
    serve: Serve,
) -> ClientCase {
    ClientCase {
        about: About { name, tries, good: GOOD, source, guide: "03-non-blocking.md#reading" },
        group: ClientGroup::Framing,
        needs,
        serve,
        expect: Expect::SUCCESS,
        extra: Duration::ZERO,
        unread: NO_PAUSE,
    }
}
