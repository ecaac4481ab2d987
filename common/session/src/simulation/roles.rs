//! Applications for both ends.

use std::time::{Duration, Instant};

use crate::application::{Application, HIGH_WATER_MARK, Next, Outbox};

/// Sends a greeting, and then everything that it receives.
#[derive(Debug, Default)]
pub struct Echo {
    greeting: Vec<u8>,
}

impl Echo {
    /// An echo that sends this first.
    pub fn greeting(greeting: &[u8]) -> Self {
        Self { greeting: greeting.to_vec() }
    }
}

impl Application for Echo {
    fn established(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        outbox.send(&self.greeting);
        Next::Continue
    }

    fn received(&mut self, _now: Instant, plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        if let Some(outbox) = outbox {
            outbox.send(plaintext);
        }
        Next::Continue
    }
}

/// Sends one message, counts what it receives, and closes if it is told when.
#[derive(Debug)]
pub struct Talker {
    message: Vec<u8>,
    /// How many bytes it sends at once, and how long it waits then.
    pace: (usize, Duration),
    sent: usize,
    sends_at: Option<Instant>,
    closes_after: usize,
    linger: Option<Duration>,
    closes_at: Option<Instant>,
    always_reads: bool,
    received: usize,
}

impl Talker {
    /// Sends this, and never closes first.
    pub fn sends(message: &[u8]) -> Self {
        Self {
            message: message.to_vec(),
            pace: (usize::MAX, Duration::ZERO),
            sent: 0,
            sends_at: None,
            closes_after: usize::MAX,
            linger: None,
            closes_at: None,
            always_reads: false,
            received: 0,
        }
    }

    /// Closes when it has received so many bytes. With 0 it closes right after its message.
    pub fn closes_after(self, received: usize) -> Self {
        Self { closes_after: received, ..self }
    }

    /// Sends so many bytes at once, and the next so long after them.
    pub fn pauses(self, piece: usize, pause: Duration) -> Self {
        Self { pace: (piece.max(1), pause), ..self }
    }

    /// Reads on whatever is pending, as an application that answers nothing should.
    pub fn always_reads(self) -> Self {
        Self { always_reads: true, ..self }
    }

    /// Closes so long after the first bytes that it receives.
    pub fn lingers(self, linger: Duration) -> Self {
        Self { linger: Some(linger), ..self }
    }

    fn next(&self) -> Next {
        let has_finished = self.sends_at.is_none() && self.received >= self.closes_after;
        if has_finished { Next::Close } else { Next::Continue }
    }

    fn send(&mut self, now: Instant, outbox: &mut Outbox<'_>) -> Next {
        let (piece, pause) = self.pace;
        let rest = &self.message[self.sent..];
        let piece = &rest[..piece.min(rest.len())];
        outbox.send(piece);
        self.sent += piece.len();
        self.sends_at = (self.sent < self.message.len()).then(|| now + pause);
        self.next()
    }
}

impl Application for Talker {
    fn established(&mut self, now: Instant, outbox: &mut Outbox<'_>) -> Next {
        self.send(now, outbox)
    }

    fn received(&mut self, now: Instant, plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        self.received += plaintext.len();
        self.closes_at = self.closes_at.or(self.linger.map(|linger| now + linger));
        self.next()
    }

    fn reads_on(&self, pending_output: usize) -> bool {
        self.always_reads || pending_output <= HIGH_WATER_MARK
    }

    fn deadline(&self) -> Option<Instant> {
        [self.sends_at, self.closes_at].into_iter().flatten().min()
    }

    fn timer(&mut self, now: Instant, outbox: &mut Outbox<'_>) -> Next {
        let closes = self.closes_at.is_some_and(|at| at <= now);
        if closes { Next::Close } else { self.send(now, outbox) }
    }
}

/// Never sends anything.
#[derive(Debug, Default)]
pub struct Silent;

impl Application for Silent {
    fn received(&mut self, _now: Instant, _plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        Next::Continue
    }
}

/// So that one run can have two kinds of application.
impl Application for Box<dyn Application> {
    fn established(&mut self, now: Instant, outbox: &mut Outbox<'_>) -> Next {
        (**self).established(now, outbox)
    }

    fn received(&mut self, now: Instant, plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        (**self).received(now, plaintext, outbox)
    }

    fn accepts_early_data(&self) -> bool {
        (**self).accepts_early_data()
    }

    fn received_early(&mut self, now: Instant, plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        (**self).received_early(now, plaintext, outbox)
    }

    fn peer_finished(&mut self, now: Instant, outbox: &mut Outbox<'_>) -> Next {
        (**self).peer_finished(now, outbox)
    }

    fn resume_sending(&mut self, now: Instant, outbox: &mut Outbox<'_>) -> Next {
        (**self).resume_sending(now, outbox)
    }

    fn is_answering(&self) -> bool {
        (**self).is_answering()
    }

    fn reads_on(&self, pending_output: usize) -> bool {
        (**self).reads_on(pending_output)
    }

    fn deadline(&self) -> Option<Instant> {
        (**self).deadline()
    }

    fn timer(&mut self, now: Instant, outbox: &mut Outbox<'_>) -> Next {
        (**self).timer(now, outbox)
    }
}
