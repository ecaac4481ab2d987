//! The course of a session: which phase it is in, what is due, and how it ends.

use std::io;
use std::time::{Duration, Instant};

use super::{Session, Turn};
use crate::application::{Application, Next};
use crate::authorize::Refusal;
use crate::close_reason::{AlertContext, CloseReason, Doing, Party, Stage};
use crate::deadline::{Deadlines, Timeout};
use crate::not_tls::{self, Foreign};
use crate::observer::{Step, Watch};
use crate::phase::{Cause, Facts, PeerEnd, Phase};
use crate::readiness::Readiness;
use crate::transport::Transport;

/// A delay up to this counts as a busy loop, not as a loop that stood still.
const PROMPT: Duration = Duration::from_millis(100);

impl<T: Transport, A: Application> Session<T, A> {
    /// Closes the session from outside, by a signal for example: gracefully once the handshake is done. Within
    /// `--close-timeout` a later [`turn`](Self::turn) says `Done`.
    pub fn close(&mut self, watch: &mut Watch<'_>) {
        match self.phase {
            Phase::Handshaking => self.enter(Phase::Closed(CloseReason::Abandoned), watch),
            Phase::Established => self.enter(Phase::Closing { cause: Cause::Asked }, watch),
            // Ending already; from now on not in its own time.
            Phase::HalfClosed | Phase::PeerClosed { .. } | Phase::Closing { cause: Cause::SaidAll } => {
                self.start(Timeout::Close, watch);
            }
            _ => {} // ending already, and timed
        }
    }

    /// Sends close_notify after all pending output. The session then waits for the rest of the peer's answer, unless the
    /// peer has already sent its close_notify.
    pub fn said_all(&mut self, watch: &mut Watch<'_>) {
        match self.phase {
            Phase::Established => self.enter(Phase::Closing { cause: Cause::SaidAll }, watch),
            Phase::HalfClosed => self.enter(Phase::PeerClosed { end: PeerEnd::CloseNotify }, watch),
            _ => {} // said already, or not open
        }
    }

    /// Ends the session because the connection beneath it cannot be used: the poll will not watch it, for example.
    pub fn transport_failed(&mut self, doing: Doing, error: &io::Error, watch: &mut Watch<'_>) -> Turn {
        let reason = CloseReason::transport(doing, error);
        self.enter(Phase::Closed(reason.clone()), watch);
        Turn::Done(reason)
    }

    // ---- advance: phases and deadlines ---------------------------------------------------------------------

    /// Changes the phase if the state of the connection requires it. Otherwise handles expired deadlines. `tried_socket`
    /// says whether this turn has read from the socket, or found it empty.
    pub(super) fn advance(&mut self, tried_socket: &mut bool, watch: &mut Watch<'_>) -> bool {
        let facts = self.facts();
        if self.phase == Phase::Established && facts.peer_end == Some(PeerEnd::CloseNotify) {
            self.peer_finished(watch);
            return true;
        }
        match self.phase.next(facts) {
            Some(next) => {
                let next = match (&self.phase, self.foreign_protocol()) {
                    (Phase::Handshaking, Some(foreign)) => {
                        Phase::Failing { reason: CloseReason::NotTls(foreign) }
                    }
                    _ => next,
                };
                self.enter(next, watch);
                true
            }
            None => self.expire(tried_socket, watch),
        }
    }

    /// The peer has sent close_notify. The application says whether its answer is complete.
    fn peer_finished(&mut self, watch: &mut Watch<'_>) {
        let answer = self.ask(watch, |application, now, outbox| {
            outbox.map_or(Next::Close, |outbox| application.peer_finished(now, outbox))
        });
        match answer {
            Some(Next::Continue) => self.enter(Phase::HalfClosed, watch),
            Some(Next::Close) => self.enter(Phase::PeerClosed { end: PeerEnd::CloseNotify }, watch),
            Some(Next::Leave) => self.leave(watch),
            None => {} // the session has failed
        }
    }

    /// Goes to another phase, with all that entering it means.
    pub(super) fn enter(&mut self, next: Phase, watch: &mut Watch<'_>) {
        let previous = std::mem::replace(&mut self.phase, next);
        watch.step(&self.id, &Step::PhaseChanged { from: &previous, to: &self.phase });
        match &self.phase {
            Phase::Handshaking | Phase::HalfClosed | Phase::PeerClosed { .. } => {}
            Phase::Established => {
                self.stop(Timeout::Handshake, watch);
                self.start(Timeout::Idle, watch);
            }
            Phase::Closing { cause: Cause::SaidAll } => self.tls.send_close_notify(),
            Phase::Closing { .. } | Phase::Finishing => {
                self.tls.send_close_notify(); // behind everything that was said before it (I6)
                self.time_closing(watch);
            }
            Phase::Failing { .. } | Phase::Severed { .. } => self.time_closing(watch),
            Phase::Closed(_) => self.end(watch),
        }
    }

