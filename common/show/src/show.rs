//! The observer that decodes the bytes of sessions and passes the records to the sinks.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use program::observer::{LoopEvent, Observer};
use rustls::Side;
use tls_session::observer::{SessionId, SocketEvent, Step};

use crate::sink::{Carried, Sink};
use decode::recorder::Recorder;
use decode::secrets::Secrets;
use decode::{Decoder, other_side};

/// Decodes the bytes of each session once, for all sinks. It stops when no sink watches any more.
#[derive(Debug)]
pub struct Show<S> {
    /// Our role.
    local: Side,
    secrets: Arc<Secrets>,
    /// Set if the sinks get the values of keys.
    recorder: Option<Recorder>,
    sink: S,
    sessions: HashMap<u64, Wire>,
}

/// The bytes of one session, on their way to its decoder.
#[derive(Debug, Default)]
struct Wire {
    decoder: Decoder,
    /// The bytes of a `read_tls` that rustls has not processed yet. The sink gets them after that.
    read: Option<(Instant, Vec<u8>)>,
    /// The bytes of the current write, and the number of their slices.
    sent: (Vec<u8>, usize),
}

impl<S: Sink> Show<S> {
    /// Makes the observer of a program that plays the role `local`. `secrets` is the key log of its TLS configuration.
    pub fn new(local: Side, secrets: Arc<Secrets>, sink: S) -> Self {
        Self { local, secrets, recorder: None, sink, sessions: HashMap::new() }
    }

    /// Passes the values of keys to the sink, if there is a recorder. Its provider belongs into the TLS configuration.
    pub fn with_recorder(self, recorder: Option<Recorder>) -> Self {
        Self { recorder, ..self }
    }

    /// Returns the session `id`.
    fn wire(&mut self, id: SessionId) -> &mut Wire {
        let keeps_values = self.recorder.is_some();
        self.sessions.entry(id.number).or_insert_with(|| {
            let mut wire = Wire::default();
            if keeps_values {
                wire.decoder.keep_values();
            }
            wire
        })
    }

    /// Passes what rustls has computed since the last step of any session to the decoder of this session. rustls computes
    /// in a turn of a session. A client that resumes a session computes its PSK before the session begins.
    fn learn_values(&mut self, id: SessionId) {
        let Some(observed) = self.recorder.as_ref().map(Recorder::take) else { return };
        if !observed.is_empty() {
            self.wire(id).decoder.learn_values(&observed);
        }
    }

    /// Returns the sink.
    pub fn into_sink(self) -> S {
        self.sink
    }

    /// Passes the last read to the sink, now that rustls has processed it.
    fn pass_read(&mut self, id: SessionId) {
        let peer = other_side(self.local);
        let secrets = self.secrets.take();
        let wire = self.wire(id);
        let Some((then, bytes)) = wire.read.take() else { return };
        wire.decoder.learn(&secrets);
        let records = wire.decoder.feed(peer, &bytes);
        let left_over = wire.decoder.left_over(peer);
        let carried = Carried { records, left_over, secrets, ..Carried::default() };
        self.with_sink(|sink| sink.step(then, id, &Step::ReadTls(&bytes), &carried));
    }

    /// Calls the sink, unless it has failed. If it fails now, frees everything that is kept for it.
    fn with_sink(&mut self, call: impl FnOnce(&mut S)) {
        if !self.sink.is_watching() {
            return;
        }
        call(&mut self.sink);
        if !self.sink.is_watching() {
            self.sessions = HashMap::new();
            self.secrets.close();
            self.recorder.iter().for_each(Recorder::close);
        }
    }

    /// Decodes the bytes that the kernel has taken.
    fn decode_written(&mut self, id: SessionId) -> Carried {
        let us = self.local;
        let wire = self.wire(id);
        let (written, slices) = std::mem::take(&mut wire.sent);
        let records = wire.decoder.feed(us, &written);
        Carried { records, left_over: wire.decoder.left_over(us), written, slices, ..Carried::default() }
    }
}

impl<S: Sink> tls_session::observer::Observer for Show<S> {
    fn is_watching(&self) -> bool {
        self.sink.is_watching()
    }

    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>) {
        if !self.is_watching() {
            return;
        }
        self.learn_values(id);
        let mut carried = Carried::default();
        match step {
            // `pass_read` passes this on later, with this time. The secrets of its records are not known yet.
            Step::ReadTls(bytes) => {
                self.wire(id).read = Some((now, bytes.to_vec()));
                return;
            }
            Step::Processed(_) => self.pass_read(id),
            Step::Sent(bytes) => {
                let (written, slices) = &mut self.wire(id).sent;
                written.extend_from_slice(bytes);
                *slices += 1;
            }
            Step::WroteTls(_) => carried = self.decode_written(id),
            Step::Closed { .. } => {
                if let Some(mut wire) = self.sessions.remove(&id.number) {
                    let sides = [Side::Client, Side::Server];
                    carried.incomplete =
                        sides.into_iter().filter_map(|side| wire.decoder.incomplete(side)).collect();
                }
            }
            _ => {}
        }
        self.with_sink(|sink| sink.step(now, id, step, &carried));
    }

    fn socket(&mut self, now: Instant, event: &SocketEvent<'_>) {
        self.event_loop(now, &event.into());
    }
}

impl<S: Sink> Observer for Show<S> {
    fn event_loop(&mut self, now: Instant, event: &LoopEvent<'_>) {
        self.with_sink(|sink| sink.event_loop(now, event));
    }

    fn deadline(&self) -> Option<Instant> {
        self.sink.deadline()
    }

    fn timer(&mut self, now: Instant) {
        self.with_sink(|sink| sink.timer(now));
    }
}
