//! A session whose peer speaks TLS, while the network and the clock do whatever a script says.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use tls_session::application::Application;
use tls_session::close_reason::{CloseReason, Party};
use tls_session::transport::Transport as _;

use crate::bytes::echo;
use crate::driven::Driven;
use crate::operations::{Operation, Script};
use crate::raw::Raw;
use crate::roles::{Echo, Heard, Talker};
use crate::tls::{Ends, Versions};
use crate::wire::{Cut, End, Hiccup, wire};

/// The most that the peer says: more than a session may owe, and not so much that it takes long byte by byte.
const LONGEST: usize = 250_000;

/// Plays a script to its end.
pub fn play(script: &Script) -> CloseReason {
    let setting = script.setting;
    let versions =
        [Versions::Both, Versions::Tls12, Versions::Tls13, Versions::Both][usize::from(setting >> 1 & 3)];
    let ends = Ends::new(versions, Versions::Both, setting & 8 != 0);
    let (near, far) = wire();
    let now = Instant::now();
    if setting & 1 == 0 {
        let session = Driven::new(ends.server(), &far, echoing(setting), &ends.server_terms, now);
        Play::new(session, Raw::new(ends.client(), &near), far, now).run(script)
    } else {
        let session = Driven::new(ends.client(), &near, talking(setting), &ends.client_terms, now);
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
    let talker = Talker::says(b"hello");
    match setting >> 4 & 3 {
        0 => talker.lingers(Duration::from_secs(3)),
        1 => talker.leaves_after(0),
        2 => talker.leaves_after(100),
        _ => talker.always_reads(),
    }
}

/// A session, its peer, the network between them, and the time.
struct Play<A> {
    session: Driven<A>,
    raw: Raw,
    /// The session's end of the wire.
    end: End,
    now: Instant,
    deaf: bool,
    /// What the peer has said before its close_notify.
    said: Vec<u8>,
    goodbye: Goodbye,
    /// How much the peer may still say.
    breath: usize,
    /// Something was done that TLS may fail of.
    damaged: bool,
}

/// Whether the peer has said close_notify.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goodbye {
    NotYet,
    /// In the handshake, where it may count or be passed over.
    Early,
    Said,
}

