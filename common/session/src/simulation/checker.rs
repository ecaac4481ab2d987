//! An observer that checks one session: the order of its steps, and its deadlines.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustls::ProtocolVersion;

use super::Side;
use super::journal::Journal;
use crate::application::HIGH_WATER_MARK;
use crate::close_reason::CloseReason;
use crate::deadline::{Timeout, Timeouts};
use crate::observer::{Observer, SessionId, Step};
use crate::phase::{Cause, Phase};

/// A header, a tag and a nonce, or whatever else a record costs, and how much it holds.
const OVERHEAD: usize = 32;
const RECORD: usize = 16 * 1024;

/// How late a loop may be that serves other sessions too.
const PROMPT: Duration = Duration::from_millis(100);

/// What one session did, as far as the checks need it, and the first thing that it did wrong.
#[derive(Debug)]
pub struct Checker {
    side: Side,
    timeouts: Timeouts,
    started: Instant,
    journal: Rc<RefCell<Journal>>,
    /// The first thing that was wrong.
    pub wrong: Option<String>,
    /// Whether the handshake has ended in TLS 1.2.
    pub is_tls12: bool,
    is_authorized: bool,
    /// Whether it has refused the peer at the end of the handshake.
    pub has_refused_peer: bool,
    /// The phases that it was in, by name.
    phases: Vec<&'static str>,
    /// How many bytes of plaintext its application received.
    pub received: usize,
    /// The last of them, which are not compared yet with what the peer sent.
    pub uncompared: Vec<u8>,
    /// The plaintext that its application sent.
    pub sent: Vec<u8>,
    /// How much output is pending. It may be a little less, because the cost of a record is rounded up.
    pub pending: usize,
    /// The most output that was ever pending.
    pub peak: usize,
    /// Ciphertext that was received and not given to rustls.
    pub unread: usize,
    is_processed: bool,
    /// Whether the peer's close_notify was processed.
    pub saw_close_notify: bool,
    /// The deadline that passed first.
    pub fired: Option<Timeout>,
    /// When the first ciphertext came.
    first_byte_at: Option<Instant>,
    /// When the session began to end.
    pub ending_at: Option<Instant>,
    /// When the handshake ended, data moved, or the kernel took something, whichever was last.
    moved_at: Instant,
    /// Since when the kernel has taken nothing of the pending output.
    blocked_at: Option<Instant>,
    /// Whether a turn of it has yielded.
    pub has_yielded: bool,
    /// Whether it was above the high-water mark when a write was refused.
    pub was_above_mark: bool,
    /// Whether a write of it was refused.
    pub was_refused: bool,
    /// The reason that it reported for its end.
    pub reason: Option<CloseReason>,
    /// Whether it has sent its FIN.
    pub sent_fin: bool,
}

impl Checker {
    /// For a session that is about to begin.
    pub fn new(side: Side, timeouts: Timeouts, journal: Rc<RefCell<Journal>>, now: Instant) -> Self {
        Self {
            side,
            timeouts,
            started: now,
            journal,
            wrong: None,
            is_tls12: false,
            is_authorized: false,
            has_refused_peer: false,
            phases: vec!["Handshaking"],
            received: 0,
            uncompared: Vec::new(),
            sent: Vec::new(),
            pending: 0,
            peak: 0,
            unread: 0,
            is_processed: true,
            saw_close_notify: false,
            fired: None,
            first_byte_at: None,
            ending_at: None,
            moved_at: now,
            blocked_at: None,
            has_yielded: false,
            was_above_mark: false,
            was_refused: false,
            reason: None,
            sent_fin: false,
        }
    }

    /// Returns whether it was ever in this phase.
    pub fn was(&self, phase: &str) -> bool {
        self.phases.contains(&phase)
    }

    /// Returns whether it has sent a close_notify, or will if it can.
    pub fn closes(&self) -> bool {
        self.was("Closing")
            || self.was("Finishing")
            || self.was("Failing") && matches!(self.reason, None | Some(CloseReason::AbandonedByApplication))
    }

    fn check(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds && self.wrong.is_none() {
            self.wrong = Some(format!("{:?}: {}", self.side, otherwise()));
        }
    }

    fn note_pending(&mut self, bytes: usize) {
        self.pending = bytes;
        self.peak = self.peak.max(bytes);
    }

    fn expire(&mut self, timeout: Timeout, now: Instant) {
        let is_late = self.is_late(timeout, Duration::ZERO, now);
        self.check(is_late, || format!("{timeout:?} passed too early"));
        self.fired = self.fired.or(Some(timeout));
    }

