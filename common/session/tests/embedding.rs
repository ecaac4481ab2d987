//! Sessions under a loop of another kind: two threads, each with one blocking wait. No mio, no event source that reports
//! edges.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{self, IoSlice, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustls::Connection;
use rustls::version::TLS13;
use tls_session::application::{Application, HIGH_WATER_MARK, Next, Outbox};
use tls_session::authorize::VerifiedByRustls;
use tls_session::buffers::Buffers;
use tls_session::close_reason::{CloseReason, Party};
use tls_session::context::Context;
use tls_session::deadline::Timeouts;
use tls_session::observer::SessionId;
use tls_session::readiness::Readiness;
use tls_session::session::{Session, SessionConfig, Turn};
use tls_session::simulation::tls::Tls;
use tls_session::transport::Transport;

/// A socket of which nothing is known but what its calls return: a short read does not mean that it is empty.
struct Socket(UnixStream);

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Transport for Socket {
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.0.shutdown(Shutdown::Write)
    }
}

/// Sends `left` chunks, the next one only when the output of the one before has drained.
struct Sender {
    left: usize,
    drained: usize,
}

/// More than the high-water mark.
const CHUNK: usize = 16 * HIGH_WATER_MARK;

impl Sender {
    fn send(&mut self, outbox: &mut Outbox<'_>) -> Next {
        if self.left == 0 {
            return Next::Close;
        }
        self.left -= 1;
        outbox.send(&vec![7; CHUNK]);
        Next::Continue
    }
}

impl Application for Sender {
    fn established(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        self.send(outbox)
    }

    fn received(&mut self, _now: Instant, _plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        Next::Continue
    }

    fn drained(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        self.drained += 1;
        self.send(outbox)
    }
}

/// Counts what it gets.
struct Counter(usize);

impl Application for Counter {
    fn received(&mut self, _now: Instant, plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        self.0 += plaintext.len();
        Next::Continue
    }

    fn reads_on(&self, _pending_output: usize) -> bool {
        true
    }
}

/// Runs one session to its end, with a wait of its own: the loop of a thread for each session.
fn run<A: Application>(tls: impl Into<Connection>, socket: UnixStream, application: A) -> (CloseReason, A) {
    socket.set_nonblocking(true).unwrap();
    let config =
        Arc::new(SessionConfig { authorize: Arc::new(VerifiedByRustls), timeouts: Timeouts::default() });
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 443));
    let id = SessionId { number: 1, peer: address };
    let (mut buffers, mut nobody) = (Buffers::default(), ());
    let cx = &mut Context::new(Instant::now(), &mut buffers, &mut nobody);
    let watched = socket.try_clone().unwrap();
    let mut session = Session::new(id, address, tls, Socket(socket), application, config, cx);
    loop {
        let cx = &mut Context::new(Instant::now(), &mut buffers, &mut nobody);
        match session.turn(cx) {
            Turn::Done(reason) => return (reason, session.into_parts().1),
            Turn::Again(_) => {}
            Turn::Wait(wants) => session.ready(wait(&watched, wants.readable, wants.writable), cx),
        }
    }
}

/// Waits as poll(2) does: level-triggered.
fn wait(socket: &UnixStream, readable: bool, writable: bool) -> Readiness {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, readable);
    flags.set(PollFlags::OUT, writable);
    assert!(!flags.is_empty(), "a session that waits for nothing");
    let mut descriptors = [PollFd::new(socket, flags)];
    let timeout = Timespec::try_from(Duration::from_secs(60)).unwrap();
    poll(&mut descriptors, Some(&timeout)).unwrap();
    let ready = descriptors[0].revents();
    let broken = ready.intersects(PollFlags::HUP | PollFlags::ERR);
    Readiness::new(
        ready.contains(PollFlags::IN) || broken,
        ready.contains(PollFlags::OUT) || broken,
        ready.contains(PollFlags::HUP),
    )
}

#[test]
fn a_session_runs_on_a_level_triggered_socket_in_a_thread_of_its_own() {
    let tls = Tls::new(&TLS13).shared();
    let (here, there) = UnixStream::pair().unwrap();
    let server = tls.server();
    let sender = thread::spawn(move || run(server, there, Sender { left: 3, drained: 0 }));
    let (reason, counter) = run(tls.client(), here, Counter(0));
    assert_eq!(reason, CloseReason::Clean { first: Party::Peer });
    assert_eq!(counter.0, 3 * CHUNK);
    let (reason, sender) = sender.join().unwrap();
    assert_eq!(reason, CloseReason::Clean { first: Party::Us });
    assert_eq!(sender.drained, 3, "the application hears each time that its output has drained");
}

/// A session goes to another thread if its parts do.
#[test]
fn a_session_is_send() {
    fn assert_send<T: Send>() {}
    assert_send::<Session<Socket, Counter>>();
    assert_send::<tls_session::mio::Registered<Counter>>();
}
