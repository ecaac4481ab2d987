//! The course of a session: which phase it is in, what is due, and how it ends.

use std::io;
use std::time::Instant;

use super::{Session, Turn};
use crate::alert_context::{AlertContext, Stage};
use crate::application::{Application, Next};
use crate::close_reason::{CloseReason, Doing, Party};
use crate::deadline::{Deadlines, Timeout};
use crate::identity::Unauthorized;
use crate::observer::{Step, Watch};
use crate::phase::{Cause, Facts, PeerEnd, Phase};
use crate::readiness::Readiness;
use crate::transport::Transport;

impl<T: Transport, A: Application> Session<T, A> {
    /// Closes the session from outside, by a signal for example: gracefully once the handshake is done. Within
    /// `--close-timeout` a later [`turn`](Self::turn) says `Done`.
    pub fn close(&mut self, watch: &mut Watch<'_>) {
        match self.phase {
            Phase::Handshaking { .. } => self.enter(Phase::Closed(CloseReason::Abandoned), watch),
            Phase::Established => self.enter(Phase::Closing { cause: Cause::Asked }, watch),
            // Ending already; from now on not in its own time.
            Phase::PeerClosed { .. } | Phase::Closing { cause: Cause::SaidAll } => {
                self.start(Timeout::Close, watch);
            }
            _ => {} // ending already, and timed
        }
    }

    /// We have said everything: close_notify goes out behind it, and the rest of the answer is waited for.
    pub fn said_all(&mut self, watch: &mut Watch<'_>) {
        if self.phase == Phase::Established {
            self.enter(Phase::Closing { cause: Cause::SaidAll }, watch);
        }
    }

    /// Ends the session because the connection beneath it cannot be used: the poll will not watch it, for example.
    pub fn transport_failed(&mut self, doing: Doing, error: &io::Error, watch: &mut Watch<'_>) -> Turn {
        let reason = CloseReason::transport(doing, error);
        self.enter(Phase::Closed(reason.clone()), watch);
        Turn::Done(reason)
    }

    // ---- advance: phases and deadlines ---------------------------------------------------------------------

    /// Goes where the facts lead, or else sees to what is due.
    pub(super) fn advance(&mut self, watch: &mut Watch<'_>) -> bool {
        let facts = self.facts();
        match self.phase.next(facts) {
            Some(next) => {
                self.enter(next, watch);
                true
            }
            None => self.expire(watch),
        }
    }

    /// Goes to another phase, with all that entering it means.
    pub(super) fn enter(&mut self, next: Phase, watch: &mut Watch<'_>) {
        let previous = std::mem::replace(&mut self.phase, next);
        watch.step(&self.id, &Step::PhaseChanged { from: &previous, to: &self.phase });
        match &self.phase {
            Phase::Handshaking { .. } | Phase::PeerClosed { .. } => {}
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

    fn expire(&mut self, watch: &mut Watch<'_>) -> bool {
        if let Some(timeout) = self.deadlines.due(watch.now) {
            watch.step(&self.id, &Step::DeadlineFired(timeout));
            self.deadlines.set(timeout, None);
            self.timed_out(timeout, watch);
            return true;
        }
        if self.application_deadline().is_some_and(|at| at <= watch.now) {
            watch.step(&self.id, &Step::TimerFired);
            let next = self.application.timer(watch.now);
            self.apply_next(next, watch);
            return true;
        }
        false
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
            (Next::Leave, Phase::Established | Phase::Closing { .. }) => {
                self.tls.send_close_notify();
                self.enter(Phase::Failing { reason: CloseReason::Left }, watch);
            }
            _ => {}
        }
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
            Phase::Handshaking { .. } | Phase::Established => Phase::Failing { reason },
            _ => Phase::Closed(reason),
        };
        self.enter(next, watch);
    }

    fn reason_of(&self, error: rustls::Error) -> CloseReason {
        match (&self.phase, error) {
            (_, rustls::Error::AlertReceived(alert)) => CloseReason::PeerAlert(alert, self.alert_context()),
            (_, rustls::Error::NoCertificatesPresented) => {
                CloseReason::Unauthorized(Unauthorized::NotPresented)
            }
            (_, rustls::Error::InvalidCertificate(error)) => match &self.notes.refusal {
                Some(refusal) => CloseReason::Unauthorized(Unauthorized::clone(refusal)),
                None => CloseReason::Tls(rustls::Error::InvalidCertificate(error)),
            },
            (Phase::Handshaking { opening }, error) => match opening.foreign() {
                Some(foreign) => CloseReason::NotTls(foreign),
                None => CloseReason::Tls(error),
            },
            (_, error) => CloseReason::Tls(error),
        }
    }

    /// What the alert that has come can mean.
    fn alert_context(&self) -> AlertContext {
        let stage = match (self.tls.is_handshaking(), self.tls.protocol_version()) {
            (true, None) => Stage::Hello,
            (true, Some(_)) => Stage::Agreed,
            (false, _) => Stage::Established,
        };
        // A server that has sent data did not mind the certificate.
        let request = self.notes.request.clone().filter(|_| self.received == 0);
        AlertContext { stage, request }
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
