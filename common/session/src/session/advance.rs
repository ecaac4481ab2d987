//! Passes facts, deadlines and failures to the phase table as events, and enters the phases that follow.

use std::io;
use std::time::{Duration, Instant};

use super::{Input, Session, Tried};
use crate::application::{Application, Next, Rejection};
use crate::authorize::Refusal;
use crate::close_reason::{AlertContext, CloseReason, Operation, Stage};
use crate::context::Context;
use crate::deadline::{Deadlines, Timeout};
use crate::not_tls::{self, ForeignProtocol};
use crate::observer::Step;
use crate::phase::{Cause, Event, PeerEnd, Phase};
use crate::readiness::Readiness;
use crate::rustls_facts;
use crate::transport::Transport;

/// The longest delay that counts as a busy loop. If the delay is longer, the loop was stopped.
const BUSY: Duration = Duration::from_millis(100);

impl<T: Transport, A: Application> Session<T, A> {
    /// Passes the facts to the phase table. If the phase stays the same, handles a deadline that has passed. Returns
    /// whether something has changed.
    pub(super) fn advance(&mut self, tried: &mut Tried, cx: &mut Context<'_>) -> bool {
        let peer_end = rustls_facts::peer_end(&mut self.tls);
        if let Some(end) = peer_end
            && self.peer_ended(end, cx)
        {
            return true;
        }
        if !self.tls.wants_write() && self.on(Event::Flushed(peer_end), cx) {
            return true;
        }
        if self.closes_after_answer && !self.application.is_answering() && self.on(Event::CloseRequested, cx)
        {
            self.closes_after_answer = false;
            return true;
        }
        self.expire(tried, cx)
    }

    /// Passes the end of the peer's half to the phase table. Returns whether something has changed.
    fn peer_ended(&mut self, end: PeerEnd, cx: &mut Context<'_>) -> bool {
        match (&self.phase, end) {
            (Phase::Established, PeerEnd::CloseNotify) => self.peer_finished(cx),
            _ => self.on(Event::PeerEnded(end), cx),
        }
    }

    /// Asks the application whether its answer is complete.
    fn peer_finished(&mut self, cx: &mut Context<'_>) -> bool {
        let answer = self.ask_application(cx, |application, now, outbox| {
            outbox.map_or(Next::Close, |outbox| application.peer_finished(now, outbox))
        });
        match answer {
            Some(Next::Continue) => self.on(Event::PeerFinished { answer_follows: true }, cx),
            Some(Next::Close) => self.on(Event::PeerFinished { answer_follows: false }, cx),
            Some(Next::Abandon) => self.on(Event::ApplicationAbandons, cx),
            Some(Next::Abort) => self.on(Event::Failed(CloseReason::Aborted), cx),
            None => true, // the session has failed
        }
    }

    /// Passes an event to the phase table, and enters the phase that follows. Returns whether one did.
    pub(super) fn on(&mut self, event: Event, cx: &mut Context<'_>) -> bool {
        match self.phase.on(event) {
            Some(next) => {
                self.enter(next, cx);
                true
            }
            None => false,
        }
    }

    /// Enters a phase: queues close_notify, and starts and stops deadlines.
    fn enter(&mut self, next: Phase, cx: &mut Context<'_>) {
        let previous = std::mem::replace(&mut self.phase, next);
        cx.step(&self.id, &Step::PhaseChanged { from: &previous, to: &self.phase });
        if self.phase.has_close_notify() && !previous.has_close_notify() {
            // RFC 8446, 6.1: "Each party MUST send a "close_notify" alert before closing its write side of the
            // connection, unless it has already sent some error alert." rustls queues it behind all earlier output
            // (I6).
            self.tls.send_close_notify();
        }
        match &self.phase {
            Phase::Handshaking | Phase::HalfClosed | Phase::PeerClosed { .. } => {}
            Phase::Established => {
                self.stop(Timeout::Handshake, cx);
                self.start(Timeout::Idle, cx);
            }
            Phase::Closing { cause: Cause::FinishedSending } => {}
            Phase::Closing { .. } | Phase::Finishing | Phase::Failing { .. } => self.start_close_deadline(cx),
            Phase::WriteFailed { .. } => {
                self.readiness.merge(Readiness::all());
                self.start_close_deadline(cx);
            }
            Phase::Closed(_) => self.end(cx),
        }
    }

