//! What a session said of itself, as far as the invariants need it, and what is wrong with it at once.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tls_session::application::HIGH_WATER_MARK;
use tls_session::close_reason::{CloseReason, Party};
use tls_session::deadline::Timeout;
use tls_session::observer::{Observer, SessionId, Step};
use tls_session::phase::{Cause, PeerEnd, Phase};

use crate::invariants::DEADLINES;
use crate::journal::Journal;
use crate::role::text;
use crate::scenario::Side;

/// A header, a tag and a nonce, or whatever else a record costs, and how much it holds.
const OVERHEAD: usize = 32;
const RECORD: usize = 16 * 1024;

/// How late a loop may be that has others to serve.
const PROMPT: Duration = Duration::from_millis(100);

/// One session, watched.
#[derive(Debug)]
pub struct Record {
    side: Side,
    started: Instant,
    /// How much the other says before it begins to echo.
    preface: usize,
    /// Where it is written down, with what happens to the other.
    journal: Rc<RefCell<Journal>>,
    /// The first thing that was wrong.
    pub wrong: Option<String>,
    /// The phases it has been in, by name.
    phases: Vec<&'static str>,
    /// How much plaintext its application got.
    pub heard: usize,
    /// How much plaintext its application sent.
    pub said: usize,
    /// How much ciphertext it owes now; a little less than this, since what a record costs is rounded up.
    pub owes: usize,
    /// The most that it ever owed.
    pub peak: usize,
    /// Ciphertext that was received and not given to rustls.
    pub unread: usize,
    processed: bool,
    /// The peer's close_notify was found.
    pub saw_close: bool,
    /// The deadline that passed first.
    pub fired: Option<Timeout>,
    /// When it heard the first ciphertext.
    heard_at: Option<Instant>,
    /// When it began to be about the end only.
    pub ending_at: Option<Instant>,
    /// When data moved last, or the kernel took something, or the handshake ended.
    moved_at: Instant,
    /// Since when the kernel has taken nothing of what is owed.
    blocked_at: Option<Instant>,
    /// A turn of it has yielded.
    pub yielded: bool,
    /// It has owed too much to read on.
    pub held_up: bool,
    /// A write of it was refused.
    pub was_refused: bool,
    /// What it said of its end.
    pub reason: Option<CloseReason>,
    /// It has sent its FIN.
    pub left: bool,
}

impl Record {
    /// Of a session that is about to begin, and that hears so much before the echo.
    pub fn new(side: Side, preface: usize, journal: Rc<RefCell<Journal>>, now: Instant) -> Self {
        Self {
            side,
            started: now,
            preface,
            journal,
            wrong: None,
            phases: vec!["Handshaking"],
            heard: 0,
            said: 0,
            owes: 0,
            peak: 0,
            unread: 0,
            processed: true,
            saw_close: false,
            fired: None,
            heard_at: None,
            ending_at: None,
            moved_at: now,
            blocked_at: None,
            yielded: false,
            held_up: false,
            was_refused: false,
            reason: None,
            left: false,
        }
    }

    /// Whether it was ever in this phase.
    pub fn was(&self, phase: &str) -> bool {
        self.phases.contains(&phase)
    }

    /// Whether it has sent a close_notify, or will if it can.
    pub fn closes(&self) -> bool {
        self.was("Closing")
            || self.was("Finishing")
            || self.was("Failing") && matches!(self.reason, None | Some(CloseReason::AbandonedByApplication))
    }

    /// Something is not as it has to be.
    pub fn check(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds && self.wrong.is_none() {
            self.wrong = Some(format!("{:?}: {}", self.side, otherwise()));
        }
    }

    fn owe(&mut self, bytes: usize) {
        self.owes = bytes;
        self.peak = self.peak.max(bytes);
    }

    fn hear(&mut self, plaintext: &[u8]) {
        let expected = match self.heard.checked_sub(self.preface) {
            Some(echoed) => text(echoed, plaintext.len()) == plaintext,
            None => {
                let (greeting, echo) = plaintext.split_at(plaintext.len().min(self.preface - self.heard));
                text(self.heard, greeting.len()) == greeting && text(0, echo.len()) == echo
            }
        };
        let heard = self.heard;
        self.check(expected, || format!("what is heard behind {heard} bytes is not what was said"));
        self.heard += plaintext.len();
    }

    fn say(&mut self, length: usize, now: Instant) {
        self.said += length;
        self.moved_at = now;
        self.owe(self.owes + length + OVERHEAD * length.div_ceil(RECORD));
    }

    fn expire(&mut self, timeout: Timeout, now: Instant) {
        let late = self.is_late(timeout, Duration::ZERO, now);
        self.check(late, || format!("{timeout:?} passed, and nobody was late"));
        self.fired = self.fired.or(Some(timeout));
    }

    fn enter(&mut self, from: &Phase, to: &Phase, now: Instant) {
        self.check(follows(from, to), || format!("from {from:?} to {to:?}"));
        let last = self.phases.last().copied();
        self.check(last == Some(from.name()), || format!("from {from:?}, having been {last:?}"));
        self.phases.push(to.name());
        match to {
            Phase::Established => self.moved_at = now,
            Phase::HalfClosed
            | Phase::PeerClosed { .. }
            | Phase::Closing { cause: Cause::FinishedSending } => {}
            _ => self.ending_at = self.ending_at.or(Some(now)),
        }
    }

    /// Since when this deadline runs, if it does.
    fn runs_since(&self, timeout: Timeout) -> Option<Instant> {
        let established = self.was("Established");
        match timeout {
            Timeout::Wait if self.side == Side::Client && self.heard_at.is_none() => Some(self.started),
            Timeout::Handshake if established => None,
            Timeout::Handshake if self.side == Side::Client => self.heard_at,
            Timeout::Handshake => Some(self.started),
            Timeout::Idle if established => Some(self.moved_at),
            Timeout::Write => self.blocked_at,
            Timeout::Close => self.ending_at,
            Timeout::Wait | Timeout::Idle | Timeout::Session => None,
        }
    }

