//! The phases of a session and the table that leads from one to the next.
//!
//! A phase holds only what rustls cannot know: who closed first, why it failed, what was said before TLS. All else
//! is asked of rustls when it is needed ([`Facts`]) and never kept beside it, so the two cannot disagree.
//!
//! ```text
//!                  handshake done            peer's close_notify, or FIN
//!   Handshaking ───────────────▶ Established ────────────────────────────▶ PeerClosed
//!        │                            │ we close                              │ all is answered:
//!        │                            ▼ close_notify                          ▼ close_notify
//!        │                         Closing ───────────────────┐            Finishing
//!        │                            peer's close_notify, FIN │              │ flushed
//!        │ error, alert, not acceptable: from any phase        ▼              ▼
//!        └──────────────▶ Failing ──────── flushed ────────▶ Closed ◀─────────┘
//!                         Severed ──────── read out ──────────▲
//! ```

use crate::close_reason::{CloseReason, Party};
use crate::deadline::Timeout;
use crate::foreign::Opening;

/// Where a session stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// The handshake is going on.
    Handshaking {
        /// What the peer said first, to recognise one that does not speak TLS.
        opening: Opening,
    },
    /// Application data may flow both ways.
    Established,
    /// The peer has said everything; we may still answer.
    PeerClosed {
        /// How it said so.
        end: PeerEnd,
        /// Whether the application has said everything too.
        answered: bool,
    },
    /// Our close_notify is queued or sent; the peer may still talk, and owes us its own.
    Closing {
        /// The deadline that made us close, if one did.
        timed_out: Option<Timeout>,
    },
    /// The peer has closed and all is answered; our close_notify is the last thing on its way.
    Finishing {
        /// How the session will have ended.
        reason: CloseReason,
    },
    /// The session has failed; what tells the peer so, an alert, is on its way.
    Failing {
        /// Why it failed.
        reason: CloseReason,
    },
    /// Nothing can be sent any more. What the peer sent before it left is read out, because a reason may be in it.
    Severed {
        /// What the failed write said.
        reason: CloseReason,
        /// Whether the peer had been judged by then, so that what it sent may reach the application.
        judged: bool,
    },
    /// Over.
    Closed(CloseReason),
}

/// How a peer ends its half of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerEnd {
    /// close_notify: that was all, and nobody cut it short.
    CloseNotify,
    /// A FIN alone: that may have been all (invariant I5).
    Fin,
}

/// What rustls says of the connection at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// `is_handshaking()`.
    pub handshaking: bool,
    /// `wants_write()`: bytes are owed to the peer.
    pub owes: bool,
    /// Whether and how the peer has ended its half, all plaintext before the end having been read.
    pub peer_end: Option<PeerEnd>,
}

impl Phase {
    /// The phase that these facts lead to, or `None` if they change nothing. The table is the whole truth about
    /// progress; decisions (an application that closes, a deadline, an error) enter their phases directly.
    pub fn next(&self, facts: Facts) -> Option<Self> {
        let Facts { handshaking, owes, peer_end } = facts;
        match (self, peer_end) {
            (Self::Handshaking { .. }, _) if !handshaking => Some(Self::Established),
            (Self::Handshaking { opening }, Some(_)) => Some(Self::Failing {
                reason: opening
                    .foreign()
                    .map_or(CloseReason::Truncated { established: false }, CloseReason::NotTls),
            }),
            (Self::Established, Some(end)) => Some(Self::PeerClosed { end, answered: false }),
            (Self::PeerClosed { end, answered: true }, _) if !owes => {
                Some(Self::Finishing { reason: end.close_reason() })
            }
            (Self::Closing { timed_out }, Some(end)) if !owes => Some(Self::Closed(match (timed_out, end) {
                (Some(timeout), _) => CloseReason::TimedOut(*timeout),
                (None, PeerEnd::CloseNotify) => CloseReason::Clean { first: Party::Us },
                (None, PeerEnd::Fin) => CloseReason::Unconfirmed,
            })),
            (Self::Finishing { reason } | Self::Failing { reason }, _) if !owes => {
                Some(Self::Closed(reason.clone()))
            }
            // Whatever is left to read is read now; what the peer will never send is not waited for.
            (Self::Severed { reason, .. }, Some(_)) => Some(Self::Closed(reason.clone())),
            _ => None,
        }
    }

    /// Whether bytes from the peer are fed to rustls.
    pub fn reads(&self) -> bool {
        matches!(
            self,
            Self::Handshaking { .. } | Self::Established | Self::Closing { .. } | Self::Severed { .. }
        )
    }

    /// Whether what rustls owes the peer is written.
    pub fn writes(&self) -> bool {
        !matches!(self, Self::Severed { .. } | Self::Closed(_))
    }

    /// Whether the application may still say something. Not after our close_notify: rustls would take it, and the
    /// peer would ignore it.
    pub fn speaks(&self) -> bool {
        matches!(self, Self::Established | Self::PeerClosed { answered: false, .. })
    }

    /// Whether the peer has been found acceptable, so that what it says may reach the application.
    pub fn judged(&self) -> bool {
        match self {
            Self::Severed { judged, .. } => *judged,
            Self::Handshaking { .. } | Self::Failing { .. } | Self::Closed(_) => false,
            Self::Established | Self::PeerClosed { .. } | Self::Closing { .. } | Self::Finishing { .. } => {
                true
            }
        }
    }

    /// The name of the phase, for traces and tests.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Handshaking { .. } => "Handshaking",
            Self::Established => "Established",
            Self::PeerClosed { .. } => "PeerClosed",
            Self::Closing { .. } => "Closing",
            Self::Finishing { .. } => "Finishing",
            Self::Failing { .. } => "Failing",
            Self::Severed { .. } => "Severed",
            Self::Closed(_) => "Closed",
        }
    }
}

impl PeerEnd {
    fn close_reason(self) -> CloseReason {
        match self {
            Self::CloseNotify => CloseReason::Clean { first: Party::Peer },
            Self::Fin => CloseReason::Truncated { established: true },
        }
    }
}