    fn enter(&mut self, from: &Phase, to: &Phase, now: Instant) {
        let last = self.phases.last().copied();
        self.check(last == Some(from.name()), || format!("from {from:?}, but it was in {last:?}"));
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
        let is_established = self.was("Established");
        match timeout {
            Timeout::Wait if self.side == Side::Client && self.first_byte_at.is_none() => Some(self.started),
            Timeout::Handshake if is_established => None,
            Timeout::Handshake if self.side == Side::Client => self.first_byte_at,
            Timeout::Handshake | Timeout::Session => Some(self.started),
            Timeout::Idle if is_established => Some(self.moved_at),
            Timeout::Write => self.blocked_at,
            Timeout::Close => self.ending_at,
            Timeout::Wait | Timeout::Idle => None,
        }
    }

    /// Returns whether the time of a deadline has passed, and so much more.
    fn is_late(&self, timeout: Timeout, by: Duration, now: Instant) -> bool {
        let length = self.timeouts.length(timeout).zip(self.runs_since(timeout));
        length.is_some_and(|(length, since)| since + length + by <= now)
    }

    /// Returns a deadline that should have ended the session by now, if its loop did not stand still for longer than
    /// `stop`.
    pub fn overdue(&self, stop: Duration, now: Instant) -> Option<Timeout> {
        let is_ending = self.ending_at.is_some();
        let runs = |timeout| !is_ending || matches!(timeout, Timeout::Write | Timeout::Close);
        Timeout::ALL.into_iter().find(|&timeout| runs(timeout) && self.is_late(timeout, PROMPT + stop, now))
    }

    /// Takes note of a step. Returns its name and its size for the journal.
    fn take_note(&mut self, now: Instant, step: &Step<'_>) -> Option<(&'static str, usize)> {
        match step {
            Step::Received(bytes) => {
                let is_used_up = self.unread == 0 || self.saw_close_notify;
                self.check(is_used_up, || "reads again before the last read is used up".into());
                self.unread = bytes.len();
                if !bytes.is_empty() {
                    self.first_byte_at = self.first_byte_at.or(Some(now));
                }
                Some(("recv", bytes.len()))
            }
            Step::ReadTls(taken) => {
                let is_processed = std::mem::replace(&mut self.is_processed, false);
                self.check(is_processed, || "two read_tls without process_new_packets (I2)".into());
                self.unread -= taken.len();
                Some(("read_tls", taken.len()))
            }
            Step::Processed(result) => {
                self.is_processed = true;
                if let Ok(state) = result {
                    self.note_pending(state.tls_bytes_to_write());
                    self.saw_close_notify |= state.peer_has_closed();
                }
                Some(("process_new_packets, pending", self.pending))
            }
            Step::PlaintextIn(plaintext) => {
                self.check(self.is_authorized, || "plaintext of a peer that is not authorized".into());
                self.received += plaintext.len();
                self.uncompared.extend_from_slice(plaintext);
                self.moved_at = now;
                Some(("plaintext in", plaintext.len()))
            }
            Step::PlaintextOut(plaintext) => {
                self.check(self.is_authorized, || "plaintext for a peer that is not authorized".into());
                let length = plaintext.len();
                self.sent.extend_from_slice(plaintext);
                self.moved_at = now;
                self.note_pending(self.pending + length + OVERHEAD * length.div_ceil(RECORD));
                Some(("plaintext out", length))
            }
            Step::WroteTls(written) => {
                self.pending = self.pending.saturating_sub(*written);
                (self.moved_at, self.blocked_at) = (now, None);
                Some(("write_tls", *written))
            }
            Step::WriteBlocked => {
                self.was_refused = true;
                self.was_above_mark |= self.pending > HIGH_WATER_MARK;
                self.blocked_at = self.blocked_at.or(Some(now));
                Some(("write blocked", 0))
            }
            Step::PhaseChanged { from, to } => {
                self.enter(from, to, now);
                Some((to.name(), 0))
            }
            Step::DeadlineFired(timeout) => {
                self.expire(*timeout, now);
                Some((timeout.name(), 0))
            }
            Step::Yielded => {
                self.has_yielded = true;
                Some(("yields", 0))
            }
            Step::SentFin(_) => {
                self.sent_fin = true;
                Some(("sends FIN", 0))
            }
            Step::Closed { reason, .. } => {
                self.reason = Some((*reason).clone());
                Some(("is over", 0))
            }
            Step::ReadBlocked => Some(("read blocked", 0)),
            Step::Established(handshake) => {
                self.check(!self.is_authorized, || "two ends of one handshake".into());
                self.is_authorized = handshake.authorization.refusal.is_none();
                self.has_refused_peer = !self.is_authorized;
                self.is_tls12 = handshake.version == Some(ProtocolVersion::TLSv1_2);
                Some(("handshake done", 0))
            }
            _ => None,
        }
    }
}

impl Observer for Checker {
    fn step(&mut self, now: Instant, _id: SessionId, step: &Step<'_>) {
        // The poll may report something before the turn that returns the reason.
        let is_allowed = self.reason.is_none() || matches!(step, Step::Ready(_));
        self.check(is_allowed, || format!("a step after the end: {step:?}"));
        if let Some((what, size)) = self.take_note(now, step) {
            self.journal.borrow_mut().note(now - self.started, self.side, what, size);
        }
    }
}
