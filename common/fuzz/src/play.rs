//! A session whose peer speaks TLS, while the network and the clock do what a script says.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use tls_session::application::Application;
use tls_session::close_reason::{CloseReason, Endpoint};
use tls_session::simulation::network::{Cut, FailedCall, Socket, connection};
use tls_session::simulation::pattern;
use tls_session::simulation::raw::Raw;
use tls_session::simulation::roles::{Echo, Talker};
use tls_session::transport::Transport as _;

use crate::bytes::echo;
use crate::driven::Driven;
use crate::operations::{Operation, Script};
use crate::tls::{Versions, ends};

/// How many bytes the peer sends at most: more than a session may have pending, and few enough to arrive one at a time.
const LONGEST: usize = 250_000;

/// Plays a script to its end.
pub fn play(script: &Script) -> CloseReason {
    let setting = script.setting;
    let versions =
        [Versions::Both, Versions::Tls12, Versions::Tls13, Versions::Both][usize::from(setting >> 1 & 3)];
    let ends = ends(versions, Versions::Both, setting & 8 != 0).shared();
    let (near, far) = connection();
    let now = Instant::now();
    if setting & 1 == 0 {
        let session = Driven::new(ends.server(), &far, echoing(setting), &ends.server_sessions, now);
        Play::new(session, Raw::new(ends.client(), &near), far, now).run(script)
    } else {
        let session = Driven::new(ends.client(), &near, talking(setting), &ends.client_sessions, now);
        Play::new(session, Raw::new(ends.server(), &far), near, now).run(script)
    }
}

fn echoing(setting: u8) -> Echo {
    match setting >> 4 & 1 {
        0 => echo(),
        _ => Echo::default(),
    }
}

fn talking(setting: u8) -> Talker {
    let talker = Talker::sends(b"hello");
    match setting >> 4 & 3 {
        0 => talker.lingers(Duration::from_secs(3)),
        1 => talker.closes_after(0),
        2 => talker.closes_after(100),
        _ => talker.always_reads(),
    }
}

/// A session, its peer, the network between them, and the time.
struct Play<A> {
    session: Driven<A>,
    raw: Raw,
    /// The session's end of the network.
    socket: Socket,
    now: Instant,
    peer_paused: bool,
    /// What the peer has sent before its close_notify.
    sent: Vec<u8>,
    close_notify: CloseNotify,
    /// How many bytes the peer may still send.
    allowance: usize,
    /// Something has happened that may make TLS fail.
    damaged: bool,
}

/// Whether the peer has sent close_notify.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CloseNotify {
    NotYet,
    /// In the handshake, where it may count or be ignored.
    Early,
    Sent,
}

impl<A: Application> Play<A> {
    fn new(session: Driven<A>, raw: Raw, socket: Socket, now: Instant) -> Self {
        socket.incoming().arriving = 0;
        Self {
            session,
            raw,
            socket,
            now,
            peer_paused: false,
            sent: Vec::new(),
            close_notify: CloseNotify::NotYet,
            allowance: LONGEST,
            damaged: false,
        }
    }

    fn run(mut self, script: &Script) -> CloseReason {
        if script.setting & 64 != 0 {
            self.pass();
        }
        for operation in &script.operations {
            self.perform(*operation);
            self.session.settle(self.now);
            self.check();
        }
        let reason = self.session.finish(self.now);
        self.read();
        self.check();
        self.check_end(&reason);
        reason
    }

    /// Checks that the reason for the end is true.
    fn check_end(&self, reason: &CloseReason) {
        let is_cut = matches!(reason, CloseReason::Truncated { .. } | CloseReason::Unconfirmed);
        let is_gone = self.socket.incoming().fin || self.socket.incoming().cut.is_some();
        assert!(is_gone || !is_cut, "{reason:?}, and the peer has not ended (I5)");

        use CloseReason::{NotTls, PeerAlert, Tls, Unauthorized};
        if !self.damaged {
            let error = &self.raw.error;
            let failed = matches!(reason, NotTls(_) | PeerAlert(..) | Tls(_) | Unauthorized(_));
            assert!(!failed && error.is_none(), "{reason:?}, {error:?}, and nothing was damaged");
        }
        if *reason == (CloseReason::Clean { first: Endpoint::Peer }) && self.close_notify == CloseNotify::Sent
        {
            assert_eq!(
                self.session.received(),
                self.sent,
                "a clean end, and not everything was received (I5)"
            );
        }
    }

