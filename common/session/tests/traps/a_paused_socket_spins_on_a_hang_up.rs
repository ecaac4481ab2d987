//! # A level-triggered loop pauses a socket with `events = 0`, and spins when the peer hangs up
//!
//! **Symptom:** 100 % CPU from the moment when a client disconnects, but only while the server holds more data for it
//! than it can pass on. `strace` shows `poll` or `epoll_wait` that return `POLLHUP` at once, again and again, and no
//! read in between.
//!
//! **Cause:** `POLLHUP` and `POLLERR` are reported whether or not they were asked for (poll(2)). A level-triggered
//! source reports them for as long as they hold, which is for ever. A loop that reads only sockets that it wants to
//! read does nothing about them.
//!
//! **Rule:** Remove a socket that wants nothing from the set (`EPOLL_CTL_DEL`, a negative descriptor, no entry). Add
//! it when it wants something again. Its deadline must run meanwhile, because nothing else can end it.
//!
//! **Ours:** `common/session/src/session/wants.rs`, `Wants::interest`; `common/session/src/readiness.rs`, `Interest::NONE`;
//! `common/session/tests/embedding.rs`, `wait`, a loop on poll(2)
//!
//! **Seen in:** apple/cups#4605, nakst/gf#51, hapostgres/pg_auto_failover#836

use std::io::{self, Read, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustls::version::TLS13;
use tls_session::application::{Application, Next, Outbox};
use tls_session::buffers::Buffers;
use tls_session::context::Context;
use tls_session::observer::SessionId;
use tls_session::readiness::{Interest, Readiness};
use tls_session::session::{Session, Turn, Wants};

use super::sockets::{ANY, LIMIT, SHORT, wait_readable};
use super::support::tls;

const CAPACITY: usize = 3;
/// A server would go on for ever.
const ENOUGH: usize = 1000;

/// A relay whose consumer has stopped. It reads while there is room in the inbox. Returns how many rounds have done
/// nothing.
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

/// Returns what poll(2) reports about a socket.
fn report(socket: &UnixStream, wanted: PollFlags, limit: Duration) -> PollFlags {
    let mut watched = [PollFd::new(socket, wanted)];
    poll(&mut watched, Some(&Timespec::try_from(limit).unwrap())).unwrap();
    watched[0].revents()
}

/// A loop on poll(2) around our session. It returns when the session wants no event: then it would sleep until the
/// deadline.
fn ours(session: &mut Session<UnixStream, Relay>) -> Wants {
    let (mut buffers, mut nobody) = (Buffers::default(), ());
    loop {
        let cx = &mut Context::new(Instant::now(), &mut buffers, &mut nobody);
        let (Turn::Wait(wants) | Turn::Again(wants)) = session.turn(cx) else { panic!("it is over") };
        if wants.interest() == Interest::NONE {
            return wants;
        }
        let mut wanted = PollFlags::empty();
        wanted.set(PollFlags::IN, wants.readable);
        wanted.set(PollFlags::OUT, wants.writable);
        let reported = report(session.transport_mut(), wanted, LIMIT);
        assert!(!reported.is_empty(), "nothing has come");
        session.ready(Readiness::new(reported.contains(PollFlags::IN), true, false), cx);
    }
}

#[test]
fn ours_does_not_watch_a_socket_while_it_wants_nothing() {
    let tls = tls(&TLS13);
    let (socket, mut there) = UnixStream::pair().unwrap();
    socket.set_nonblocking(true).unwrap();
    let mut client = tls.client();
    let client = thread::spawn(move || {
        rustls::Stream::new(&mut client, &mut there).write_all(b"one").unwrap();
        there
    });
    let (mut buffers, mut nobody) = (Buffers::default(), ());
    let cx = &mut Context::new(Instant::now(), &mut buffers, &mut nobody);
    let (id, config) = (SessionId { number: 1, peer: ANY }, Arc::clone(&tls.server_sessions));
    let mut session = Session::new(id, ANY, tls.server(), socket, Relay::default(), config, cx);

    ours(&mut session);
    assert_eq!(session.application().0, b"one", "the inbox is full");
    drop(client.join().unwrap());
    let reported = report(session.transport_mut(), PollFlags::empty(), LIMIT);
    assert!(reported.contains(PollFlags::HUP), "poll(2) would report the hang-up again and again");
    let wants = ours(&mut session);
    assert!(wants.deadline.is_some(), "the idle deadline ends the session");
}
