//! `early_data()` of a client and of a server.

use std::io::{ErrorKind, Read as _, Write as _};

use rustls::version::TLS13;
use rustls::{AlertDescription, Connection, Error, PeerMisbehaved};
use tls_session::simulation::pattern;
use tls_session::simulation::tls::{Shared, Tls};

use super::support::{Pair, output, plaintext, queued_alert, read, receive};

/// How much early data the tickets allow.
const ALLOWED: usize = 1000;

/// A server whose tickets allow early data, and a client that has one.
fn with_ticket() -> Tls {
    Tls::with_early_data(ALLOWED as u32)
}

/// Queues early data. Returns how much of it was taken.
fn write(client: &mut Connection, bytes: &[u8]) -> usize {
    let Connection::Client(client) = client else { panic!("no client") };
    client.early_data().unwrap().write(bytes).unwrap()
}

fn may_write(client: &mut Connection) -> bool {
    let Connection::Client(client) = client else { panic!("no client") };
    client.early_data().is_some()
}

fn is_accepted(client: &Connection) -> bool {
    let Connection::Client(client) = client else { panic!("no client") };
    client.is_early_data_accepted()
}

/// Reads early data. `None`: there is no reader for it.
fn early(server: &mut Connection, room: usize) -> Option<Vec<u8>> {
    let Connection::Server(server) = server else { panic!("no server") };
    let mut buffer = vec![0; room];
    let length = server.early_data()?.read(&mut buffer).unwrap();
    buffer.truncate(length);
    Some(buffer)
}

/// A client that has queued this early data behind its ClientHello, and a server.
fn pair(tls: impl Into<Shared>, bytes: &[u8]) -> Pair {
    let mut pair = Pair::of(tls);
    assert_eq!(write(&mut pair.client, bytes), bytes.len());
    pair
}

#[test]
fn early_data_has_a_reader_of_its_own() {
    let Pair { mut client, mut server } = pair(with_ticket(), b"early");
    assert_eq!(early(&mut server, 9), None); // the ClientHello has not come
    let state = receive(&mut server, &output(&mut client)).unwrap();
    assert_eq!(state.plaintext_bytes_to_read(), 0);
    assert_eq!(read(&mut server), Err(ErrorKind::WouldBlock));
    output(&mut server);
    assert!(server.wants_read()); // early data does not stop it
    assert_eq!(early(&mut server, 3).unwrap(), b"ear");
    assert_eq!(early(&mut server, 9).unwrap(), b"ly");
}

#[test]
fn the_early_data_reader_returns_zero_when_nothing_waits_and_more_may_come() {
    let Pair { mut client, mut server } = pair(with_ticket(), b"early");
    receive(&mut server, &output(&mut client)).unwrap();
    assert_eq!(early(&mut server, 9).unwrap(), b"early");
    assert_eq!(early(&mut server, 9).unwrap(), b"");
    assert_eq!(write(&mut client, b"more"), 4);
    receive(&mut server, &output(&mut client)).unwrap();
    assert_eq!(early(&mut server, 9).unwrap(), b"more");
}

#[test]
fn early_data_can_be_read_after_the_handshake() {
    let mut pair = pair(with_ticket(), b"early").settled();
    assert!(is_accepted(&pair.client));
    assert_eq!(early(&mut pair.server, 9).unwrap(), b"early");
    assert_eq!(early(&mut pair.server, 9).unwrap(), b"");
    assert!(!may_write(&mut pair.client));
}

#[test]
fn a_full_handshake_has_no_early_data_reader_and_no_writer() {
    let mut pair = Pair::of(Tls::new(&TLS13));
    assert!(!may_write(&mut pair.client));
    let mut pair = pair.settled();
    assert_eq!(early(&mut pair.server, 9), None);
    assert!(!may_write(&mut pair.client));
}

#[test]
fn writes_of_early_data_become_short_and_then_zero() {
    let mut client = Pair::of(with_ticket()).client;
    assert_eq!(write(&mut client, &pattern(ALLOWED + 1)), ALLOWED);
    assert_eq!(write(&mut client, b"more"), 0);
}

/// The allowance pays for all bytes of the call, and the buffer takes fewer.
#[test]
fn a_short_write_of_early_data_costs_its_whole_length() {
    let mut client = Pair::of(with_ticket()).client;
    output(&mut client);
    client.set_buffer_limit(Some(10));
    assert_eq!(write(&mut client, &pattern(ALLOWED)), 10);
    output(&mut client);
    assert_eq!(write(&mut client, b"more"), 0);
}

#[test]
fn rejected_early_data_is_lost_and_the_session_goes_on() {
    let tls = with_ticket();
    let mut refusing = tls.clone();
    refusing.server.max_early_data_size = 0;
    let mut pair = pair(refusing, b"early");
    pair.client.writer().write_all(b"usual").unwrap();
    let mut pair = pair.settled();
    assert!(!is_accepted(&pair.client) && !may_write(&mut pair.client));
    assert_eq!(early(&mut pair.server, 9), None);
    assert_eq!(plaintext(&mut pair.server), b"usual");
}

#[test]
fn more_early_data_than_allowed_queues_unexpected_message() {
    let tls = with_ticket();
    let mut smaller = tls.clone();
    smaller.server.max_early_data_size = 3;
    let Pair { mut client, mut server } = pair(smaller, b"early");
    let error = receive(&mut server, &output(&mut client)).unwrap_err();
    assert_eq!(error, Error::PeerMisbehaved(PeerMisbehaved::TooMuchEarlyDataReceived));
    assert_eq!(queued_alert(&mut server, &mut client), Some(AlertDescription::UnexpectedMessage));
}

/// `process_new_packets` without new bytes is not free here: it charges the rejected record again.
#[test]
fn process_without_new_bytes_charges_rejected_early_data_again() {
    let tls = with_ticket();
    let mut refusing = tls.clone();
    refusing.server.max_early_data_size = 0;
    let Pair { mut client, mut server } = pair(refusing, &pattern(ALLOWED));
    receive(&mut server, &output(&mut client)).unwrap();
    let calls = (1..100).find(|_| server.process_new_packets().is_err()).unwrap();
    assert!(calls > 1, "{calls}");
    assert_eq!(server.process_new_packets(), Err(Error::DecryptError));
}
