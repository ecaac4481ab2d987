//! A session until its page is drawn: its facts, and the rows of its ladder.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use program::ending::Endings;
use rustls::Side;
use tls_session::close_reason::CloseReason;
use tls_session::observer::{SessionId, Step};
use tls_session::phase::Phase;

use super::closure::Closure;
use super::early::Wake;
use super::facts::Facts;
use super::rows::{Carry, Row, Rows, Turn};
use super::segments::Segment;
use crate::clock;
use crate::sink::Carried;
use crate::vocabulary::{self, Entry};

/// A session that has not ended.
#[derive(Debug)]
pub(super) struct Story {
    began: Instant,
    /// The time of day at which it began, since 1970.
    pub(super) date: Duration,
    /// The same time on the clock that all programs of this host share.
    pub(super) monotonic: Duration,
    /// The time of the last step.
    stepped: Duration,
    /// The time of the last system call that moved bytes or a FIN: before a write or a FIN, after a read.
    moved: Duration,
    /// The sentences of this program about its sessions.
    endings: Endings,
    pub(super) id: SessionId,
    pub(super) facts: Facts,
    pub(super) rows: Rows,
    /// The turn that its last rows belong to.
    round: u64,
    turned: Duration,
    /// A step has said that the peer has reset the connection.
    was_reset: bool,
    /// A write has failed. A read may then report end-of-file although the peer has sent no FIN.
    write_failed: bool,
}

impl Story {
    /// Begins a session at the time `now`, which is the time of day `date`, since 1970.
    pub(super) fn new(
        now: Instant,
        id: SessionId,
        endings: Endings,
        local: SocketAddr,
        date: Duration,
    ) -> Self {
        let us = endings.local();
        let ends = match us {
            Side::Client => [local, id.peer],
            Side::Server => [id.peer, local],
        };
        let facts = Facts::new(id.number, Some(us), ends, super::date(date));
        Self {
            began: now,
            date,
            monotonic: clock::monotonic(now),
            stepped: Duration::ZERO,
            moved: Duration::ZERO,
            endings,
            id,
            facts,
            rows: Rows::default(),
            round: 0,
            turned: Duration::ZERO,
            was_reset: false,
            write_failed: false,
        }
    }

    /// Returns about how many bytes it keeps.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + self.facts.size() + self.rows.size()
    }

    /// Adds a row for the current turn of the loop, unless it has one.
    pub(super) fn turn(&mut self, wake: Wake, now: Instant) {
        if self.round == wake.number && !self.rows.first.is_empty() {
            return;
        }
        let at = wake.woke.map_or(now, |(woke, ..)| woke).saturating_duration_since(self.began);
        let others = wake.number.saturating_sub(self.round + 1);
        let first = self.rows.first.is_empty();
        self.rows.push(Row::Turn(Turn {
            at,
            gap: at.saturating_sub(self.turned),
            woke: wake.woke.map(|(_, events, slept)| (events, slept)),
            // All turns of a client's loop belong to its one session.
            others: if first || self.endings.local() == Side::Client { 0 } else { others },
        }));
        self.round = wake.number;
        self.turned = at;
    }

    /// Adds a step of the session.
    pub(super) fn step(&mut self, now: Instant, step: &Step<'_>, carried: &Carried) {
        self.time(now, step);
        self.facts.lasted = now.saturating_duration_since(self.began);
        match step {
            Step::Received(bytes) => {
                self.facts.of_mut(self.endings.peer()).bytes += bytes.len() as u64;
            }
            Step::WroteTls(length) => {
                self.facts.of_mut(self.endings.local()).bytes += *length as u64;
            }
            Step::Established(handshake) => self.facts.agree(handshake),
            Step::PhaseChanged { to: Phase::WriteFailed { .. }, .. } => self.write_failed = true,
            Step::PlaintextIn([_, ..]) | Step::PlaintextOut([_, ..]) => self.facts.has_data = true,
            Step::Closed { reason, until, received, sent, .. } => {
                let sentence = self.endings.describe_end(reason, *until).to_string();
                self.facts.close(reason, sentence);
                self.facts.of_mut(self.endings.peer()).data = *received;
                self.facts.of_mut(self.endings.local()).data = *sent;
            }
            _ => {}
        }
        for record in &carried.incomplete {
            self.rows.push_record(record);
        }
        let mut call = vocabulary::of_step(step, now, &self.endings);
        if let Step::Established(_) = step {
            call.details = "the top of this page has the parameters".to_owned();
        }
        match step {
            Step::Sent(_) => {} // counted on the line of its `write_tls`
            Step::ReadTls([_, ..]) | Step::WroteTls(_) => self.carry(call, carried),
            _ => self.rows.push(Row::Call(call)),
        }
        self.tcp(step);
    }

    /// Adds the segment that this step reveals.
    fn tcp(&mut self, step: &Step<'_>) {
        let (local, peer) = (self.endings.local(), self.endings.peer());
        let (at, segment) = match step {
            Step::Received([]) if !self.write_failed => (self.moved, self.facts.fin(peer)),
            Step::SentFin(Ok(())) => (self.moved, self.facts.fin(local)),
            Step::PhaseChanged { to, .. } if is_reset(to) => (self.stepped, Segment::Reset(peer)),
            _ => return,
        };
        let is_again = match segment {
            // A session reads end-of-file again if it still sends and the poll reports the socket.
            Segment::Fin { own, .. } => own == Closure::Closed,
            // A session that fails enters two phases because of one reset.
            Segment::Reset(_) => std::mem::replace(&mut self.was_reset, true),
            Segment::Connected(_) => false,
        };
        if !is_again {
            self.segment(at, segment);
        }
    }

    /// Adds an event of the TCP connection.
    pub(super) fn segment(&mut self, at: Duration, segment: Segment) {
        self.facts.segment(segment);
        self.rows.push(Row::Segment { at, segment });
    }

    /// Measures the time of a system call. The loop reads its clock once in a turn, which is too seldom for the arrows between
    /// both ends. A write happened after the step before it, and a read before its own step. So no record seems to arrive
    /// before it was sent, although the kernel may stop this program behind a write to run the reader.
    fn time(&mut self, now: Instant, step: &Step<'_>) {
        let since_began = |at: Instant| at.saturating_duration_since(self.began);
        let here = since_began(Instant::now().max(now));
        match step {
            Step::Sent(_) => return, // it follows the write
            Step::WroteTls(_) | Step::SentFin(_) => self.moved = self.stepped.max(since_began(now)),
            Step::Received(_) => self.moved = here,
            _ => {}
        }
        self.stepped = here;
    }

    fn carry(&mut self, call: Entry, carried: &Carried) {
        let records = &carried.records;
        self.rows.push(Row::Carry(Carry {
            call,
            at: self.moved,
            records: records.len(),
            messages: records.iter().map(|record| record.messages().count()).sum(),
            slices: carried.slices,
            left_over: carried.left_over,
        }));
        for record in records {
            self.facts.record(record);
            self.rows.push_record(record);
        }
    }
}

/// Returns whether the session has entered this phase because the peer has reset the connection.
fn is_reset(phase: &Phase) -> bool {
    let (Phase::Failing { reason } | Phase::WriteFailed { reason, .. } | Phase::Closed(reason)) = phase
    else {
        return false;
    };
    matches!(reason, CloseReason::Transport { kind: ErrorKind::ConnectionReset, .. })
}
