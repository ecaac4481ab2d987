//! Good sessions whose records are cut and joined in unusual ways. A client must succeed in each of them.

use std::time::Duration;

use rustls::ContentType;

use super::case::{ClientCase, ClientGroup, Expect, Need};
use super::message::{Delimiter, Message, USUAL};
use crate::case::About;

const GOOD: &str = "The client succeeds, and shows the whole answer.";
/// The length of an answer in records of one byte.
const TINY: usize = 6400;
/// The largest plaintext of a record.
const FULL: usize = 16_384;
/// The plaintext of a record with data begins with the data. Its type and zeros follow (RFC 8446, 5.4).
const PADDING: usize = 1000;

/// The common part of all descriptions.
const fn about(name: &'static str) -> About {
    About::new(name).good(GOOD).guide("03-non-blocking.md#reading")
}

/// The cases of this group.
pub static CASES: &[ClientCase] = &[
    about("bytes-one-by-one")
        .tries(
            "The server sends each byte of its handshake, its answer and its close_notify in a segment of \
             its own.",
        )
        .source("RFC 8446, 5.1")
        .client_case(ClientGroup::Framing, &[], Expect::SUCCESS, |visit, connection| {
            visit.reached();
            let mut server = visit.server(connection)?;
            while server.tls().is_handshaking() {
                let flight = server.next_flight()?;
                server.connection().send_bytewise(&flight)?;
            }
            visit.keep_version(&mut server);
            if visit.mode() == super::Mode::Http {
                visit.request(&mut server, Vec::new())?;
            }
            let rest = [server.outgoing()?, server.seal(&visit.message(Delimiter::Close).whole())?].concat();
            server.connection().send_bytewise(&rest)?;
            let end = server.seal_close_notify()?;
            server.connection().send_bytewise(&end)?;
            visit.finish(server, USUAL)
        }),
    about("answer-and-end-in-one-write")
        .tries("The server writes its answer and close_notify at once, and a FIN right behind them.")
        .source("RFC 8446, 6.1")
        .client_case(ClientGroup::Framing, &[], Expect::SUCCESS, |visit, connection| {
            let mut server = visit.session(connection)?;
            let answer = server.seal(&visit.message(Delimiter::Close).whole())?;
            let bytes = [answer, server.seal_close_notify()?].concat();
            server.connection().send(&bytes)?;
            visit.finish(server, USUAL)
        }),
    about("split-records")
        .tries("The server writes each record in two parts, and waits 20 ms between them.")
        .source("RFC 8446, 5.1")
        .client_case(ClientGroup::Framing, &[], Expect::SUCCESS, |visit, connection| {
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
        }),
    about("tiny-records")
        .tries("The server writes 6,400 records of one byte at once.")
        .source("RFC 8446, 5.1")
        .client_case(ClientGroup::Framing, &[], Expect::SUCCESS, |visit, connection| {
            let mut server = visit.session(connection)?;
            let message = Message::new(visit.mode(), TINY, Delimiter::Length).whole();
            let mut records = Vec::new();
            for byte in message.chunks(1) {
                records.extend(server.seal(byte)?);
            }
            server.connection().send(&records)?;
            visit.finish(server, TINY)
        }),
    about("full-records")
        .tries("The server writes ten records of 16,384 bytes, the largest that TLS allows.")
        .source("RFC 8446, 5.1")
        .client_case(ClientGroup::Framing, &[], Expect::SUCCESS, |visit, connection| {
            let mut server = visit.session(connection)?;
            let length = 10 * FULL;
            server.send(&Message::new(visit.mode(), length, Delimiter::Length).whole())?;
            visit.finish(server, length)
        }),
    about("empty-records")
        .tries("The server sends ten empty records of data before its answer, and ten in the middle of it.")
        .source("RFC 8446, 5.1: zero-length fragments of Application Data MAY be sent")
        .client_case(ClientGroup::Framing, &[], Expect::SUCCESS, |visit, connection| {
            let mut server = visit.session(connection)?;
            let message = visit.message(Delimiter::Close);
            for half in [&message.first, &message.rest] {
                for _ in 0..10 {
                    let empty = visit.forge.seal(&mut server, ContentType::ApplicationData, &[])?;
                    server.connection().send(&empty)?;
                }
                server.send(half)?;
            }
            visit.finish(server, USUAL)
        }),
    about("padded-records")
        .tries("The server pads each record of its answer with 1,000 zeros.")
        .source("RFC 8446, 5.4: implementations MUST be able to handle padding")
        .client_case(ClientGroup::Framing, &[Need::Tls13], Expect::SUCCESS, |visit, connection| {
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
        }),
    about("key-update")
        .tries("The server asks for new keys in the middle of its answer.")
        .source("RFC 8446, 4.6.3")
        .client_case(ClientGroup::Framing, &[Need::Tls13], Expect::SUCCESS, |visit, connection| {
            let mut server = visit.session(connection)?;
            let message = visit.message(Delimiter::Close);
            server.send(&message.first)?;
            server.update_keys()?;
            server.send(&message.rest)?;
            visit.finish(server, USUAL)
        }),
];