    /// Checks that each end has received what the other has sent, and everything if a close_notify has come.
    fn check(&self) {
        assert!(self.sent.starts_with(self.session.received()), "the application received what was not sent");
        let answer = self.session.sent();
        assert!(answer.starts_with(&self.raw.received), "the peer received what was not sent");
        if self.raw.closed && !self.raw.tls.is_handshaking() {
            assert_eq!(&self.raw.received, answer, "close_notify, and not everything was sent (I6)");
        }
    }

    fn perform(&mut self, operation: Operation) {
        // More key updates than TLS allows count as damage.
        self.damaged |=
            matches!(operation, Operation::Inject(..) | Operation::Flip(_) | Operation::UpdateKeys);
        let now = self.now;
        match operation {
            Operation::Pass => self.pass(),
            Operation::Arrive(n) => self.arrive(usize::from(n)),
            Operation::Send(n) => self.send(&pattern(n.into())),
            Operation::SendBytes(n) => (0..n).for_each(|byte| self.send(&[byte])),
            Operation::CloseNotify => {
                let early = self.raw.tls.is_handshaking() || self.close_notify == CloseNotify::Early;
                self.close_notify = if early { CloseNotify::Early } else { CloseNotify::Sent };
                self.damaged |= early;
                self.raw.tls.send_close_notify();
            }
            // rustls refuses this during the handshake, and in TLS 1.2.
            Operation::UpdateKeys => drop(self.raw.tls.refresh_traffic_keys()),
            // This fails after a reset, which says more.
            Operation::Fin => drop(self.raw.socket.shutdown_write()),
            Operation::Wait(n) => self.now += Duration::from_millis(250) * u32::from(n),
            Operation::Close => self.session.close(self.now),
            Operation::FinishSending => self.session.act(|end| end.finish_sending(now)),
            Operation::SendFromOutside(n) => self.session.act(|end| {
                if end.has_room() {
                    let _ = end.send(&pattern(n.into()), now); // refused once the session is not open any more
                }
            }),
            Operation::ReportReady => self.session.act(|end| end.report_ready(now)),
            Operation::PausePeer => self.peer_paused = !self.peer_paused,
            change => self.change_incoming(change),
        }
    }

    /// Changes the network.
    fn change_incoming(&mut self, operation: Operation) {
        let mut incoming = self.socket.incoming();
        match operation {
            Operation::Reset(n) => incoming.cut = Some((incoming.taken + usize::from(n), Cut::Reset)),
            Operation::Inject(byte, n) => incoming.log.extend([byte].repeat(usize::from(n))),
            Operation::Flip(n) => incoming.flips = vec![incoming.taken + usize::from(n)],
            Operation::ReadFails(n) => incoming.failing_read = Some(failed(incoming.reads, n)),
            Operation::Segment(n) => incoming.segment = up_to(n),
            other => {
                drop(incoming);
                self.change_outgoing(other);
            }
        }
    }

    fn change_outgoing(&mut self, operation: Operation) {
        let mut outgoing = self.socket.outgoing();
        match operation {
            Operation::WriteFails(n) => outgoing.failing_write = Some(failed(outgoing.writes, n)),
            Operation::Chunk(n) => outgoing.chunk = up_to(n),
            Operation::Room(n) => outgoing.capacity = usize::from(n) * 16,
            Operation::Break => outgoing.broken = true,
            other => unreachable!("{other:?} does not change the outgoing lane"),
        }
    }

    /// The peer sends this, unless its TLS has failed or its allowance is used up.
    fn send(&mut self, plaintext: &[u8]) {
        if self.raw.error.is_some() || self.allowance < plaintext.len() {
            return;
        }
        self.allowance -= plaintext.len();
        self.raw.send(plaintext);
        if self.close_notify != CloseNotify::Sent {
            self.sent.extend_from_slice(plaintext);
        }
    }

    fn pass(&mut self) {
        self.socket.incoming().arriving = usize::MAX;
        while self.write() | self.read() | self.session.settle(self.now) {}
    }

    fn arrive(&mut self, length: usize) {
        self.write();
        self.read();
        let mut incoming = self.socket.incoming();
        incoming.arriving = incoming.taken + length;
    }

    fn write(&mut self) -> bool {
        !self.socket.incoming().fin && self.raw.write()
    }

    fn read(&mut self) -> bool {
        !self.peer_paused && self.raw.read()
    }
}

/// The call after `n / 2` others.
fn failed(calls: usize, n: u8) -> FailedCall {
    let kind = if n.is_multiple_of(2) { ErrorKind::WouldBlock } else { ErrorKind::Interrupted };
    FailedCall { call: calls + usize::from(n / 2), kind }
}

fn up_to(n: u8) -> usize {
    if n == 0 { usize::MAX } else { usize::from(n) }
}
