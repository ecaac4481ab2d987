//! Chapter 4: the poll reports a change once. The server remembers it. Its sessions end too early.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use rustls::{ClientConnection, DEFAULT_VERSIONS, ServerConfig, ServerConnection};

use crate::peer::{Peer, drive, listener, shake_hands};
use crate::steps::step_04::{Serve, Server, Session, is_connected, main, serve_one};
use crate::steps::{step_05, step_06, tls};

const LOCAL: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);
/// Longer than any test waits for an event that comes.
const LONG: Option<Duration> = Some(Duration::from_secs(30));
const SHORT: Option<Duration> = Some(Duration::from_millis(1));

#[test]
fn chapter_04_runs() {
    main();
    let error = serve_one::<Session>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "no close_notify");
}

#[test]
fn chapter_04_the_server_echoes_to_several_clients() {
    let (listener, address) = listener();
    let mut server = Server::<Session>::new(listener).unwrap();
    let mut peers: Vec<Peer> = (0..5).map(|_| Peer::connect(address)).collect();
    for (number, peer) in peers.iter_mut().enumerate() {
        peer.send(&vec![u8::try_from(number).unwrap(); 300_000]);
    }
    drive(
        || server.turn(SHORT).unwrap(),
        || {
            peers.iter_mut().fold(true, |all, peer| {
                peer.write();
                peer.read();
                all && peer.received.len() == 300_000
            })
        },
    );
    for (number, peer) in peers.iter().enumerate() {
        assert!(peer.received.iter().all(|byte| usize::from(*byte) == number));
    }
}

/// A connection: the near end is registered with the poll.
fn connection(poll: &Poll) -> (TcpStream, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind(LOCAL).unwrap();
    let near = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    near.set_nonblocking(true).unwrap();
    let mut near = TcpStream::from_std(near);
    poll.registry().register(&mut near, Token(1), Interest::READABLE).unwrap();
    (near, listener.accept().unwrap().0)
}

#[test]
fn chapter_04_an_edge_comes_once() {
    let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(8));
    let (mut near, mut far) = connection(&poll);
    far.write_all(&[7; 100]).unwrap();
    poll.poll(&mut events, LONG).unwrap();
    assert_eq!(events.iter().count(), 1);
    assert_eq!(near.read(&mut [0; 10]).unwrap(), 10);

    poll.poll(&mut events, Some(Duration::ZERO)).unwrap();
    assert!(events.is_empty(), "90 bytes are left, and the poll is silent");

    far.write_all(&[7]).unwrap();
    poll.poll(&mut events, LONG).unwrap();
    assert_eq!(events.iter().count(), 1, "one byte more, and the poll reports the socket again");
    assert_eq!(near.read(&mut [0; 200]).unwrap(), 91);
    assert_eq!(near.read(&mut [0; 200]).unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn chapter_04_an_event_of_this_batch_comes_even_after_deregister() {
    let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(8));
    let (mut near, mut far) = connection(&poll);
    far.write_all(&[7]).unwrap();
    poll.poll(&mut events, LONG).unwrap();
    poll.registry().deregister(&mut near).unwrap();
    drop(near);
    let (_new, _far) = connection(&poll); // has the same token, and nothing to read
    assert_eq!(
        events.iter().next().unwrap().token(),
        Token(1),
        "the old event has the token of the new socket"
    );
}

#[test]
fn chapter_04_one_edge_announces_several_connections() {
    let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(8));
    let mut listener = TcpListener::bind(SocketAddr::from(LOCAL)).unwrap();
    let address = listener.local_addr().unwrap();
    let _clients: Vec<_> = (0..5).map(|_| std::net::TcpStream::connect(address).unwrap()).collect();
    poll.registry().register(&mut listener, Token(0), Interest::READABLE).unwrap();
    poll.poll(&mut events, LONG).unwrap();
    assert_eq!(events.iter().count(), 1);
    listener.accept().unwrap();
    poll.poll(&mut events, Some(Duration::ZERO)).unwrap();
    assert!(events.is_empty(), "four connections are left, and the poll is silent");
    for _ in 0..4 {
        listener.accept().unwrap();
    }
}

