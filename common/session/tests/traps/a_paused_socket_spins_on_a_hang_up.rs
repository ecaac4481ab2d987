//! # A level-triggered loop pauses a socket with `events = 0`, and spins when the peer hangs up
//!
//! **Symptom:** 100 % CPU from the moment when a client disconnects, but only while the server holds more data for it than it can pass on.
//! `strace` shows `poll` or `epoll_wait` that return `POLLHUP` at once, again and again, and no read in between.
//!
//! **Cause:** `POLLHUP` and `POLLERR` are reported whether or not they were asked for (poll(2)). A level-triggered source reports them for as
//! long as they hold, which is for ever. A loop that reads only sockets that it wants to read does nothing about them.
//!
//! **Rule:** Remove a socket that wants nothing from the set (`EPOLL_CTL_DEL`, a negative descriptor, no entry). Add it when it wants something
//! again. Its deadline must run meanwhile, because nothing else can end it.
//!
//! **Ours:** `common/session/src/session.rs`, `Wants::interest`; `common/session/src/readiness.rs`, `Interest::NONE`;
//! `common/session/tests/embedding.rs`, `wait`, a loop on poll(2)
//!
//! **Seen in:** apple/cups#4605, nakst/gf#51, hapostgres/pg_auto_failover#836
//!
//! **Note:** Our test runs a `Session` on the simulated network, and not on poll(2). It checks that the session wants no event.

use std::io::{self, Read, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustls::version::TLS13;
use tls_session::application::{Application, Next, Outbox};
use tls_session::readiness::Interest;
use tls_session::simulation::raw_pair::RawPair;

use super::sockets::{SHORT, wait_readable};
use super::support::{self, Step, tls};

const CAPACITY: usize = 3;
/// A server would go on for ever.
const ENOUGH: usize = 1000;

/// A relay whose consumer has stopped. It reads while there is room in the inbox. Returns how many rounds have done nothing.
fn naive(socket: &mut UnixStream, inbox: &mut Vec<u8>) -> io::Result<usize> {
    let mut idle = 0;
    while idle < ENOUGH {
        let has_room = inbox.len() < CAPACITY;
        let wanted = if has_room { PollFlags::IN } else { PollFlags::empty() };
        let mut watched = [PollFd::new(&*socket, wanted)];
        if poll(&mut watched, Some(&Timespec::try_from(SHORT).unwrap()))? == 0 {
            return Ok(idle); // a server would wait here
        }
        if has_room {
            let mut buffer = [0; CAPACITY];
            let length = socket.read(&mut buffer)?;
            inbox.extend_from_slice(&buffer[..length]);
        } else {
            idle += 1;
        }
    }
    Ok(idle)
}

#[test]
fn the_naive_loop_spins_on_a_client_that_is_gone() {
    let (mut socket, mut client) = UnixStream::pair().unwrap();
    client.write_all(b"one").unwrap();
    wait_readable(&socket);
    let mut inbox = Vec::new();
    assert_eq!(naive(&mut socket, &mut inbox).unwrap(), 0, "it sleeps while the client is there");
    assert_eq!(inbox, b"one", "the inbox is full");
    drop(client);
    assert_eq!(naive(&mut socket, &mut inbox).unwrap(), ENOUGH);
}

/// An application whose consumer has stopped.
#[derive(Default)]
struct Relay(Vec<u8>);

impl Application for Relay {
    fn received(&mut self, _now: Instant, plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        self.0.extend_from_slice(plaintext);
        Next::Continue
    }

    fn reads_on(&self, _pending_output: usize) -> bool {
        self.0.len() < CAPACITY
    }
}

/// The client fills the inbox, and hangs up.
const SCHEDULE: &[Step] = &[|client| client.send(b"one"), |client| client.send_fin()];

#[test]
fn ours_is_not_watched_while_it_wants_nothing() {
    let pair = support::run(RawPair::server(tls(&TLS13), Relay::default()), SCHEDULE);
    assert_eq!(pair.session.application().0, b"one", "the inbox is full");
    assert_eq!(pair.session.interest(), Interest::NONE);
    assert!(!pair.session.is_runnable());
    assert_eq!(pair.session.socket.poll(), None);
    assert!(pair.session.deadline().is_some(), "the idle deadline ends the session");
}
