//! What shows sessions, and how it is told of them.

use std::time::Instant;

use tls_session::observer::{LoopEvent, SessionId, Step};

use decode::Record;
use decode::secrets::Secret;

/// What a step carried that only a decoder sees: empty but for [`Step::ReadTls`], [`Step::WroteTls`] and
/// [`Step::Closed`].
#[derive(Debug, Default)]
pub struct Carried {
    /// The records that these bytes completed.
    pub records: Vec<Record>,
    /// How many bytes at the end belong to a record that is not complete yet.
    pub left_over: usize,
    /// When a session is over, the beginnings of records that did not come to their end.
    pub incomplete: Vec<Record>,
    /// The secrets that rustls derived while it processed them. What they encrypt comes no earlier than this.
    pub secrets: Vec<Secret>,
}

/// Somebody who shows sessions. Like an [`Observer`](tls_session::observer::Observer), and told in addition what each read
/// and each write carried. [`Step::ReadTls`] is told once its bytes have been processed, right before
/// [`Step::Processed`], because only then they can be decrypted.
pub trait Sink {
    /// Whether there is any use in telling it something. `false` once it has failed, and from then on it is told
    /// nothing.
    fn is_watching(&self) -> bool {
        true
    }

    /// A session did something.
    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>, carried: &Carried);

    /// The loop did something.
    fn event_loop(&mut self, now: Instant, event: &LoopEvent<'_>);

    /// When [`timer`](Self::timer) wants to be called even if nothing happens.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// A sink whose deadline has passed does what it has put off.
    fn timer(&mut self, now: Instant) {
        let _ = now;
    }
}

/// Several watch, until the last has failed.
impl Sink for Vec<Box<dyn Sink>> {
    fn is_watching(&self) -> bool {
        self.iter().any(|sink| sink.is_watching())
    }

    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>, carried: &Carried) {
        for sink in self.iter_mut().filter(|sink| sink.is_watching()) {
            sink.step(now, id, step, carried);
        }
    }

    fn event_loop(&mut self, now: Instant, event: &LoopEvent<'_>) {
        for sink in self.iter_mut().filter(|sink| sink.is_watching()) {
            sink.event_loop(now, event);
        }
    }
    fn deadline(&self) -> Option<Instant> {
        self.iter().filter(|sink| sink.is_watching()).filter_map(|sink| sink.deadline()).min()
    }

    fn timer(&mut self, now: Instant) {
        for sink in self.iter_mut().filter(|sink| sink.is_watching()) {
            sink.timer(now);
        }
    }
}