    /// Stops the deadlines of an open session, and starts the close deadline unless it is running.
    fn start_close_deadline(&mut self, cx: &mut Context<'_>) {
        for timeout in [Timeout::Wait, Timeout::Handshake, Timeout::Idle, Timeout::Session] {
            self.stop(timeout, cx);
        }
        if self.deadlines.get(Timeout::Close).is_none() {
            self.start(Timeout::Close, cx);
        }
    }

    /// Sends the FIN, and reports the end of the session.
    fn end(&mut self, cx: &mut Context<'_>) {
        // This fails if the peer has reset the connection. Then the peer needs no FIN.
        let fin = self.transport.shutdown_write();
        cx.step(&self.id, &Step::SentFin(&fin));
        self.deadlines = Deadlines::default();
        self.needs_draining = self.may_receive_more();
        if let Phase::Closed(reason) = &self.phase {
            cx.step(
                &self.id,
                &Step::Closed {
                    reason,
                    until: self.until(),
                    received: self.received,
                    sent: self.sent,
                    duration: cx.now.saturating_duration_since(self.began),
                },
            );
        }
    }

    /// Returns whether the socket may hold unread bytes, now or later, so that closing it could reset the connection.
    /// The reset could destroy our last output: an alert, a close_notify, the rest of an answer.
    ///
    /// - No bytes follow the peer's FIN or a reset.
    /// - After its close_notify the peer should send no more. That holds if the last read emptied the socket, if no
    ///   bytes followed close_notify in it, and if no event came since.
    /// - An abandoned handshake has no output that a reset could destroy.
    /// - Any other peer may go on sending.
    fn may_receive_more(&mut self) -> bool {
        if self.input == Input::Ended {
            return false;
        }
        let peer_has_finished = rustls_facts::peer_end(&mut self.tls) == Some(PeerEnd::CloseNotify)
            || self.phase == Phase::Closed(CloseReason::Abandoned);
        !peer_has_finished || self.input != Input::Empty
    }

    /// Handles a deadline that has passed. Returns whether there was one.
    ///
    /// A session that is due tries its socket before it counts as late (invariant I7). The kernel may hold bytes from
    /// the peer, or may have room for output. The loop may not know yet: it was busy, or its events did not fit into
    /// one batch.
    fn expire(&mut self, tried: &mut Tried, cx: &mut Context<'_>) -> bool {
        if let Some((timeout, at)) = self.deadlines.due(cx.now) {
            if !std::mem::replace(&mut tried.socket, true) {
                self.readiness.merge(Readiness::all());
                return true;
            }
            if self.extend(timeout, at, cx) {
                return true;
            }
            cx.step(&self.id, &Step::DeadlineFired(timeout));
            self.deadlines.set(timeout, None);
            if matches!(timeout, Timeout::Idle | Timeout::Session) && self.application.is_answering() {
                // Our close_notify would certify a part of an answer (I6).
                self.on(Event::EndAtOnce(CloseReason::TimedOut(timeout)), cx);
            } else {
                self.on(Event::TimedOut(timeout), cx);
            }
            return true;
        }
        let is_due = self.application_deadline().is_some_and(|at| at <= cx.now);
        if is_due && !std::mem::replace(&mut tried.timer, true) {
            cx.step(&self.id, &Step::TimerFired);
            self.call_application(cx, |application, now, outbox| {
                outbox.map_or(Next::Close, |outbox| application.timer(now, outbox))
            });
            return true;
        }
        false
    }

    /// Moves the handshake or close deadline if the loop itself was late. Returns whether it did.
    ///
    /// The process (SIGSTOP) or the whole machine was stopped, and the peer got no answer from us. So the session
    /// gets that time again, but at most the length of the deadline. Other deadlines do not move. For the wait, idle
    /// and write deadlines, the session has just tried the socket. The session deadline is absolute.
    fn extend(&mut self, timeout: Timeout, at: Instant, cx: &mut Context<'_>) -> bool {
        let late = cx.now.saturating_duration_since(at);
        if !matches!(timeout, Timeout::Handshake | Timeout::Close) || late < BUSY {
            return false;
        }
        let length = self.config.timeouts.length(timeout).unwrap_or(late);
        self.set_deadline(timeout, cx.now.checked_add(late.min(length)), cx);
        true
    }

    // ---- deadlines -----------------------------------------------------------------------------------------