#[test]
fn chapter_04_a_refused_connection_is_found_by_take_error() {
    let address = std::net::TcpListener::bind(LOCAL).unwrap().local_addr().unwrap(); // closed again
    let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(8));
    let mut socket = TcpStream::connect(address).unwrap();
    poll.registry().register(&mut socket, Token(1), Interest::WRITABLE).unwrap();
    poll.poll(&mut events, LONG).unwrap();
    assert_eq!(is_connected(&socket).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(socket.read(&mut [0]).unwrap(), 0, "now it looks like an end-of-file");
}

#[test]
fn chapter_04_a_connection_is_done_when_it_has_a_peer() {
    let listener = std::net::TcpListener::bind(LOCAL).unwrap();
    let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(8));
    let mut socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    poll.registry().register(&mut socket, Token(1), Interest::WRITABLE).unwrap();
    while !is_connected(&socket).unwrap() {
        poll.poll(&mut events, LONG).unwrap();
    }
}

#[test]
fn chapter_04_no_close_notify_follows_the_answer() {
    let (listener, address) = listener();
    let mut server = Server::<Session>::new(listener).unwrap();
    let mut peer = Peer::established(address, || server.turn(SHORT).unwrap());
    peer.send(b"hello");
    peer.tls.send_close_notify();
    peer.run_to_end(|| server.turn(SHORT).unwrap());
    assert_eq!((&peer.received[..], peer.end), (&b"hello"[..], Some(Err(ErrorKind::UnexpectedEof))));
}

#[test]
fn chapter_04_the_tail_of_a_long_answer_is_lost() {
    let (listener, address) = listener();
    let mut server = Server::<Session>::new(listener).unwrap();
    let mut peer = Peer::established(address, || server.turn(SHORT).unwrap());
    peer.send(&[7; 1_000_000]);
    peer.tls.send_close_notify();
    drive(|| server.turn(SHORT).unwrap(), || peer.write()); // the server takes everything, without limit
    peer.run_to_end(|| server.turn(SHORT).unwrap());
    assert!(peer.received.len() < 1_000_000);
}

#[test]
fn chapter_04_a_client_that_speaks_http_gets_no_alert() {
    let (listener, address) = listener();
    let mut server = Server::<Session>::new(listener).unwrap();
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    socket.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    drive(|| server.turn(SHORT).unwrap(), || server_has_read(&socket));
    assert_eq!(socket.read(&mut [0; 100]).unwrap_or(0), 0, "end-of-file or a reset");
}

/// Returns whether the server has sent something or has closed the connection.
fn server_has_read(socket: &std::net::TcpStream) -> bool {
    socket.set_nonblocking(true).unwrap();
    let is_silent = socket.peek(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
    socket.set_nonblocking(false).unwrap();
    !is_silent
}

/// Returns a client with a ticket that allows early data. A server with another configuration does not know the ticket.
fn with_ticket() -> ClientConnection {
    let mut client = tls::client_config_of(DEFAULT_VERSIONS);
    client.enable_early_data = true;
    let client = Arc::new(client);
    let mut server = ServerConfig::clone(&tls::server_config());
    server.max_early_data_size = 16_384;
    let server = ServerConnection::new(Arc::new(server)).unwrap();
    shake_hands(&mut [tls::client_with(Arc::clone(&client)).into(), server.into()]);
    tls::client_with(client)
}

/// rustls counts the rejected record again in each `process_new_packets` of the handshake, up to 16,384 bytes.
fn survives_rejected_early_data<S: Serve>() {
    let (listener, address) = listener();
    let mut server = Server::<S>::new(listener).unwrap();
    let mut client = with_ticket();
    client.early_data().unwrap().write_all(&[7; 7000]).unwrap();
    let mut peer = Peer::of(address, client);
    assert!(peer.write());
    peer.finish_handshake(|| server.turn(SHORT).unwrap());
    peer.send(b"hello");
    peer.hears(|| server.turn(SHORT).unwrap(), b"hello");
}

#[test]
fn chapter_04_a_read_without_bytes_processes_nothing() {
    survives_rejected_early_data::<Session>();
    survives_rejected_early_data::<step_05::Session>();
    survives_rejected_early_data::<step_06::Session>();
}
