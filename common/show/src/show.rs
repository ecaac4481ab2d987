//! The observer that decodes what sessions carry, and tells the sinks.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use rustls::Side;
use tls_session::observer::{LoopEvent, Observer, SessionId, Step};

use crate::sink::{Carried, Sink};
use decode::Decoder;
use decode::secrets::Secrets;

/// Decodes once, for all sinks, until none of them watches any more.
#[derive(Debug)]
pub struct Show<S> {
    /// The role of this end.
    local: Side,
    secrets: Arc<Secrets>,
    sink: S,
    sessions: HashMap<u64, Wire>,
}

/// The bytes of one session, on their way to its decoder.
#[derive(Debug, Default)]
struct Wire {
    decoder: Decoder,
    /// What `read_tls` took and nobody was told of yet, because it has to be processed first.
    read: Option<(Instant, Vec<u8>)>,
    /// The slices of the write that is going on.
    sent: Vec<u8>,
}

impl<S: Sink> Show<S> {
    /// At the end that plays the role `local`, with the secrets that `secrets` gets from rustls, for `sink`.
    pub fn new(local: Side, secrets: Arc<Secrets>, sink: S) -> Self {
        Self { local, secrets, sink, sessions: HashMap::new() }
    }

    fn peer(&self) -> Side {
        match self.local {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }

    /// The sink again.
    pub fn into_sink(self) -> S {
        self.sink
    }

    /// What was read is told of now that it has been processed.
    fn tell_read(&mut self, id: SessionId) {
        let peer = self.peer();
        let wire = self.sessions.entry(id.number).or_default();
        let Some((then, bytes)) = wire.read.take() else { return };
        let secrets = self.secrets.take();
        wire.decoder.learn(&secrets);
        let records = wire.decoder.feed(peer, &bytes);
        let left_over = wire.decoder.left_over(peer);
        let carried = Carried { records, left_over, secrets, ..Carried::default() };
        self.tell(|sink| sink.step(then, id, &Step::ReadTls(&bytes), &carried));
    }

    /// Tells the sink, unless it has failed; if it fails at this, nothing is kept for it any more.
    fn tell(&mut self, what: impl FnOnce(&mut S)) {
        if !self.sink.is_watching() {
            return;
        }
        what(&mut self.sink);
        if !self.sink.is_watching() {
            self.sessions = HashMap::new();
            self.secrets.close();
        }
    }

    /// What the kernel has taken.
    fn carried_out(&mut self, id: SessionId) -> Carried {
        let wire = self.sessions.entry(id.number).or_default();
        let us = self.local;
        let records = wire.decoder.feed(us, &std::mem::take(&mut wire.sent));
        Carried { records, left_over: wire.decoder.left_over(us), ..Carried::default() }
    }
}

impl<S: Sink> Observer for Show<S> {
    fn is_watching(&self) -> bool {
        self.sink.is_watching()
    }

    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>) {
        if !self.is_watching() {
            return;
        }
        let mut carried = Carried::default();
        match step {
            // Told of by `tell_read`, at the time it has now: its records cannot be opened before the secrets are there.
            Step::ReadTls(bytes) => {
                self.sessions.entry(id.number).or_default().read = Some((now, bytes.to_vec()));
                return;
            }
            Step::Processed(_) => self.tell_read(id),
            Step::Sent(bytes) => {
                self.sessions.entry(id.number).or_default().sent.extend_from_slice(bytes);
            }
            Step::WroteTls(_) => carried = self.carried_out(id),
            Step::Closed { .. } => {
                if let Some(mut wire) = self.sessions.remove(&id.number) {
                    let sides = [Side::Client, Side::Server];
                    carried.incomplete =
                        sides.into_iter().filter_map(|side| wire.decoder.incomplete(side)).collect();
                }
            }
            _ => {}
        }
        self.tell(|sink| sink.step(now, id, step, &carried));
    }

    fn event_loop(&mut self, now: Instant, event: &LoopEvent<'_>) {
        self.tell(|sink| sink.event_loop(now, event));
    }
    fn deadline(&self) -> Option<Instant> {
        self.sink.deadline()
    }

    fn timer(&mut self, now: Instant) {
        self.tell(|sink| sink.timer(now));
    }
}