impl<A: Application + Heard> Play<A> {
    fn new(session: Driven<A>, raw: Raw, end: End, now: Instant) -> Self {
        end.incoming().arriving = 0;
        Self {
            session,
            raw,
            end,
            now,
            deaf: false,
            said: Vec::new(),
            goodbye: Goodbye::NotYet,
            breath: LONGEST,
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

    /// Whether it ended for a reason that there was.
    fn check_end(&self, reason: &CloseReason) {
        let cut = matches!(reason, CloseReason::Truncated { .. } | CloseReason::Unconfirmed);
        let gone = self.end.incoming().fin || self.end.incoming().cut.is_some();
        assert!(gone || !cut, "{reason:?}, and nobody has left (I5)");

        use CloseReason::{NotTls, PeerAlert, Tls, Unauthorized};
        if !self.damaged {
            let error = &self.raw.error;
            let failed = matches!(reason, NotTls(_) | PeerAlert(..) | Tls(_) | Unauthorized(_));
            assert!(!failed && error.is_none(), "{reason:?}, {error:?}, and nothing was damaged");
        }
        if *reason == (CloseReason::Clean { first: Party::Peer }) && self.goodbye == Goodbye::Said {
            assert_eq!(self.session.heard(), self.said, "a clean end, and not all was heard (I5)");
        }
    }

    /// What one end heard is what the other said, from its beginning, and all of it once a close_notify says so.
    fn check(&self) {
        assert!(self.said.starts_with(self.session.heard()), "the application heard what nobody said");
        let answer = &self.session.seen.said;
        assert!(answer.starts_with(&self.raw.heard), "the peer heard what nobody said");
        if self.raw.closed && !self.raw.tls.is_handshaking() {
            assert_eq!(&self.raw.heard, answer, "close_notify, and not all was said (I6)");
        }
    }

    fn perform(&mut self, operation: Operation) {
        // More new keys than TLS can want count as damage.
        self.damaged |= matches!(operation, Operation::Inject(..) | Operation::Flip(_) | Operation::Rekey);
        match operation {
            Operation::Pass => self.pass(),
            Operation::Arrive(n) => self.arrive(usize::from(n)),
            Operation::Say(n) => self.say(&pattern(n)),
            Operation::Stutter(n) => (0..n).for_each(|byte| self.say(&[byte])),
            Operation::Goodbye => {
                let early = self.raw.tls.is_handshaking() || self.goodbye == Goodbye::Early;
                self.goodbye = if early { Goodbye::Early } else { Goodbye::Said };
                self.damaged |= early;
                self.raw.tls.send_close_notify();
            }
            // Refused before the handshake is done, and in TLS 1.2.
            Operation::Rekey => drop(self.raw.tls.refresh_traffic_keys()),
            // Fails behind a reset, which says more.
            Operation::Fin => drop(self.raw.end.shutdown_write()),
            Operation::Wait(n) => self.now += Duration::from_millis(250) * u32::from(n),
            Operation::Close => self.session.close(self.now),
            Operation::SaidAll => self.session.finish_sending(self.now),
            Operation::Send(n) => self.session.send(&pattern(n), self.now),
            Operation::Rouse => self.session.report_ready(self.now),
            Operation::Deafen => self.deaf = !self.deaf,
            disturbance => self.disturb(disturbance),
        }
    }

    /// What a network and a kernel do.
    fn disturb(&mut self, operation: Operation) {
        let mut incoming = self.end.incoming();
        match operation {
            Operation::Reset(n) => incoming.cut = Some((incoming.taken + usize::from(n), Cut::Reset)),
            Operation::Inject(byte, n) => incoming.log.extend([byte].repeat(usize::from(n))),
            Operation::Flip(n) => incoming.flip = Some(incoming.taken + usize::from(n)),
            Operation::ReadFails(n) => incoming.read_hiccup = Some(hiccup(incoming.reads, n)),
            Operation::Segment(n) => incoming.segment = up_to(n),
            other => {
                drop(incoming);
                self.disturb_outgoing(other);
            }
        }
    }

    fn disturb_outgoing(&mut self, operation: Operation) {
        let mut outgoing = self.end.outgoing();
        match operation {
            Operation::WriteFails(n) => outgoing.write_hiccup = Some(hiccup(outgoing.writes, n)),
            Operation::Chunk(n) => outgoing.chunk = up_to(n),
            Operation::Room(n) => outgoing.capacity = usize::from(n) * 16,
            Operation::Break => outgoing.broken = true,
            other => unreachable!("{other:?} is no disturbance of what goes out"),
        }
    }

    /// A peer whose TLS has failed has nothing more to say, and one that has said a lot is out of breath.
    fn say(&mut self, plaintext: &[u8]) {
        if self.raw.error.is_some() || self.breath < plaintext.len() {
            return;
        }
        self.breath -= plaintext.len();
        self.raw.say(plaintext);
        if self.goodbye != Goodbye::Said {
            self.said.extend_from_slice(plaintext);
        }
    }

    fn pass(&mut self) {
        self.end.incoming().arriving = usize::MAX;
        while self.write() | self.read() | self.session.settle(self.now) {}
    }

    fn arrive(&mut self, length: usize) {
        self.write();
        self.read();
        let mut incoming = self.end.incoming();
        incoming.arriving = incoming.taken + length;
    }

    fn write(&mut self) -> bool {
        !self.end.incoming().fin && self.raw.write()
    }

    fn read(&mut self) -> bool {
        !self.deaf && self.raw.read()
    }
}

fn pattern(length: u16) -> Vec<u8> {
    (0..length).map(|index| (index % 251) as u8).collect()
}

/// The call behind so many others.
fn hiccup(calls: usize, n: u8) -> Hiccup {
    let kind = if n.is_multiple_of(2) { ErrorKind::WouldBlock } else { ErrorKind::Interrupted };
    Hiccup { call: calls + usize::from(n / 2), kind }
}

fn up_to(n: u8) -> usize {
    if n == 0 { usize::MAX } else { usize::from(n) }
}
