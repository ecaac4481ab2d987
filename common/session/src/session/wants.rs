//! The result of a turn, and the events that a session waits for.

use std::time::Instant;

use super::Session;
use crate::application::Application;
use crate::close_reason::CloseReason;
use crate::phase::Phase;
use crate::readiness::Interest;
use crate::rustls_facts;
use crate::transport::Transport;

/// The result of a turn.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub enum Turn {
    /// The session has nothing to do now. Wait for these events.
    Wait(Wants),
    /// The session reached the limit of its turn: one read, or the largest number of records. Serve the other
    /// sessions, then call `turn` again. Before that call, ask the event source for the
    /// events that the session wants, but do not sleep. A session that can write may have something to read by now, and
    /// the other way round.
    Again(Wants),
    /// The session is over.
    Done(CloseReason),
}

/// The events that a session waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// Bytes to read, or the peer's FIN.
    pub readable: bool,
    /// Room to write.
    pub writable: bool,
    /// The time of the next turn if the event source reports nothing before.
    pub deadline: Option<Instant>,
}

impl Wants {
    /// Returns the events to watch the socket for.
    pub fn interest(&self) -> Interest {
        Interest { readable: self.readable, writable: self.writable }
    }
}

/// The state of the receiving half of the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// It may hold bytes.
    Unknown,
    /// The last read emptied it, and the event source has reported nothing since.
    Empty,
    /// A read returned end-of-file or an error. No more bytes come.
    Ended,
}

impl<T: Transport, A: Application> Session<T, A> {
    /// Returns the events that the session waits for.
    pub fn wants(&self) -> Wants {
        Wants {
            readable: self.wants_fill(),
            writable: self.phase.writes() && self.tls.wants_write(),
            deadline: [self.deadlines.earliest(), self.application_deadline()].into_iter().flatten().min(),
        }
    }

    /// Returns whether there may be bytes to process now, and the session wants them.
    pub(super) fn can_fill(&self) -> bool {
        (self.readiness.is_readable() || !self.unprocessed.is_empty()) && self.wants_fill()
    }

    /// Returns whether the session wants to read. It does unless TLS is finished or too much output is pending.
    pub(super) fn wants_fill(&self) -> bool {
        match self.phase {
            // Pending output will never be written, so it does not matter.
            Phase::WriteFailed { .. } => true,
            // rustls ignores the bytes. The session reads to notice a reset. After the FIN the socket stays readable, so a
            // level-triggered source would report it again and again.
            Phase::HalfClosed => self.input != Input::Ended || T::EDGE_TRIGGERED,
            Phase::Handshaking | Phase::Established | Phase::Closing { .. } => {
                rustls_facts::takes_input(&self.tls)
                    && self.input != Input::Ended
                    && self.application.reads_on(self.pending_output.bytes())
            }
            Phase::PeerClosed { .. } | Phase::Finishing | Phase::Failing { .. } | Phase::Closed(_) => false,
        }
    }

    /// Returns the deadline of the application, while it can send.
    pub(super) fn application_deadline(&self) -> Option<Instant> {
        if self.phase.sends() { self.application.deadline() } else { None }
    }

    /// Sets the state of the receiving half. `Ended` is final.
    pub(super) fn note_input(&mut self, input: Input) {
        if self.input != Input::Ended {
            self.input = input;
        }
    }
}
