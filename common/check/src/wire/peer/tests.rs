use std::time::Duration;

use super::*;
use crate::wire::fixture;

/// The limit of a client's call.
const LIMIT: Duration = Duration::from_millis(300);
/// A call has no limit if it takes this long.
const FAR_TOO_LONG: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// A client of this server, before its handshake.
fn client(server: impl FnOnce(Connection) + Send + 'static) -> Client {
    let (mut client, _) = fixture::client(server);
    client.connection().set_limit(LIMIT);
    client
}

/// A client after its handshake, whose server does this then.
fn ready(server: impl FnOnce(&mut Server) + Send + 'static) -> Client {
    let (mut client, _) = fixture::ready(server);
    client.connection().set_limit(LIMIT);
    client
}

/// Calls `send` again and again, with a pause, for twice as long as no call may take.
fn drip(mut send: impl FnMut() -> io::Result<()>) {
    let start = Instant::now();
    while start.elapsed() < 2 * FAR_TOO_LONG && send().is_ok() {
        thread::sleep(PAUSE);
    }
}

/// A server that sends one byte after another.
fn dripping() -> Client {
    ready(|peer| drip(|| peer.send(b"A")))
}

fn ends_in_time<T>(call: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = call();
    assert!(start.elapsed() < FAR_TOO_LONG, "{:?}", start.elapsed());
    result
}

#[test]
fn single_bytes_do_not_make_a_handshake_longer() {
    let dripping = || {
        client(|mut connection| {
            connection.send(&[22, 3, 3, 0x40, 0]).unwrap();
            drip(|| connection.send(&[2]));
        })
    };
    let is_over = |error: io::Error| End::of(&error).is_open();
    assert!(is_over(ends_in_time(|| dripping().handshake()).unwrap_err()));
    assert!(is_over(ends_in_time(|| dripping().second_flight()).unwrap_err()));
    let send = |connection: &mut Connection, flight: &[u8]| connection.send(flight);
    assert!(is_over(ends_in_time(|| dripping().handshake_sent_by(send)).unwrap_err()));
    assert!(is_over(ends_in_time(|| dripping().connection().read_record()).unwrap_err()));
}

#[test]
fn single_bytes_do_not_make_a_call_longer() {
    let error = ends_in_time(|| dripping().receive(1 << 20)).unwrap_err();
    assert!(End::of(&error).is_open(), "{error}");
    assert_eq!(ends_in_time(|| dripping().receive_up_to(1 << 20)).1, Some(End::Open));
    assert_eq!(ends_in_time(|| dripping().receive_to_end()).1, End::Open);
    ends_in_time(|| dripping().leave(LIMIT));
}

#[test]
fn a_farewell_without_end_is_cut_off() {
    let (sent, received) = std::sync::mpsc::channel();
    let client = ready(move |peer| {
        peer.connection().set_limit(Duration::from_secs(60));
        let pieces = (0..1024).take_while(|_| peer.send(&[b'A'; 64 * 1024]).is_ok()).count();
        sent.send(pieces).unwrap();
    });
    client.leave(Duration::from_secs(60));
    let pieces = received.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(pieces < 1024, "the client has read 64 MB");
}
