//! The phases of a session and the table that leads from one to the next.
//!
//! A phase holds only what rustls cannot know: who closed first, why it failed, what was said before TLS. All else
//! is asked of rustls when it is needed ([`Facts`]) and never kept beside it, so the two cannot disagree.
//!
//! ```text
//!                 judged             peer's close_notify, or FIN
//!   Handshaking ─────────▶ Established ────────────────────────────▶ PeerClosed
//!                             │     │ peer's close_notify, and           ▲ │
//!                             │     └─ the application ─▶ HalfClosed ────┘ │ output flushed: our close_notify,
//!                             │        still answers              it has   │ unless it was a FIN
//!                             │ we close:                         finished ▼
//!                             ▼ our close_notify                       Finishing
//!                          Closing                                         │
//!                             │ peer's, or FIN                             │ flushed
//!                             ▼                                            ▼
//!                           Closed ◀───────────────────────────────────────┘
//!
//!   Handshaking, Established ── TLS fails ──▶ Failing ── alert flushed ──▶ Closed
//!   all that write ── a write fails ──▶ Severed ── read to the end ──▶ Closed
//!   all ── a read fails, a deadline passes, we leave ──▶ Closed, or Closing where that still can be said
//! ```
//!
//! There are two ways from phase to phase. *Facts* lead through [`Phase::next`], a table and nothing else. *Events*
//! (the handshake's end, which has the peer judged; the peer's close_notify, after which the application says whether it
//! has finished; an error; a deadline; an application that closes) enter theirs in `session/fill.rs` and
//! `session/course.rs`.

use crate::close_reason::{CloseReason, Party};
use crate::deadline::Timeout;

/// Where a session stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// The handshake is going on.
    Handshaking,
    /// Application data may flow both ways.
    Established,
    /// The peer has sent close_notify, and the application still answers
    /// ([`Application::peer_finished`](crate::application::Application::peer_finished)).
    HalfClosed,
    /// The peer has said everything; what we owe it is on its way.
    PeerClosed {
        /// How it said so.
        end: PeerEnd,
    },
    /// Our close_notify is queued or sent; the peer may still talk, and owes us its own.
    Closing {
        /// Why we close, and so how long the peer may still take.
        cause: Cause,
    },
    /// The peer has closed and all is answered; our close_notify is the last thing on its way.
    Finishing,
    /// The session has failed, or was left; what tells the peer so, an alert or a close_notify, is on its way.
    Failing {
        /// Why.
        reason: CloseReason,
    },
    /// A write has failed, so nothing can be sent any more. What the peer sent before it left is read to the end,
    /// because a better reason may be in it.
    Severed {
        /// What the failed write said.
        reason: CloseReason,
        /// Whether the peer had been judged by then. If our last flight could not be written, it has not been, and
        /// what it may have sent behind its own must not reach the application.
        judged: bool,
    },
    /// Over.
    Closed(CloseReason),
}

/// What made us close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// We were asked to, by the application or from outside: the peer has `--close-timeout` to answer.
    Asked,
    /// We have said everything and want to hear the rest of the answer: the peer may take its time, as long as it
    /// does not fall silent (`--idle-timeout`).
    SaidAll,
    /// A deadline: the peer has `--close-timeout` to answer.
    TimedOut(Timeout),
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
    /// `wants_write()`: bytes are owed to the peer.
    pub owes: bool,
    /// Whether and how the peer has ended its half, all plaintext before the end having been read.
    pub peer_end: Option<PeerEnd>,
}

impl Phase {
    /// The phase that these facts lead to, or `None` if they change nothing.
    ///
    /// They never lead to [`Phase::Established`]: that is entered only where the peer is judged.
    pub fn next(&self, facts: Facts) -> Option<Self> {
        let Facts { owes, peer_end } = facts;
        match (self, peer_end) {
            (Self::Handshaking, Some(_)) => {
                Some(Self::Failing { reason: CloseReason::Truncated { established: false } })
            }
            (Self::Established, Some(end @ PeerEnd::Fin)) => Some(Self::PeerClosed { end }),
            (Self::PeerClosed { end: PeerEnd::CloseNotify }, _) if !owes => Some(Self::Finishing),
            // What it had sent is answered, but what it sent may have been cut off, by anybody on the way. A
            // close_notify of ours would certify that the answer is whole (I6).
            (Self::PeerClosed { end: PeerEnd::Fin }, _) if !owes => {
                Some(Self::Closed(CloseReason::Truncated { established: true }))
            }
            (Self::Closing { cause }, Some(end)) if !owes => Some(Self::Closed(match (cause, end) {
                (Cause::TimedOut(timeout), _) => CloseReason::TimedOut(*timeout),
                (_, PeerEnd::CloseNotify) => CloseReason::Clean { first: Party::Us },
                (_, PeerEnd::Fin) => CloseReason::Unconfirmed,
            })),
            (Self::Finishing, _) if !owes => Some(Self::Closed(CloseReason::Clean { first: Party::Peer })),
            (Self::Failing { reason }, _) if !owes => Some(Self::Closed(reason.clone())),
            (Self::Severed { reason, .. }, Some(_)) => Some(Self::Closed(reason.clone())),
            _ => None,
        }
    }

    /// Whether bytes from the peer are fed to rustls.
    pub fn reads(&self) -> bool {
        matches!(self, Self::Handshaking | Self::Established | Self::Closing { .. } | Self::Severed { .. })
    }

    /// Whether what rustls owes the peer is written.
    pub fn writes(&self) -> bool {
        !matches!(self, Self::Severed { .. } | Self::Closed(_))
    }

    /// Whether the application may say something. Not after our close_notify: rustls would take it, and the peer
    /// would ignore it.
    pub fn speaks(&self) -> bool {
        matches!(self, Self::Established | Self::HalfClosed)
    }

    /// Whether the peer has been found acceptable, so that what it says may reach the application.
    pub fn judged(&self) -> bool {
        match self {
            Self::Severed { judged, .. } => *judged,
            Self::Handshaking | Self::Failing { .. } | Self::Closed(_) => false,
            Self::Established
            | Self::HalfClosed
            | Self::PeerClosed { .. }
            | Self::Closing { .. }
            | Self::Finishing => true,
        }
    }

    /// The name of the phase, for traces and tests.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Handshaking => "Handshaking",
            Self::Established => "Established",
            Self::HalfClosed => "HalfClosed",
            Self::PeerClosed { .. } => "PeerClosed",
            Self::Closing { .. } => "Closing",
            Self::Finishing => "Finishing",
            Self::Failing { .. } => "Failing",
            Self::Severed { .. } => "Severed",
            Self::Closed(_) => "Closed",
        }
    }
}