    /// From here on only the end is timed.
    fn time_closing(&mut self, watch: &mut Watch<'_>) {
        for timeout in [Timeout::Wait, Timeout::Handshake, Timeout::Idle, Timeout::Session] {
            self.stop(timeout, watch);
        }
        if self.deadlines.get(Timeout::Close).is_none() {
            self.start(Timeout::Close, watch);
        }
    }

    fn end(&mut self, watch: &mut Watch<'_>) {
        // Fails when the peer has reset the connection: it knows already.
        let fin = self.transport.shutdown_write();
        watch.step(&self.id, &Step::SentFin(&fin));
        self.deadlines = Deadlines::default();
        self.needs_draining = self.may_receive_more();
        if let Phase::Closed(reason) = &self.phase {
            watch.step(
                &self.id,
                &Step::Closed {
                    reason,
                    until: self.until(),
                    received: self.received,
                    sent: self.sent,
                    duration: watch.now.saturating_duration_since(self.began),
                },
            );
        }
    }

    /// Whether the socket may hold unread bytes now, or may get some.
    ///
    /// Nothing more comes behind the peer's FIN or a reset. A peer that has sent close_notify has promised to send
    /// nothing more, and is believed if the last read took everything that was there, nothing followed close_notify in
    /// it, and no event came since. An abandoned handshake has sent nothing that a reset could
    /// destroy. Any other peer may go on sending, and a reset could destroy what we sent last: an alert, a close_notify,
    /// the rest of an answer.
    fn may_receive_more(&mut self) -> bool {
        if self.input_ended {
            return false;
        }
        let peer_has_finished = self.peer_end() == Some(PeerEnd::CloseNotify)
            || self.phase == Phase::Closed(CloseReason::Abandoned);
        !peer_has_finished || !self.socket_is_empty
    }

    /// A session that is due tries its socket before it counts as late: what the peer sent, or the room that it made, may
    /// wait in the kernel, because the loop was busy, or because its events did not fit into one batch (invariant I7).
    fn expire(&mut self, tried_socket: &mut bool, watch: &mut Watch<'_>) -> bool {
        if let Some((timeout, at)) = self.deadlines.due(watch.now) {
            if !*tried_socket {
                *tried_socket = true;
                self.readiness.merge(Readiness::all());
                return true;
            }
            if self.excuses(timeout, at, watch) {
                return true;
            }
            watch.step(&self.id, &Step::DeadlineFired(timeout));
            self.deadlines.set(timeout, None);
            self.timed_out(timeout, watch);
            return true;
        }
        if self.application_deadline().is_some_and(|at| at <= watch.now) {
            watch.step(&self.id, &Step::TimerFired);
            self.converse(watch, |application, now, outbox| {
                outbox.map_or(Next::Close, |outbox| application.timer(now, outbox))
            });
            return true;
        }
        false
    }

    /// Time for which the loop itself was late does not count against the handshake and the closing, because the peer
    /// could do nothing in it: the loop was stopped (SIGSTOP), or the whole machine was. The session gets that time
    /// again, but at most the length of the deadline. The idle, write and session deadlines are not excused: for the
    /// first two the socket has just been tried, and the last one is absolute.
    fn excuses(&mut self, timeout: Timeout, at: Instant, watch: &mut Watch<'_>) -> bool {
        let late = watch.now.saturating_duration_since(at);
        if !matches!(timeout, Timeout::Handshake | Timeout::Close) || late < PROMPT {
            return false;
        }
        let length = self.config.timeouts.length(timeout).unwrap_or(late);
        self.set_deadline(timeout, watch.now.checked_add(late.min(length)), watch);
        true
    }

    /// A deadline ends its session, and close_notify is said only where it is true: when everything that was
    /// accepted has been answered, or still can be, behind it (I6).
    fn timed_out(&mut self, timeout: Timeout, watch: &mut Watch<'_>) {
        let next = match (&self.phase, timeout) {
            (Phase::Established, Timeout::Idle | Timeout::Session) => {
                Phase::Closing { cause: Cause::TimedOut(timeout) }
            }
            (Phase::Failing { reason } | Phase::Severed { reason, .. }, _) => Phase::Closed(reason.clone()),
            (Phase::Closing { cause: Cause::TimedOut(first) }, _) => {
                Phase::Closed(CloseReason::TimedOut(*first))
            }
            _ => Phase::Closed(CloseReason::TimedOut(timeout)),
        };
        self.enter(next, watch);
    }

