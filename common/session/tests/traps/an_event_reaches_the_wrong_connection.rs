//! # A token is used again, and the event of a dead connection reaches a new one
//!
//! **Symptom:** A client that has just connected is disconnected at once. The log says `Resource temporarily
//! unavailable (os error 11)`, or an `unwrap` of a read panics with it. It happens under load, when one connection
//! closes another: a proxy, a chat, a server that drops its oldest client.
//!
//! **Cause:** `poll` returns a batch of events. The first event closes another connection, and the second accepts a
//! client, which gets the free key and so the token (a slab does that). The third event was meant for the dead
//! connection. `deregister` keeps only *future* polls silent (mio, `src/poll.rs`, `Registry::deregister`).
//!
//! **Rule:** Note all events of a batch before you act on one. Give a freed token to a new connection in a later
//! round at the earliest. Take `WouldBlock` for "nothing there", never for an error: events may be spurious.
//!
//! **Ours:** `server/src/event_loop.rs`, `gather` before `admit` before `turn`; `common/session/src/session.rs`,
//! `Session::turn`
//!
//! **Seen in:** tokio-rs/mio#219, creytiv/re#266, hjr3/mob#2
//!
//! **Note:** `EventLoop` is in another crate. So our test runs the server of `sockets.rs`, which gathers, admits and
//! turns in the same order. It is not the same schedule: a new client comes while another one leaves.

use std::io::{self, Read as _, Write as _};

use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use rustls::version::TLS13;
use slab::Slab;
use tls_session::close_reason::{CloseReason, Endpoint};
use tls_session::phase::Phase;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::sockets::{ANY, SHORT, Server, connect, visit, wait_readable};
use super::support::tls;

const LISTENER: Token = Token(1000);

/// A proxy. A client and its partner end together.
struct Proxy {
    listener: TcpListener,
    sockets: Slab<TcpStream>,
}

impl Proxy {
    /// Handles one event.
    fn naive(&mut self, event: &Event, poll: &Poll) -> io::Result<()> {
        if event.token() == LISTENER {
            while let Ok((client, _)) = self.listener.accept() {
                let key = self.sockets.insert(client);
                poll.registry().register(&mut self.sockets[key], Token(key), Interest::READABLE)?;
            }
            return Ok(());
        }
        let Token(key) = event.token();
        let Some(socket) = self.sockets.get_mut(key) else { return Ok(()) };
        match socket.read(&mut [0; 4096]) {
            Ok(0) => {
                poll.registry().deregister(&mut self.sockets.remove(key))?;
                poll.registry().deregister(&mut self.sockets.remove(partner(key)))?;
                Ok(())
            }
            Ok(_) => Ok(()), // and passes it to the partner
            Err(error) => {
                poll.registry().deregister(&mut self.sockets.remove(key))?;
                Err(error)
            }
        }
    }
}

/// The first two connections belong together.
fn partner(key: usize) -> usize {
    1 - key
}

#[test]
fn the_naive_loop_disconnects_a_new_client() {
    let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(64));
    let listener = TcpListener::bind(ANY).unwrap();
    let address = listener.local_addr().unwrap();
    let mut proxy = Proxy { listener, sockets: Slab::new() };
    let peers = [connect(address), connect(address)];
    for _ in &peers {
        wait_readable(&proxy.listener);
        proxy.sockets.insert(proxy.listener.accept().unwrap().0);
    }
    // In this order: one client leaves, another connects, and the partner of the first one sends something. All of it has come
    // before the sockets are registered, so it is one batch in this order.
    let [leaver, mut other] = peers;
    drop(leaver);
    other.write_all(b"still here").unwrap();
    let mut newcomer = connect(address);
    wait_readable(&proxy.sockets[0]);
    wait_readable(&proxy.sockets[1]);
    wait_readable(&proxy.listener);
    poll.registry().register(&mut proxy.sockets[0], Token(0), Interest::READABLE).unwrap();
    poll.registry().register(&mut proxy.listener, LISTENER, Interest::READABLE).unwrap();
    poll.registry().register(&mut proxy.sockets[1], Token(1), Interest::READABLE).unwrap();

    poll.poll(&mut events, Some(SHORT)).unwrap();
    let tokens: Vec<Token> = events.iter().map(Event::token).collect();
    assert_eq!(tokens, [Token(0), LISTENER, Token(1)]);
    let results: Vec<_> = events.iter().map(|event| proxy.naive(event, &poll)).collect();
    let error = results.into_iter().find_map(Result::err).expect("an error");
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    assert!(proxy.sockets.is_empty());
    assert_eq!(newcomer.read(&mut [0; 16]).unwrap(), 0, "the new client is disconnected");
}

/// Its slot is free after the turns of a round, and a new client gets it in the next round.
#[test]
fn ours_gives_a_key_to_a_new_client_in_the_next_round() {
    let tls = tls(&TLS13);
    let mut server = Server::new(&tls, 2, Echo::default);
    let (leaver, other) = (connect(server.address()), connect(server.address()));
    server.run_until(|server| server.sessions().count() == 2);
    drop(leaver);
    let newcomer = visit(server.address(), &tls);
    server.run_until(|_| newcomer.is_finished());
    assert_eq!(newcomer.join().unwrap(), b"hello");
    server.run_until(|server| server.over.len() == 2);
    let ends = [CloseReason::Truncated { established: false }, CloseReason::Clean { first: Endpoint::Peer }];
    assert_eq!(server.over, ends);
    drop(other);
}

/// Even an event for another connection does no harm.
#[test]
fn ours_takes_an_event_without_bytes_for_spurious() {
    let mut pair = RawPair::server(tls(&TLS13), Echo::default());
    pair.session.report_ready(pair.now);
    pair.session.settle(pair.now);
    assert_eq!(pair.session.phase(), &Phase::Handshaking);
    let mut pair = pair.established();
    pair.send(b"hello");
    assert_eq!(pair.raw.received, b"hello");
}
