//! Servers that send very much, or very slowly.

use std::io;
use std::thread;
use std::time::Duration;

use rustls::ContentType;

use super::case::{ClientCase, ClientGroup, Expect, OUTPUT, OUTPUT13};
use super::message::{Delimiter, LARGE, Message, USUAL};
use super::visit::Visit;
use crate::case::About;
use crate::wire::hello::handshake;
use crate::wire::{Connection, Server};

/// How many bytes of a large body are sealed at once.
const PART: usize = 1 << 20;

/// The common part of all descriptions.
const fn about(name: &'static str) -> About {
    About::new(name).source("RFC 8446, 5.1").guide("08-many-sessions.md#bytes-are-not-work")
}

/// The cases of this group.
pub static CASES: &[ClientCase] = &[
    about("large-body")
        .tries("The server sends 16 MB as fast as the client reads.")
        .good("The client succeeds, and shows all bytes.")
        .client_case(ClientGroup::Floods, &[], Expect::SUCCESS, large),
    ClientCase {
        unread: Duration::from_secs(3),
        ..about("late-reader-of-stdout")
            .tries(
                "The server sends 16 MB, and mio-check does not read the client's stdout for three seconds.",
            )
            .good("The client waits, and shows all bytes.")
            .client_case(ClientGroup::Floods, OUTPUT, Expect::SUCCESS, large)
    },
    about("slow-body")
        .tries("The server sends its answer in 32 records, and waits 50 ms between them.")
        .good("The client succeeds, and shows the whole answer.")
        .client_case(ClientGroup::Floods, &[], Expect::SUCCESS, |visit, connection| {
            let mut server = visit.session(connection)?;
            let whole = visit.message(Delimiter::Close).whole();
            for part in whole.chunks(whole.len().div_ceil(32)) {
                server.send(part)?;
                thread::sleep(Duration::from_millis(50)); // slowly: this is the case
            }
            visit.finish(server, USUAL)
        }),
    about("flood-of-empty-records")
        .tries("The server sends 2,000 empty records of data in the middle of its answer.")
        .good("The client shows the whole answer, or ends the session with an error.")
        .client_case(ClientGroup::Floods, OUTPUT, Expect::ANY_END, |visit, connection| {
            flood(visit, connection, |visit, server| {
                repeat(2000, || visit.forge.seal(server, ContentType::ApplicationData, &[]))
            })
        }),
    about("flood-of-key-updates")
        .tries("The server asks 1,000 times for new keys in the middle of its answer.")
        .good("The client shows the whole answer, or ends the session with an error.")
        .client_case(ClientGroup::Floods, OUTPUT13, Expect::ANY_END, |visit, connection| {
            flood(visit, connection, |_, server| {
                repeat(1000, || {
                    server.update_keys()?;
                    server.outgoing()
                })
            })
        }),
    about("flood-of-tickets")
        .tries("The server sends 5,000 tickets of 1,000 bytes in the middle of its answer.")
        .good("The client shows the whole answer, or ends the session with an error.")
        .client_case(ClientGroup::Floods, OUTPUT13, Expect::ANY_END, |visit, connection| {
            flood(visit, connection, |visit, server| {
                let ticket = ticket()?;
                repeat(5000, || visit.forge.seal(server, ContentType::Handshake, &ticket))
            })
        }),
];

/// Sends a large body, and ends the session properly.
fn large(visit: &Visit<'_>, connection: Connection) -> io::Result<()> {
    let mut server = visit.session(connection)?;
    let message = Message::new(visit.mode(), LARGE, Delimiter::Length);
    for half in [&message.first, &message.rest] {
        for part in half.chunks(PART) {
            server.send(part)?;
        }
    }
    visit.finish(server, LARGE)
}

/// Sends half of an answer, a flood of records, the rest of the answer, and ends the session properly.
fn flood(
    visit: &Visit<'_>,
    connection: Connection,
    records: fn(&Visit<'_>, &mut Server) -> io::Result<Vec<u8>>,
) -> io::Result<()> {
    let (mut server, message) = visit.half(connection, Delimiter::Length)?;
    let records = records(visit, &mut server)?;
    let rest = [server.seal(&message.rest)?, server.seal_close_notify()?].concat();
    visit.happened.facts().complete = Some(USUAL);
    visit.happened.facts().closed = true;
    // On a thread, so that the server reads meanwhile: the client answers some records.
    let mut writer = server.connection().try_clone()?;
    let sending = thread::spawn(move || {
        writer.send(&records)?;
        writer.send(&rest)?;
        writer.fin()
    });
    let held = visit.hold(server.into_connection());
    let _ = sending.join();
    held
}

fn repeat(times: usize, mut record: impl FnMut() -> io::Result<Vec<u8>>) -> io::Result<Vec<u8>> {
    let records: io::Result<Vec<_>> = (0..times).map(|_| record()).collect();
    Ok(records?.concat())
}

/// A NewSessionTicket: lifetime, age_add, a nonce, a ticket of 1,000 bytes, no extensions (RFC 8446, 4.6.1).
fn ticket() -> io::Result<Vec<u8>> {
    handshake(4, &[&[0, 0, 1, 0, 1, 2, 3, 4, 1, 9, 3, 232][..], &[5; 1000], &[0, 0]].concat())
}