    pub(super) fn apply_next(&mut self, next: Next, watch: &mut Watch<'_>) {
        match (next, &self.phase) {
            (Next::Close, Phase::Established) => self.enter(Phase::Closing { cause: Cause::Asked }, watch),
            (Next::Close, Phase::HalfClosed) => {
                self.enter(Phase::PeerClosed { end: PeerEnd::CloseNotify }, watch);
            }
            (Next::Leave, Phase::Established | Phase::HalfClosed | Phase::Closing { .. }) => {
                self.leave(watch)
            }
            _ => {}
        }
    }

    /// The application has left: close_notify, FIN, and not a byte more is read.
    fn leave(&mut self, watch: &mut Watch<'_>) {
        self.tls.send_close_notify();
        self.enter(Phase::Failing { reason: CloseReason::Left }, watch);
    }

    pub(super) fn application_deadline(&self) -> Option<Instant> {
        if self.phase.speaks() { self.application.deadline() } else { None }
    }

    // ---- deadlines -----------------------------------------------------------------------------------------

    /// The peer took something: it is alive, and so is the session.
    pub(super) fn peer_took_something(&mut self, watch: &mut Watch<'_>) {
        self.stop(Timeout::Write, watch);
        self.not_idle(watch);
    }

    /// Application data has moved.
    pub(super) fn not_idle(&mut self, watch: &mut Watch<'_>) {
        if self.deadlines.get(Timeout::Idle).is_some() {
            self.start(Timeout::Idle, watch);
        }
    }

    /// The peer takes nothing: from the first time on, that is timed.
    pub(super) fn peer_takes_nothing(&mut self, watch: &mut Watch<'_>) {
        if self.deadlines.get(Timeout::Write).is_none() {
            self.start(Timeout::Write, watch);
        }
    }

    pub(super) fn start(&mut self, timeout: Timeout, watch: &mut Watch<'_>) {
        let at = self.config.timeouts.length(timeout).and_then(|length| watch.now.checked_add(length));
        self.set_deadline(timeout, at, watch);
    }

    pub(super) fn stop(&mut self, timeout: Timeout, watch: &mut Watch<'_>) {
        self.set_deadline(timeout, None, watch);
    }

    fn set_deadline(&mut self, timeout: Timeout, at: Option<Instant>, watch: &mut Watch<'_>) {
        if self.deadlines.get(timeout) != at {
            self.deadlines.set(timeout, at);
            watch.step(&self.id, &Step::DeadlineSet(timeout, at));
        }
    }

    // ---- failing -------------------------------------------------------------------------------------------

    /// A write failed, so nothing can be sent any more. The peer may have said why before it left (an alert, say),
    /// and that is a better reason than a broken pipe: it is read before the session ends.
    pub(super) fn write_failed(&mut self, error: &io::Error, watch: &mut Watch<'_>) {
        let next = match &self.phase {
            // Only the last word was left to send, and the peer did not wait for it.
            Phase::Finishing => Phase::Closed(CloseReason::Clean { first: Party::Peer }),
            Phase::Failing { reason } => Phase::Closed(reason.clone()),
            phase => Phase::Severed {
                reason: CloseReason::transport(Doing::Writing, error),
                judged: phase.judged(),
            },
        };
        self.readiness.merge(Readiness::all());
        self.enter(next, watch);
    }

    /// TLS has failed. What rustls says to the peer about it is in its queue already; after our own close_notify
    /// it would be one word too many, so then it is not sent.
    pub(super) fn fail(&mut self, error: rustls::Error, watch: &mut Watch<'_>) {
        let reason = self.reason_of(error);
        let next = match &self.phase {
            Phase::Handshaking | Phase::Established => Phase::Failing { reason },
            _ => Phase::Closed(reason),
        };
        self.enter(next, watch);
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

    /// A read failed. In a severed session that is its end. Behind our close_notify a reset is a peer that just left,
    /// as with a FIN: many close their socket with our close_notify unread, and the kernel makes a reset of it.
    pub(super) fn read_failed(&mut self, error: &io::Error, watch: &mut Watch<'_>) {
        let left = Facts { peer_end: Some(PeerEnd::Fin), ..self.facts() };
        let ended = match &self.phase {
            Phase::Severed { .. } => self.phase.next(left),
            Phase::Closing { .. } if error.kind() == io::ErrorKind::ConnectionReset => self.phase.next(left),
            _ => None,
        };
        let lost = || Phase::Closed(CloseReason::transport(Doing::Reading, error));
        self.enter(ended.unwrap_or_else(lost), watch);
    }

    /// In a severed session: there is nothing more to read, so it is over. `false` in any other.
    pub(super) fn end_severed(&mut self, watch: &mut Watch<'_>) -> bool {
        let Phase::Severed { reason, .. } = &self.phase else { return false };
        let reason = reason.clone();
        self.enter(Phase::Closed(reason), watch);
        true
    }
}
