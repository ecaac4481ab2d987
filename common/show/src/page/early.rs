//! What the loop did before the session began that a page shows: it woke, a client connected, STARTTLS.

use std::mem;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use program::observer::LoopEvent;
use tls_session::bytes::Count;

use super::rows::Row;
use super::segments::Segment;
use super::story::Story;
use crate::vocabulary::{self, Entry, Tone};

/// The most events of the loop that are kept before their session begins.
const MAX_EARLY_EVENTS: usize = 32;

/// The beginning of a turn of the loop.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wake {
    /// The number of the turn.
    pub(super) number: u64,
    pub(super) woke: Option<(Instant, usize, bool)>,
}

/// An event before its session began.
#[derive(Debug)]
struct Early {
    wake: Wake,
    /// Its peer, if it concerns one peer only.
    peer: Option<SocketAddr>,
    stage: Stage,
    call: Entry,
}

/// To which part of a connection an early event belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The client connects, or talks before TLS.
    BeforeTls,
    /// TCP is connected.
    Connected,
    /// The turn of the loop in which the session begins.
    SameTurn,
}

impl Stage {
    fn of(event: &LoopEvent<'_>) -> Self {
        match event {
            LoopEvent::Connected(_) => Self::Connected,
            LoopEvent::Connecting(_)
            | LoopEvent::ConnectFailed(..)
            | LoopEvent::PreambleIn(..)
            | LoopEvent::PreambleOut(..) => Self::BeforeTls,
            _ => Self::SameTurn,
        }
    }
}

/// The current turn of the loop, and the events whose session has not begun.
#[derive(Debug, Default)]
pub(super) struct Round {
    pub(super) wake: Wake,
    /// When the client began to connect, when it was connected, and how long this took.
    connecting: Option<Instant>,
    connected_at: Option<Instant>,
    connected: Option<Duration>,
    events: Vec<Early>,
    /// How many steps before TLS (STARTTLS) did not fit into `events`.
    left_out: u64,
}

impl Round {
    /// Begins a turn. A client connects, and begins TLS, in earlier turns than the one in which its session begins. So these
    /// events stay.
    pub(super) fn wake(&mut self, now: Instant, events: usize, timeout: Option<Duration>) {
        let woke = Some((now, events, vocabulary::may_sleep(timeout)));
        self.wake = Wake { number: self.wake.number + 1, woke };
        self.events.retain(|early| early.stage != Stage::SameTurn);
    }

    /// Measures how long a client connects.
    pub(super) fn connect(&mut self, now: Instant, event: &LoopEvent<'_>) {
        match event {
            LoopEvent::Connecting(_) => self.connecting = Some(now),
            LoopEvent::Connected(_) => {
                self.connected = self.connecting.take().map(|since| now.saturating_duration_since(since));
                self.connected_at = Some(now);
            }
            _ => {}
        }
    }

    /// Returns when TCP was connected.
    pub(super) fn connected_at(&self) -> Option<Instant> {
        self.connected_at
    }

    /// Keeps an event, with its sentence, until its session begins.
    pub(super) fn keep(&mut self, event: &LoopEvent<'_>, call: Entry) {
        if self.events.len() < MAX_EARLY_EVENTS {
            let peer = peer_of(event);
            self.events.push(Early { wake: self.wake, peer, stage: Stage::of(event), call });
        } else if matches!(event, LoopEvent::PreambleIn(..) | LoopEvent::PreambleOut(..)) {
            self.left_out += 1;
        }
    }

    /// Gives a session that begins its events. They belong to the current turn.
    pub(super) fn begin(&mut self, story: &mut Story) {
        let is_own = |early: &mut Early| early.peer.is_none_or(|peer| peer == story.id.peer);
        for early in self.events.extract_if(.., is_own).collect::<Vec<_>>() {
            story.rows.push(Row::Call(early.call));
        }
        self.push_left_out(story);
        story.segment(Duration::ZERO, Segment::Connected(self.connected.take()));
    }

    /// Gives the story of a connection on which TLS did not begin its events, each in its turn. TCP was connected at the
    /// time `connected_at`.
    pub(super) fn fail(&mut self, connected_at: Instant, story: &mut Story) {
        for early in mem::take(&mut self.events) {
            story.turn(early.wake, connected_at);
            story.rows.push(Row::Call(early.call));
            if early.stage == Stage::Connected {
                story.segment(Duration::ZERO, Segment::Connected(self.connected.take()));
            }
        }
        self.push_left_out(story);
        story.turn(self.wake, connected_at);
    }

    /// Says how many steps before TLS are not in the story.
    fn push_left_out(&mut self, story: &mut Story) {
        if self.left_out > 0 {
            let details = format!("{} before TLS", Count(mem::take(&mut self.left_out), "step"));
            story.rows.push(Row::Call(vocabulary::entry(Tone::Quiet, "left out", details)));
        }
    }
}

/// Returns the peer of an event that concerns one peer only.
fn peer_of(event: &LoopEvent<'_>) -> Option<SocketAddr> {
    match event {
        LoopEvent::Accepted(peer) => Some(*peer),
        LoopEvent::Promoted { id, .. } => Some(id.peer),
        _ => None,
    }
}