    /// Handles a successful write: the kernel has taken bytes.
    pub(super) fn note_write(&mut self, cx: &mut Context<'_>) {
        self.stop(Timeout::Write, cx);
        self.restart_idle_deadline(cx);
    }

    /// Starts the idle deadline again, if it is running.
    pub(super) fn restart_idle_deadline(&mut self, cx: &mut Context<'_>) {
        if self.deadlines.get(Timeout::Idle).is_some() {
            self.start(Timeout::Idle, cx);
        }
    }

    /// Handles a write that returned `WouldBlock`. The write deadline starts at the first of them.
    pub(super) fn note_write_blocked(&mut self, cx: &mut Context<'_>) {
        if self.deadlines.get(Timeout::Write).is_none() {
            self.start(Timeout::Write, cx);
        }
    }

    pub(super) fn start(&mut self, timeout: Timeout, cx: &mut Context<'_>) {
        let at = self.config.timeouts.length(timeout).and_then(|length| cx.now.checked_add(length));
        self.set_deadline(timeout, at, cx);
    }

    pub(super) fn stop(&mut self, timeout: Timeout, cx: &mut Context<'_>) {
        self.set_deadline(timeout, None, cx);
    }

    fn set_deadline(&mut self, timeout: Timeout, at: Option<Instant>, cx: &mut Context<'_>) {
        if self.deadlines.get(timeout) != at {
            self.deadlines.set(timeout, at);
            cx.step(&self.id, &Step::DeadlineSet(timeout, at));
        }
    }

    // ---- failures ------------------------------------------------------------------------------------------

    /// Fails the session with an error of TLS. If rustls sends an alert for it, the alert is already queued.
    pub(super) fn fail(&mut self, error: rustls::Error, cx: &mut Context<'_>) {
        let reason = self.reason_of(error);
        self.on(Event::Failed(reason), cx);
    }

    /// Fails the session because what the application sent was rejected. The answer is cut off, so what was taken before
    /// is flushed, and no close_notify follows (I6).
    pub(super) fn sending_failed(&mut self, rejection: Rejection, cx: &mut Context<'_>) {
        let reason = match rejection {
            Rejection::KeysUsedUp => CloseReason::KeysUsedUp { limit: rustls_facts::record_limit(&self.tls) },
            Rejection::Failed(error) => CloseReason::Tls(rustls::Error::General(error.to_string())),
        };
        self.on(Event::Failed(reason), cx);
    }

    pub(super) fn write_failed(&mut self, error: &io::Error, cx: &mut Context<'_>) {
        self.on(Event::WriteFailed(CloseReason::transport(Operation::Write, error)), cx);
    }

    pub(super) fn read_failed(&mut self, error: &io::Error, cx: &mut Context<'_>) {
        let is_reset_after_flush = error.kind() == io::ErrorKind::ConnectionReset && !self.tls.wants_write();
        let reason = CloseReason::transport(Operation::Read, error);
        self.on(Event::ReadFailed { reason, is_reset_after_flush }, cx);
    }

    /// Returns the close reason for an error of TLS.
    fn reason_of(&self, error: rustls::Error) -> CloseReason {
        match (&self.phase, error) {
            (_, rustls::Error::AlertReceived(alert)) => CloseReason::PeerAlert(alert, self.alert_context()),
            (_, rustls::Error::NoCertificatesPresented) => {
                CloseReason::Unauthorized(Refusal::not_presented())
            }
            (_, rustls::Error::InvalidCertificate(error)) => {
                CloseReason::Unauthorized(self.notes.refusal.clone().unwrap_or_else(|| error.into()))
            }
            (Phase::Handshaking, error) => match self.foreign_protocol() {
                Some(protocol) => CloseReason::NotTls(protocol),
                None => CloseReason::Tls(error),
            },
            (_, error) => CloseReason::Tls(error),
        }
    }

    /// Returns the protocol that the peer speaks instead of TLS.
    fn foreign_protocol(&self) -> Option<ForeignProtocol> {
        self.handshake_bytes.as_ref().and_then(|bytes| not_tls::recognize(bytes.beginning()))
    }

    /// Returns the state of the session at the peer's alert.
    fn alert_context(&self) -> AlertContext {
        let stage = match (self.tls.is_handshaking(), self.tls.protocol_version()) {
            (true, None) => Stage::Hello,
            (true, Some(_)) => Stage::Agreed,
            (false, _) => Stage::Established,
        };
        AlertContext { stage, request: self.unanswered_request().cloned() }
    }
}
