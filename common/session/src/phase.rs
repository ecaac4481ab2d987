//! The phases of a session, and the one table that leads from phase to phase.
//!
//! rustls knows the progress of the handshake, the pending output, and whether the peer has ended its half. A phase
//! holds what rustls does not know: which end closed first, and why the session fails.
//!
//! [`Phase::on`] is the whole table. It is a pure function. The session passes an [`Event`], and enters the phase
//! that the function returns. Nothing else changes the phase. Two events are facts: [`Event::PeerEnded`] and
//! [`Event::Flushed`]. The session passes them again after each transition while they hold, until no transition
//! follows.
//!
//! A peer may close its half and go on reading, and we may do the same. RFC 8446, 6.1: "Each party MUST send a
//! "close_notify" alert before closing its write side of the connection, unless it has already sent some error alert.
//! This does not have any effect on its read side of the connection."
//!
#![doc = include_str!("phase_table.md")]

use crate::authorize::Refusal;
use crate::close_reason::{CloseReason, Endpoint};
use crate::deadline::Timeout;

/// The phase of a session.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// The handshake is running.
    Handshaking,
    /// The peer is authorized. Application data flows both ways.
    Established,
    /// The peer has sent close_notify, and the application is still sending
    /// ([`Application::peer_finished`](crate::application::Application::peer_finished)).
    HalfClosed,
    /// The peer has sent close_notify and the application has finished, or the peer has sent a FIN alone. The rest of
    /// our output is being written.
    PeerClosed {
        /// How the peer ended its half.
        end: PeerEnd,
    },
    /// Our close_notify is queued or written. The peer may still send, and has to answer with its own close_notify.
    Closing {
        /// The cause of the close. It decides which deadline holds.
        cause: Cause,
    },
    /// The peer has closed, and everything is answered. Our close_notify is being written.
    Finishing,
    /// The session has failed, or the application has abandoned it. An alert or a close_notify is being written.
    Failing {
        /// The reason.
        reason: CloseReason,
    },
    /// A write has failed, so nothing can be sent any more. The session reads the peer's last bytes, because they may
    /// hold a better reason.
    WriteFailed {
        /// The error of the write.
        reason: CloseReason,
        /// Whether the peer was authorized before. If not, its data must not reach the application.
        authorized: bool,
    },
    /// The session is over.
    Closed(CloseReason),
}

/// The cause of our close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The application or the loop requested it. The peer has the close timeout to answer.
    Requested,
    /// The application has finished sending, and waits for the rest of the answer. The idle timeout holds.
    FinishedSending,
    /// A deadline passed. The peer has the close timeout to answer.
    TimedOut(Timeout),
}

/// How a peer ends its half of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerEnd {
    /// The peer sent close_notify. Its data is complete.
    CloseNotify,
    /// The peer sent a FIN alone. Its data may have been cut off (invariant I5).
    Fin,
}

/// The input of the phase table.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The handshake is done, and the peer is authorized or refused.
    HandshakeDone(Result<(), Refusal>),
    /// A fact: the peer has ended its half, and all plaintext before the end has been read.
    PeerEnded(PeerEnd),
    /// A fact: all output is written. It holds the end of the peer's half, if the peer has ended it.
    Flushed(Option<PeerEnd>),
    /// The application has been told of the peer's close_notify.
    PeerFinished {
        /// Whether the application goes on sending.
        answer_follows: bool,
    },
    /// The application closes the session.
    ApplicationCloses,
    /// The application abandons the session. It takes nothing more.
    ApplicationAbandons,
    /// The loop, on behalf of the application, has finished sending.
    FinishedSending,
    /// The loop closes the session.
    CloseRequested,
    /// A deadline passed.
    TimedOut(Timeout),
    /// TLS has failed, or our answer cannot be completed: the keys are used up, or the application aborts.
    Failed(CloseReason),
    /// A read failed.
    ReadFailed {
        /// The error.
        reason: CloseReason,
        /// Whether the peer has reset the connection after all our output was written.
        is_reset_after_flush: bool,
    },
    /// A read found nothing more: the socket is empty, or at its end.
    NothingToRead,
    /// A write failed.
    WriteFailed(CloseReason),
    /// The session has to end at once, for this reason: the transport cannot be used any more, or the application cannot
    /// complete its answer.
    EndAtOnce(CloseReason),
}