    /// Whether what a deadline is about has not happened for as long as it says, and longer by this.
    fn is_late(&self, timeout: Timeout, by: Duration, now: Instant) -> bool {
        let length = DEADLINES.length(timeout).zip(self.runs_since(timeout));
        length.is_some_and(|(length, since)| since + length + by <= now)
    }

    /// A deadline that should have ended the session by now, if its loop did not stand still for longer than `stop`.
    pub fn overdue(&self, stop: Duration, now: Instant) -> Option<Timeout> {
        let ending = self.ending_at.is_some();
        let runs = |timeout| !ending || matches!(timeout, Timeout::Write | Timeout::Close);
        Timeout::ALL.into_iter().find(|&timeout| runs(timeout) && self.is_late(timeout, PROMPT + stop, now))
    }

    fn process(&mut self, result: &Result<rustls::IoState, rustls::Error>) {
        self.processed = true;
        if let Ok(state) = result {
            self.owe(state.tls_bytes_to_write());
            self.saw_close |= state.peer_has_closed();
        }
    }
}

/// The arrows of the picture in `phase.rs`.
fn follows(from: &Phase, to: &Phase) -> bool {
    use Phase::{
        Closed, Closing, Established, Failing, Finishing, HalfClosed, Handshaking, PeerClosed, WriteFailed,
    };
    let by_close_notify = || *from == PeerClosed { end: PeerEnd::CloseNotify };
    match to {
        Handshaking => false,
        Established => matches!(from, Handshaking),
        HalfClosed => *from == Established,
        PeerClosed { end: PeerEnd::CloseNotify } => matches!(from, Established | HalfClosed),
        PeerClosed { end: PeerEnd::Fin } => *from == Established,
        Closing { .. } => *from == Established,
        Finishing => by_close_notify(),
        Failing { reason: CloseReason::AbandonedByApplication } => {
            matches!(from, Established | HalfClosed | Closing { .. })
        }
        Failing { .. } => matches!(from, Handshaking | Established),
        WriteFailed { .. } => from.writes() && !matches!(from, Finishing | Failing { .. }),
        Closed(CloseReason::Clean { first: Party::Peer }) => *from == Finishing,
        Closed(CloseReason::Clean { first: Party::Us } | CloseReason::Unconfirmed) => {
            matches!(from, Closing { .. })
        }
        Closed(_) => !matches!(from, Closed(_)),
    }
}

impl Record {
    /// Takes note of a step, and gives it a name and a size for the journal.
    fn take_note(&mut self, now: Instant, step: &Step<'_>) -> Option<(&'static str, usize)> {
        match step {
            Step::Received(bytes) => {
                let used_up = self.unread == 0 || self.saw_close;
                self.check(used_up, || "reads again before the last read is used up".into());
                self.unread = bytes.len();
                if !bytes.is_empty() {
                    self.heard_at = self.heard_at.or(Some(now));
                }
            }
            Step::ReadTls(taken) => {
                let processed = std::mem::replace(&mut self.processed, false);
                self.check(processed, || "two read_tls without process_new_packets (I2)".into());
                self.unread -= taken.len();
            }
            Step::Processed(result) => self.process(result),
            Step::PlaintextIn(plaintext) => {
                self.hear(plaintext);
                self.moved_at = now;
            }
            Step::PlaintextOut(plaintext) => self.say(plaintext.len(), now),
            Step::WroteTls(written) => {
                self.owes = self.owes.saturating_sub(*written);
                (self.moved_at, self.blocked_at) = (now, None);
            }
            Step::WriteBlocked => {
                self.was_refused = true;
                self.held_up |= self.owes > HIGH_WATER_MARK;
                self.blocked_at = self.blocked_at.or(Some(now));
            }
            Step::PhaseChanged { from, to } => self.enter(from, to, now),
            Step::DeadlineFired(timeout) => self.expire(*timeout, now),
            Step::Yielded => self.yielded = true,
            Step::SentFin(_) => self.left = true,
            Step::Closed { reason, .. } => self.reason = Some((*reason).clone()),
            Step::ReadBlocked | Step::Established(_) => {}
            _ => return None,
        }
        Some(self.describe(step))
    }

    fn describe(&self, step: &Step<'_>) -> (&'static str, usize) {
        match step {
            Step::Received(bytes) => ("recv", bytes.len()),
            Step::ReadTls(taken) => ("read_tls", taken.len()),
            Step::Processed(_) => ("process_new_packets, and owes", self.owes),
            Step::PlaintextIn(plaintext) => ("plaintext in", plaintext.len()),
            Step::PlaintextOut(plaintext) => ("plaintext out", plaintext.len()),
            Step::WroteTls(written) => ("write_tls", *written),
            Step::PhaseChanged { to, .. } => (to.name(), 0),
            Step::DeadlineFired(timeout) => (timeout.name(), 0),
            Step::ReadBlocked => ("read blocked", 0),
            Step::WriteBlocked => ("write blocked", 0),
            Step::Yielded => ("yields", 0),
            Step::SentFin(_) => ("sends FIN", 0),
            Step::Closed { .. } => ("is over", 0),
            _ => ("handshake done", 0),
        }
    }
}

impl Observer for Record {
    fn step(&mut self, now: Instant, _id: SessionId, step: &Step<'_>) {
        if let Some((what, size)) = self.take_note(now, step) {
            self.journal.borrow_mut().note(now - self.started, self.side, what, size);
        }
    }
}
