//! How a session goes from phase to phase: facts, deadlines and failures as events of the phase table.

use std::io;
use std::time::{Duration, Instant};

use super::{Input, Session};
use crate::application::{Application, Next};
use crate::authorize::Refusal;
use crate::close_reason::{AlertContext, CloseReason, Doing, Stage};
use crate::context::Context;
use crate::deadline::{Deadlines, Timeout};
use crate::not_tls::{self, Foreign};
use crate::observer::Step;
use crate::phase::{Cause, Event, PeerEnd, Phase};
use crate::readiness::Readiness;
use crate::rustls_facts;
use crate::transport::Transport;

/// A loop that is late by less than this was busy. A loop that is late by more stood still.
const BUSY: Duration = Duration::from_millis(100);

impl<T: Transport, A: Application> Session<T, A> {
    /// Passes the facts to the phase table. If they change nothing, handles a deadline that has passed. Returns whether
    /// something has changed.
    ///
    /// `tried_socket`: this turn has read from the socket, or found it empty.
    pub(super) fn advance(&mut self, tried_socket: &mut bool, cx: &mut Context<'_>) -> bool {
        let peer_end = rustls_facts::peer_end(&mut self.tls);
        if let Some(end) = peer_end
            && self.peer_ended(end, cx)
        {
            return true;
        }
        if !self.tls.wants_write() && self.on(Event::Flushed(peer_end), cx) {
            return true;
        }
        self.expire(tried_socket, cx)
    }

    fn peer_ended(&mut self, end: PeerEnd, cx: &mut Context<'_>) -> bool {
        match (&self.phase, end) {
            (Phase::Handshaking, _) => match self.foreign_protocol() {
                Some(foreign) => self.on(Event::TlsFailed(CloseReason::NotTls(foreign)), cx),
                None => self.on(Event::PeerEnded(end), cx),
            },
            (Phase::Established, PeerEnd::CloseNotify) => self.peer_finished(cx),
            _ => self.on(Event::PeerEnded(end), cx),
        }
    }

    /// Asks the application whether its answer is complete.
    fn peer_finished(&mut self, cx: &mut Context<'_>) -> bool {
        let answer = self.ask(cx, |application, now, outbox| {
            outbox.map_or(Next::Close, |outbox| application.peer_finished(now, outbox))
        });
        match answer {
            Some(Next::Continue) => self.on(Event::PeerFinished { answer_follows: true }, cx),
            Some(Next::Close) => self.on(Event::PeerFinished { answer_follows: false }, cx),
            Some(Next::Abandon) => self.on(Event::ApplicationAbandons, cx),
            None => true, // the session has failed
        }
    }

    /// Passes an event to the phase table, and enters the phase that it leads to. Returns whether there was one.
    pub(super) fn on(&mut self, event: Event, cx: &mut Context<'_>) -> bool {
        match self.phase.on(event) {
            Some(next) => {
                self.enter(next, cx);
                true
            }
            None => false,
        }
    }

    /// Does everything that entering a phase means.
    fn enter(&mut self, next: Phase, cx: &mut Context<'_>) {
        let previous = std::mem::replace(&mut self.phase, next);
        cx.step(&self.id, &Step::PhaseChanged { from: &previous, to: &self.phase });
        if self.phase.has_close_notify() && !previous.has_close_notify() {
            self.tls.send_close_notify(); // behind everything that was sent before (I6)
        }
        match &self.phase {
            Phase::Handshaking | Phase::HalfClosed | Phase::PeerClosed { .. } => {}
            Phase::Established => {
                self.stop(Timeout::Handshake, cx);
                self.start(Timeout::Idle, cx);
            }
            Phase::Closing { cause: Cause::FinishedSending } => {}
            Phase::Closing { .. } | Phase::Finishing | Phase::Failing { .. } => self.time_closing(cx),
            Phase::WriteFailed { .. } => {
                self.readiness.merge(Readiness::all());
                self.time_closing(cx);
            }
            Phase::Closed(_) => self.end(cx),
        }
    }

    /// From here on only the close deadline runs.
    fn time_closing(&mut self, cx: &mut Context<'_>) {
        for timeout in [Timeout::Wait, Timeout::Handshake, Timeout::Idle, Timeout::Session] {
            self.stop(timeout, cx);
        }
        if self.deadlines.get(Timeout::Close).is_none() {
            self.start(Timeout::Close, cx);
        }
    }