impl Phase {
    /// Returns the next phase after this event. `None`: the phase stays the same.
    pub fn on(&self, event: Event) -> Option<Self> {
        match self {
            Self::Handshaking => Self::on_handshaking(event),
            Self::Established => Self::on_established(event),
            Self::HalfClosed => Self::on_half_closed(event),
            Self::PeerClosed { end } => Self::on_peer_closed(*end, event),
            Self::Closing { cause } => Self::on_closing(*cause, event),
            Self::Finishing => Self::on_finishing(event),
            Self::Failing { reason } => Self::on_failing(reason, event),
            Self::WriteFailed { reason, .. } => Self::on_write_failed(reason, event),
            Self::Closed(_) => None,
        }
    }

    fn on_handshaking(event: Event) -> Option<Self> {
        match event {
            Event::HandshakeDone(Ok(())) => Some(Self::Established),
            // rustls has no call to send an alert of our own, so the peer gets only the FIN.
            Event::HandshakeDone(Err(refusal)) => Some(Self::Closed(CloseReason::Unauthorized(refusal))),
            Event::PeerEnded(_) => {
                Some(Self::Failing { reason: CloseReason::Truncated { established: false } })
            }
            Event::CloseRequested => Some(Self::Closed(CloseReason::Abandoned)),
            Event::Failed(reason) => Some(Self::Failing { reason }),
            Event::WriteFailed(reason) => Some(Self::WriteFailed { reason, authorized: false }),
            other => Self::on_failure(other),
        }
    }

    fn on_established(event: Event) -> Option<Self> {
        match event {
            Event::PeerEnded(end @ PeerEnd::Fin) => Some(Self::PeerClosed { end }),
            // The session calls the application first. Its answer comes as `PeerFinished`.
            Event::PeerEnded(PeerEnd::CloseNotify) => None,
            Event::PeerFinished { answer_follows: true } => Some(Self::HalfClosed),
            Event::PeerFinished { answer_follows: false } => {
                Some(Self::PeerClosed { end: PeerEnd::CloseNotify })
            }
            Event::ApplicationCloses | Event::CloseRequested => {
                Some(Self::Closing { cause: Cause::Requested })
            }
            Event::FinishedSending => Some(Self::Closing { cause: Cause::FinishedSending }),
            Event::ApplicationAbandons => Some(Self::Failing { reason: CloseReason::AbandonedByApplication }),
            // All data that we accepted is answered, or can still be answered before close_notify (I6).
            Event::TimedOut(timeout @ (Timeout::Idle | Timeout::Session)) => {
                Some(Self::Closing { cause: Cause::TimedOut(timeout) })
            }
            Event::Failed(reason) => Some(Self::Failing { reason }),
            other => Self::on_failure(other),
        }
    }

    fn on_half_closed(event: Event) -> Option<Self> {
        match event {
            // `CloseRequested` changes no phase: it gives the application the close timeout to finish.
            Event::ApplicationCloses | Event::FinishedSending => {
                Some(Self::PeerClosed { end: PeerEnd::CloseNotify })
            }
            Event::ApplicationAbandons => Some(Self::Failing { reason: CloseReason::AbandonedByApplication }),
            // The application sends more than can be sent. What was taken before is flushed.
            Event::Failed(reason) => Some(Self::Failing { reason }),
            other => Self::on_failure(other),
        }
    }

    fn on_peer_closed(end: PeerEnd, event: Event) -> Option<Self> {
        match (event, end) {
            (Event::Flushed(_), PeerEnd::CloseNotify) => Some(Self::Finishing),
            // The data of the peer is answered, but an attacker may have cut it off. Our close_notify would certify
            // that the answer is complete (I6).
            (Event::Flushed(_), PeerEnd::Fin) => {
                Some(Self::Closed(CloseReason::Truncated { established: true }))
            }
            (other, _) => Self::on_failure(other),
        }
    }

    fn on_closing(cause: Cause, event: Event) -> Option<Self> {
        let closed_by = |end| {
            Some(Self::Closed(match (cause, end) {
                (Cause::TimedOut(timeout), _) => CloseReason::TimedOut(timeout),
                (_, PeerEnd::CloseNotify) => CloseReason::Clean { first: Endpoint::Local },
                (_, PeerEnd::Fin) => CloseReason::Unconfirmed,
            }))
        };
        match (event, cause) {
            (Event::Flushed(Some(end)), _) => closed_by(end),
            // Many peers close their socket before they read our close_notify. Then their kernel sends a reset.
            (Event::ReadFailed { is_reset_after_flush: true, .. }, _) => closed_by(PeerEnd::Fin),
            (Event::ApplicationAbandons, _) => {
                Some(Self::Failing { reason: CloseReason::AbandonedByApplication })
            }
            (Event::TimedOut(_), Cause::TimedOut(first)) => Some(Self::Closed(CloseReason::TimedOut(first))),
            (other, _) => Self::on_failure(other),
        }
    }

