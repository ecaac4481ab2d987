//! The applications of the ends, and the loops that send from outside. Both ends send the same long text from its
//! beginning, and the echo of what they receive.

use std::sync::OnceLock;
use std::time::Instant;

use tls_session::application::{Application, HIGH_WATER_MARK, Next, Outbox};
use tls_session::simulation::checker::Checker;
use tls_session::simulation::driver::Driver;
use tls_session::simulation::{Each, Side, pattern};

use crate::scenario::{Ending, Part};

/// A loop sends so many bytes at a time.
const FEED: usize = 16 * 1024;

/// A part of the text.
fn text(from: usize, length: usize) -> &'static [u8] {
    static TEXT: OnceLock<Vec<u8>> = OnceLock::new();
    &TEXT.get_or_init(|| pattern(1 << 20))[from..from + length]
}

/// An application that plays its part.
pub struct Role {
    part: Part,
    /// How many bytes it has received.
    pub received: usize,
    /// How many of them it could not answer any more.
    pub unanswered: usize,
    /// When it answers what it has not answered yet.
    answers_at: Option<Instant>,
}

impl Role {
    /// An application that has received nothing yet.
    pub fn new(part: Part) -> Self {
        Self { part, received: 0, unanswered: 0, answers_at: None }
    }

    fn next(&self) -> Next {
        match self.part.ending {
            Ending::Closes(after) if self.received >= after => Next::Close,
            Ending::Abandons(after) if self.received >= after => Next::Abandon,
            _ => Next::Continue,
        }
    }
}

impl Application for Role {
    fn established(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        outbox.send(text(0, self.part.sends));
        self.next()
    }

    fn received(&mut self, _now: Instant, plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        self.received += plaintext.len();
        match outbox {
            None => self.unanswered += plaintext.len(),
            Some(outbox) if self.part.echoes && self.part.answers_after.is_none() => outbox.send(plaintext),
            Some(_) => {}
        }
        self.next()
    }

    fn peer_finished(&mut self, now: Instant, _outbox: &mut Outbox<'_>) -> Next {
        let Some(delay) = self.part.answers_after else { return Next::Close };
        self.answers_at = Some(now + delay);
        Next::Continue
    }

    fn deadline(&self) -> Option<Instant> {
        self.answers_at
    }

    fn timer(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        if self.part.echoes {
            outbox.send(text(0, self.received));
        }
        Next::Close
    }

    fn reads_on(&self, pending_output: usize) -> bool {
        !self.part.echoes || pending_output <= HIGH_WATER_MARK
    }
}

/// What the loop of one end sends from outside.
#[derive(Clone, Copy, Default)]
pub struct Feed {
    sent: usize,
    is_done: bool,
}

impl Feed {
    /// The feeds of both ends.
    pub fn of(parts: Each<Part>) -> Each<Self> {
        let feed = |part: Part| Self { sent: 0, is_done: part.feeds == 0 && part.ending != Ending::Finishes };
        Each { client: feed(parts[Side::Client]), server: feed(parts[Side::Server]) }
    }

    /// Sends a piece if there is room.
    pub fn send(&mut self, part: Part, end: &mut Driver<Role, Checker>, now: Instant) {
        if !self.has_more(end) {
            return;
        }
        let length = FEED.min(part.feeds - self.sent);
        if length > 0 {
            end.send(text(part.sends + self.sent, length), now).unwrap();
            self.sent += length;
        } else {
            self.is_done = true;
            if part.ending == Ending::Finishes {
                end.finish_sending(now);
            }
        }
    }

    /// Returns whether there is more to do, and room for it.
    pub fn has_more(&self, end: &Driver<Role, Checker>) -> bool {
        !self.is_done && end.has_room()
    }
}