    fn end(&mut self, cx: &mut Context<'_>) {
        // Fails when the peer has reset the connection: it knows already.
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

    /// Returns whether the socket may hold unread bytes now, or may get some.
    ///
    /// Nothing more comes behind the peer's FIN or a reset. A peer that has sent close_notify has promised to send
    /// nothing more, and is believed if the last read took everything that was there, nothing followed close_notify in
    /// it, and no event came since. An abandoned handshake has sent nothing that a reset could
    /// destroy. Any other peer may go on sending, and a reset could destroy what we sent last: an alert, a close_notify,
    /// the rest of an answer.
    fn may_receive_more(&mut self) -> bool {
        if self.input == Input::Ended {
            return false;
        }
        let peer_has_finished = rustls_facts::peer_end(&mut self.tls) == Some(PeerEnd::CloseNotify)
            || self.phase == Phase::Closed(CloseReason::Abandoned);
        !peer_has_finished || self.input != Input::Empty
    }

    /// Handles a deadline that has passed. A session that is due tries its socket before it counts as late: the kernel may
    /// hold bytes of the peer, or have room again, and the loop was too busy to hear of it, or its events did not fit into
    /// one batch (invariant I7).
    fn expire(&mut self, tried_socket: &mut bool, cx: &mut Context<'_>) -> bool {
        if let Some((timeout, at)) = self.deadlines.due(cx.now) {
            if !*tried_socket {
                *tried_socket = true;
                self.readiness.merge(Readiness::all());
                return true;
            }
            if self.excuses(timeout, at, cx) {
                return true;
            }
            cx.step(&self.id, &Step::DeadlineFired(timeout));
            self.deadlines.set(timeout, None);
            self.on(Event::TimedOut(timeout), cx);
            return true;
        }
        if self.application_deadline().is_some_and(|at| at <= cx.now) {
            cx.step(&self.id, &Step::TimerFired);
            self.converse(cx, |application, now, outbox| {
                outbox.map_or(Next::Close, |outbox| application.timer(now, outbox))
            });
            return true;
        }
        false
    }

    /// Moves the handshake or the close deadline if the loop itself was late: it was stopped (SIGSTOP), or the whole machine
    /// was, and the peer could do nothing. The session gets that time again, but at most the length of the deadline.
    /// Returns whether the deadline was moved. The idle, write and session deadlines never move: for the first two the
    /// socket has just been tried, and the last one is absolute.
    fn excuses(&mut self, timeout: Timeout, at: Instant, cx: &mut Context<'_>) -> bool {
        let late = cx.now.saturating_duration_since(at);
        if !matches!(timeout, Timeout::Handshake | Timeout::Close) || late < BUSY {
            return false;
        }
        let length = self.config.timeouts.length(timeout).unwrap_or(late);
        self.set_deadline(timeout, cx.now.checked_add(late.min(length)), cx);
        true
    }

    // ---- deadlines -----------------------------------------------------------------------------------------

    /// The kernel took bytes: the peer is alive, and so is the session.
    pub(super) fn peer_took_bytes(&mut self, cx: &mut Context<'_>) {
        self.stop(Timeout::Write, cx);
        self.not_idle(cx);
    }

    /// Application data has moved.
    pub(super) fn not_idle(&mut self, cx: &mut Context<'_>) {
        if self.deadlines.get(Timeout::Idle).is_some() {
            self.start(Timeout::Idle, cx);
        }
    }

    /// The kernel takes no bytes. The write deadline runs from the first time on.
    pub(super) fn peer_takes_nothing(&mut self, cx: &mut Context<'_>) {
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

    /// TLS has failed. If rustls sends an alert for it, the alert is queued already.
    pub(super) fn fail(&mut self, error: rustls::Error, cx: &mut Context<'_>) {
        let reason = self.reason_of(error);
        self.on(Event::TlsFailed(reason), cx);
    }

    pub(super) fn write_failed(&mut self, error: &io::Error, cx: &mut Context<'_>) {
        self.on(Event::WriteFailed(CloseReason::transport(Doing::Writing, error)), cx);
    }

    pub(super) fn read_failed(&mut self, error: &io::Error, cx: &mut Context<'_>) {
        let is_reset_after_flush = error.kind() == io::ErrorKind::ConnectionReset && !self.tls.wants_write();
        let reason = CloseReason::transport(Doing::Reading, error);
        self.on(Event::ReadFailed { reason, is_reset_after_flush }, cx);
    }

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
                Some(foreign) => CloseReason::NotTls(foreign),
                None => CloseReason::Tls(error),
            },
            (_, error) => CloseReason::Tls(error),
        }
    }

    /// What the peer speaks instead of TLS.
    fn foreign_protocol(&self) -> Option<Foreign> {
        self.handshake_bytes.as_ref().and_then(|bytes| not_tls::recognize(bytes.beginning()))
    }

    /// What the alert that has come can mean.
    fn alert_context(&self) -> AlertContext {
        let stage = match (self.tls.is_handshaking(), self.tls.protocol_version()) {
            (true, None) => Stage::Hello,
            (true, Some(_)) => Stage::Agreed,
            (false, _) => Stage::Established,
        };
        AlertContext { stage, request: self.unanswered_request().cloned() }
    }
}
