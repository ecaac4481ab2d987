//! Sessions under a loop of another kind: two threads, each with one blocking wait. No mio, no event source that reports
//! edges.
#![allow(clippy::unwrap_used, clippy::expect_used)]

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
use tls_session::close_reason::{CloseReason, Endpoint};
use tls_session::context::Context;
use tls_session::deadline::Timeouts;
use tls_session::observer::SessionId;
use tls_session::readiness::Readiness;
use tls_session::session::{Session, SessionConfig, Turn, Wants};
use tls_session::simulation::tls::Tls;

/// Sends `left` chunks, the next one only when the output of the one before is below the mark. It closes when it hears
/// something.
struct Sender {
    left: usize,
    resumed: usize,
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
        Next::Close
    }

    fn resume_sending(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        self.resumed += 1;
        self.send(outbox)
    }
}

/// Counts what it gets.
struct Counter {
    received: usize,
    /// Whether it says `stop` when it has got something.
    stops: bool,
}

impl Application for Counter {
    fn received(&mut self, _now: Instant, plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        if let Some(outbox) = outbox
            && self.stops
            && self.received == 0
        {
            outbox.send(b"stop");
        }
        self.received += plaintext.len();
        Next::Continue
    }

    fn reads_on(&self, _pending_output: usize) -> bool {
        true
    }
}

/// Runs one session to its end, with a wait of its own: the loop of a thread for each session. Returns the number of
/// turns too.
fn run<A: Application>(
    tls: impl Into<Connection>,
    socket: UnixStream,
    application: A,
) -> (CloseReason, A, usize) {
    socket.set_nonblocking(true).unwrap();
    let config =
        Arc::new(SessionConfig { authorize: Arc::new(VerifiedByRustls), timeouts: Timeouts::default() });
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 443));
    let id = SessionId { number: 1, peer: address };
    let (mut buffers, mut nobody) = (Buffers::default(), ());
    let cx = &mut Context::new(Instant::now(), &mut buffers, &mut nobody);
    let watched = socket.try_clone().unwrap();
    let mut session = Session::new(id, address, tls, socket, application, config, cx);
    let mut turns = 0;
    loop {
        turns += 1;
        let cx = &mut Context::new(Instant::now(), &mut buffers, &mut nobody);
        match session.turn(cx) {
            Turn::Done(reason) => return (reason, session.into_parts().1, turns),
            // Others would have their turns now. The wait in between must not sleep, but it must ask: the peer may have sent
            // something.
            Turn::Again(wants) => {
                let at_once = Wants { deadline: Some(Instant::now()), ..wants };
                session.ready(wait(&watched, at_once), cx);
            }
            Turn::Wait(wants) => session.ready(wait(&watched, wants), cx),
        }
    }
}

/// Waits as poll(2) does: level-triggered, until the deadline. It watches no socket that wants nothing, because poll(2)
/// reports a hang-up all the same.
fn wait(socket: &UnixStream, wants: Wants) -> Readiness {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, wants.readable);
    flags.set(PollFlags::OUT, wants.writable);
    let mut watched: Vec<PollFd<'_>> = Vec::new();
    if !flags.is_empty() {
        watched.push(PollFd::new(socket, flags));
    }
    let left = wants.deadline.map(|at| at.saturating_duration_since(Instant::now()));
    let timeout = Timespec::try_from(left.expect("a deadline")).unwrap();
    poll(&mut watched, Some(&timeout)).unwrap();
    let ready = watched.first().map_or(PollFlags::empty(), PollFd::revents);
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
    let sender = thread::spawn(move || run(server, there, Sender { left: 3, resumed: 0 }));
    let (reason, counter, _) = run(tls.client(), here, Counter { received: 0, stops: false });
    assert_eq!(reason, CloseReason::Clean { first: Endpoint::Peer });
    assert_eq!(counter.received, 3 * CHUNK);
    let (reason, sender, _) = sender.join().unwrap();
    assert_eq!(reason, CloseReason::Clean { first: Endpoint::Local });
    assert_eq!(sender.resumed, 3, "the application hears each time that it can send again");
}

/// A session goes to another thread if its parts do.
#[test]
fn a_session_is_send() {
    fn assert_send<T: Send>() {}
    assert_send::<Session<UnixStream, Counter>>();
    assert_send::<tls_session::mio::Registered<Counter>>();
}

#[test]
fn an_application_that_always_sends_still_reads() {
    let tls = Tls::new(&TLS13).shared();
    let (here, there) = UnixStream::pair().unwrap();
    let server = tls.server();
    let sender = thread::spawn(move || run(server, there, Sender { left: usize::MAX, resumed: 0 }));
    let (reason, ..) = run(tls.client(), here, Counter { received: 0, stops: true });
    assert_eq!(reason, CloseReason::Clean { first: Endpoint::Peer });
    assert_eq!(sender.join().unwrap().0, CloseReason::Clean { first: Endpoint::Local });
}

/// Answers the peer's close_notify some time later.
struct Late(Option<Instant>);

impl Application for Late {
    fn received(&mut self, _now: Instant, _plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        Next::Continue
    }

    fn peer_finished(&mut self, now: Instant, _outbox: &mut Outbox<'_>) -> Next {
        self.0 = Some(now + Duration::from_millis(300));
        Next::Continue
    }

    fn deadline(&self) -> Option<Instant> {
        self.0
    }

    fn timer(&mut self, _now: Instant, _outbox: &mut Outbox<'_>) -> Next {
        Next::Close
    }
}

/// The FIN keeps the socket readable for as long as the answer takes.
#[test]
fn a_half_closed_session_does_not_spin_on_a_level_triggered_socket() {
    let tls = Tls::new(&TLS13).shared();
    let (here, mut there) = UnixStream::pair().unwrap();
    let server = tls.server();
    let session = thread::spawn(move || run(server, here, Late(None)));
    let mut client = tls.client();
    client.complete_io(&mut there).unwrap();
    client.send_close_notify();
    client.complete_io(&mut there).unwrap();
    there.shutdown(Shutdown::Write).unwrap();
    let (reason, _, turns) = session.join().unwrap();
    assert_eq!(reason, CloseReason::Clean { first: Endpoint::Peer });
    assert!(turns < 100, "{turns} turns");
}
