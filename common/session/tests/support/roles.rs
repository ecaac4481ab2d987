//! What the sessions of the tests talk about.

use std::time::{Duration, Instant};

use tls_session::application::{Application, HIGH_WATER_MARK, Next, Outbox};

/// The server's role: greets, and sends everything back.
#[derive(Debug, Default)]
pub struct Echo {
    greeting: Vec<u8>,
    heard: Vec<u8>,
}

impl Echo {
    /// An echo that says this first; nothing, if it is empty.
    pub fn greeting(greeting: &[u8]) -> Self {
        Self { greeting: greeting.to_vec(), heard: Vec::new() }
    }
}

impl Application for Echo {
    fn established(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        outbox.send(&self.greeting);
        Next::Continue
    }

    fn received(&mut self, _now: Instant, plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        self.heard.extend_from_slice(plaintext);
        if let Some(outbox) = outbox {
            outbox.send(plaintext);
        }
        Next::Continue
    }
}

/// The client's role: says one thing, collects what comes, and closes at its time.
#[derive(Debug)]
pub struct Talker {
    message: Vec<u8>,
    leaves_after: usize,
    linger: Option<Duration>,
    leaves_at: Option<Instant>,
    always_reads: bool,
    heard: Vec<u8>,
}

impl Talker {
    /// Says this, and never closes first.
    pub fn says(message: &[u8]) -> Self {
        Self {
            message: message.to_vec(),
            leaves_after: usize::MAX,
            linger: None,
            leaves_at: None,
            always_reads: false,
            heard: Vec::new(),
        }
    }

    /// Closes once it has heard so many bytes; with 0 as soon as it has spoken.
    pub fn leaves_after(self, heard: usize) -> Self {
        Self { leaves_after: heard, ..self }
    }

    /// Reads on whatever it owes, as a role that answers nothing should.
    pub fn always_reads(self) -> Self {
        Self { always_reads: true, ..self }
    }

    /// Closes so long after the first thing that it hears.
    pub fn lingers(self, linger: Duration) -> Self {
        Self { linger: Some(linger), ..self }
    }

    fn next(&self) -> Next {
        if self.heard.len() >= self.leaves_after { Next::Close } else { Next::Continue }
    }
}

impl Application for Talker {
    fn established(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        outbox.send(&self.message);
        self.next()
    }

    fn received(&mut self, now: Instant, plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        self.heard.extend_from_slice(plaintext);
        self.leaves_at = self.leaves_at.or(self.linger.map(|linger| now + linger));
        self.next()
    }

    fn reads_on(&self, owed: usize) -> bool {
        self.always_reads || owed <= HIGH_WATER_MARK
    }

    fn deadline(&self) -> Option<Instant> {
        self.leaves_at
    }

    fn timer(&mut self, _now: Instant, _outbox: &mut Outbox<'_>) -> Next {
        Next::Close
    }
}

/// Says nothing, ever.
#[derive(Debug, Default)]
pub struct Sphinx;

impl Application for Sphinx {
    fn received(&mut self, _now: Instant, _plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        Next::Continue
    }
}

/// A role that remembers what it heard.
pub trait Heard {
    /// All of it, in order.
    fn heard(&self) -> &[u8];
}

impl Heard for Echo {
    fn heard(&self) -> &[u8] {
        &self.heard
    }
}

impl Heard for Talker {
    fn heard(&self) -> &[u8] {
        &self.heard
    }
}