    fn on_finishing(event: Event) -> Option<Self> {
        match event {
            // Only our close_notify was pending, and the peer need not wait for it.
            Event::Flushed(_) | Event::WriteFailed(_) => {
                Some(Self::Closed(CloseReason::Clean { first: Endpoint::Peer }))
            }
            other => Self::on_failure(other),
        }
    }

    /// Returns the next phase after a timeout or a failure, in the phases that do not handle the event themselves.
    ///
    /// After a failure of TLS these phases close without an alert. In `Closing` and `Finishing` no alert may follow our
    /// close_notify.
    fn on_failure(event: Event) -> Option<Self> {
        match event {
            Event::TimedOut(timeout) => Some(Self::Closed(CloseReason::TimedOut(timeout))),
            Event::WriteFailed(reason) => Some(Self::WriteFailed { reason, authorized: true }),
            Event::Failed(reason) | Event::ReadFailed { reason, .. } | Event::EndAtOnce(reason) => {
                Some(Self::Closed(reason))
            }
            _ => None,
        }
    }

    /// Keeps the first reason, and writes the pending output first. A failure changes nothing: the alert of an error of
    /// TLS is already queued, and used-up keys or an application that aborts queue none.
    fn on_failing(reason: &CloseReason, event: Event) -> Option<Self> {
        match event {
            Event::Flushed(_)
            | Event::TimedOut(_)
            | Event::ReadFailed { .. }
            | Event::WriteFailed(_)
            | Event::EndAtOnce(_) => Some(Self::Closed(reason.clone())),
            _ => None,
        }
    }

    fn on_write_failed(reason: &CloseReason, event: Event) -> Option<Self> {
        match event {
            // The peer gave a reason, in an alert for example. That is better than a broken pipe.
            Event::Failed(better) => Some(Self::Closed(better)),
            Event::PeerEnded(_)
            | Event::NothingToRead
            | Event::TimedOut(_)
            | Event::ReadFailed { .. }
            | Event::EndAtOnce(_) => Some(Self::Closed(reason.clone())),
            _ => None,
        }
    }

    /// Returns whether the peer's bytes go to rustls.
    pub fn reads(&self) -> bool {
        matches!(
            self,
            Self::Handshaking | Self::Established | Self::Closing { .. } | Self::WriteFailed { .. }
        )
    }

    /// Returns whether pending output is written.
    pub fn writes(&self) -> bool {
        !matches!(self, Self::WriteFailed { .. } | Self::Closed(_))
    }

    /// Returns whether the application may send. After our close_notify rustls would still take the data, but the
    /// peer would ignore it.
    pub fn sends(&self) -> bool {
        matches!(self, Self::Established | Self::HalfClosed)
    }

    /// Returns whether the peer is authorized, so that its data may reach the application.
    pub fn is_authorized(&self) -> bool {
        match self {
            Self::WriteFailed { authorized, .. } => *authorized,
            Self::Handshaking | Self::Failing { .. } | Self::Closed(_) => false,
            Self::Established
            | Self::HalfClosed
            | Self::PeerClosed { .. }
            | Self::Closing { .. }
            | Self::Finishing => true,
        }
    }

    /// Returns whether a session in this phase has queued its close_notify.
    pub fn has_close_notify(&self) -> bool {
        matches!(
            self,
            Self::Closing { .. }
                | Self::Finishing
                | Self::Failing { reason: CloseReason::AbandonedByApplication }
        )
    }

    /// Returns the name of the phase in traces and tests.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Handshaking => "Handshaking",
            Self::Established => "Established",
            Self::HalfClosed => "HalfClosed",
            Self::PeerClosed { .. } => "PeerClosed",
            Self::Closing { .. } => "Closing",
            Self::Finishing => "Finishing",
            Self::Failing { .. } => "Failing",
            Self::WriteFailed { .. } => "WriteFailed",
            Self::Closed(_) => "Closed",
        }
    }
}
