//! The trait of everything that shows sessions.

use std::time::Instant;

use program::observer::LoopEvent;
use tls_session::observer::{SessionId, Step};

use decode::Record;
use decode::secrets::Secret;

/// The decoded contents of a step. Only [`Step::ReadTls`], [`Step::WroteTls`] and [`Step::Closed`] have any.
#[derive(Debug, Default)]
pub struct Carried {
    /// The records that these bytes completed.
    pub records: Vec<Record>,
    /// How many bytes at the end belong to a record that is not complete yet.
    pub left_over: usize,
    /// The beginnings of records that were still incomplete when the session ended.
    pub incomplete: Vec<Record>,
    /// The bytes of a write.
    pub written: Vec<u8>,
    /// The number of slices that they were in.
    pub slices: usize,
    /// The secrets that rustls derived while it processed these bytes. Records under these secrets are never earlier.
    pub secrets: Vec<Secret>,
}

/// Shows sessions. It is like an [`Observer`](tls_session::observer::Observer), and also gets the decoded contents of
/// each read and each write. It gets [`Step::ReadTls`] after rustls has processed the bytes, right before
/// [`Step::Processed`], because their secrets are not known earlier.
pub trait Sink {
    /// Returns `false` once the sink has failed for good. From then on it is not called any more.
    fn is_watching(&self) -> bool {
        true
    }

    /// Shows a step of a session.
    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>, carried: &Carried);

    /// Shows an event of the loop.
    fn event_loop(&mut self, now: Instant, event: &LoopEvent<'_>);

    /// Returns the time at which [`timer`](Self::timer) has to be called even if nothing happens.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Does the work that was postponed until the deadline.
    fn timer(&mut self, now: Instant) {
        let _ = now;
    }
}

fn watching(sinks: &mut [Box<dyn Sink>]) -> impl Iterator<Item = &mut Box<dyn Sink>> {
    sinks.iter_mut().filter(|sink| sink.is_watching())
}

/// Several sinks. They watch until the last one has failed.
impl Sink for Vec<Box<dyn Sink>> {
    fn is_watching(&self) -> bool {
        self.iter().any(|sink| sink.is_watching())
    }

    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>, carried: &Carried) {
        watching(self).for_each(|sink| sink.step(now, id, step, carried));
    }

    fn event_loop(&mut self, now: Instant, event: &LoopEvent<'_>) {
        watching(self).for_each(|sink| sink.event_loop(now, event));
    }

    fn deadline(&self) -> Option<Instant> {
        self.iter().filter(|sink| sink.is_watching()).filter_map(|sink| sink.deadline()).min()
    }

    fn timer(&mut self, now: Instant) {
        watching(self).for_each(|sink| sink.timer(now));
    }
}
