//! What the ends talk about: both say the same endless text, from its beginning, and the echo of it.

use std::sync::OnceLock;
use std::time::Instant;

use tls_session::application::{Application, HIGH_WATER_MARK, Next, Outbox};

use crate::scenario::{Ending, Part};
use crate::support::pattern;

/// So much of what everybody says.
pub fn text(from: usize, length: usize) -> &'static [u8] {
    static TEXT: OnceLock<Vec<u8>> = OnceLock::new();
    &TEXT.get_or_init(|| pattern(1 << 20))[from..from + length]
}

/// An application that does what its part says.
pub struct Role {
    part: Part,
    /// How much it was given.
    pub heard: usize,
    /// How much of it could not be answered any more.
    pub unanswered: usize,
    /// When it answers what it has not answered yet.
    answers_at: Option<Instant>,
}

impl Role {
    /// One that has heard nothing yet.
    pub fn new(part: Part) -> Self {
        Self { part, heard: 0, unanswered: 0, answers_at: None }
    }

    fn next(&self) -> Next {
        match self.part.ending {
            Ending::Closes(heard) if self.heard >= heard => Next::Close,
            Ending::Leaves(heard) if self.heard >= heard => Next::Abandon,
            _ => Next::Continue,
        }
    }
}

impl Application for Role {
    fn established(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        outbox.send(text(0, self.part.says));
        self.next()
    }

    fn received(&mut self, _now: Instant, plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        self.heard += plaintext.len();
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
            outbox.send(text(0, self.heard));
        }
        Next::Close
    }

    fn reads_on(&self, owed: usize) -> bool {
        !self.part.echoes || owed <= HIGH_WATER_MARK
    }
}
