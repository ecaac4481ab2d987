//! Chapter 5: close_notify, alerts and the tail of the answer arrive. Memory has no limit.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::peer::{Peer, drive, listener};
use crate::steps::step_04::Server;
use crate::steps::step_05::{Session, main};

const SHORT: Option<Duration> = Some(Duration::from_millis(1));

#[test]
fn chapter_05_runs() {
    main().unwrap();
}

/// Sends `request` and close_notify in this version, and reads only when all of that is written.
fn exchange(
    version: &'static rustls::SupportedProtocolVersion,
    request: &[u8],
) -> (Vec<u8>, Result<(), ErrorKind>) {
    let (listener, address) = listener();
    let mut server = Server::<Session>::new(listener).unwrap();
    let mut peer = Peer::with(address, &[version]);
    peer.finish_handshake(|| server.turn(SHORT).unwrap());
    peer.send(request);
    peer.tls.send_close_notify();
    drive(|| server.turn(SHORT).unwrap(), || peer.write());
    peer.run_to_end(|| server.turn(SHORT).unwrap());
    (peer.received, peer.end.unwrap())
}

#[test]
fn chapter_05_close_notify_follows_the_whole_answer() {
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        for length in [5, 1_000_000] {
            let request = vec![7; length];
            assert_eq!(exchange(version, &request), (request, Ok(())));
        }
    }
}

#[test]
fn chapter_05_bytes_behind_close_notify_do_not_destroy_the_answer() {
    let (listener, address) = listener();
    let server = std::cell::RefCell::new(Server::<Session>::new(listener).unwrap());
    let turn = || server.borrow_mut().turn(SHORT).unwrap();
    let mut peer = Peer::established(address, turn);
    let request = vec![7; 60_000];
    peer.send(&request);
    peer.tls.send_close_notify();
    peer.raw.extend([9; 40_000]); // more than one read: some of them are still unread when the server has finished
    drive(turn, || peer.write());
    // The client has not read a byte. A part of the answer is still in the kernel of the server.
    drive(turn, || server.borrow().sessions.values().all(Session::has_sent_fin));
    peer.run_to_end(turn);
    assert_eq!((peer.received.len(), peer.end), (request.len(), Some(Ok(()))));
}

#[test]
fn chapter_05_a_client_that_speaks_http_gets_an_alert() {
    let (listener, address) = listener();
    let mut server = Server::<Session>::new(listener).unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    socket.write_all(b"GET / HTTP/1.0\r\n").unwrap();
    socket.write_all(&[b'x'; 10_000]).unwrap(); // bytes that the server does not parse
    socket.set_nonblocking(true).unwrap();
    let mut received = Vec::new();
    drive(
        || server.turn(SHORT).unwrap(),
        || socket.read_to_end(&mut received).is_ok(), // until the FIN of the server
    );
    assert_eq!(received, [21, 3, 3, 0, 2, 2, 50], "a fatal alert: decode_error");
    drop(socket);
    let server = std::cell::RefCell::new(server);
    drive(|| server.borrow_mut().turn(SHORT).unwrap(), || server.borrow().sessions.is_empty());
}

#[test]
fn chapter_05_a_bare_fin_is_not_certified() {
    let (listener, address) = listener();
    let mut server = Server::<Session>::new(listener).unwrap();
    let mut peer = Peer::established(address, || server.turn(SHORT).unwrap());
    peer.send(b"hello");
    assert!(peer.write());
    peer.socket.shutdown(Shutdown::Write).unwrap();
    peer.run_to_end(|| server.turn(SHORT).unwrap());
    assert_eq!((&peer.received[..], peer.end), (&b"hello"[..], Some(Err(ErrorKind::UnexpectedEof))));
}

#[test]
fn chapter_05_a_client_that_does_not_read_makes_the_server_grow() {
    let (listener, address) = listener();
    let server = std::cell::RefCell::new(Server::<Session>::new(listener).unwrap());
    let turn = || server.borrow_mut().turn(SHORT).unwrap();
    let mut peer = Peer::established(address, turn);
    drive(turn, || {
        if peer.write() {
            peer.send(&[7; 100_000]);
        }
        server.borrow().sessions.values().map(Session::unsent).sum::<usize>() > 2_000_000
    });
}
