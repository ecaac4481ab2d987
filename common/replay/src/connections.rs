//! The TCP connections of a capture, and which of them are TLS sessions.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::key_log::KeyLog;
use crate::packet::Segment;
use crate::session::{Ended, Event, Session};

use self::connection::{Belongs, CONNECTION, Connection, OtherSyn, Shared};

mod connection;
#[cfg(test)]
mod tests;

/// The most connections that are followed at once. If there are more, a quarter of them is forgotten: the connections that
/// were silent for the longest time.
const MAX_CONNECTIONS: usize = 16_384;

/// About how many bytes of memory all connections may need. If they need more, connections are forgotten until they need a
/// quarter less.
const MAX_WEIGHT: usize = 128 * 1024 * 1024;

/// Gets the events of all sessions, each with its time since 1970.
pub trait Sink {
    /// Gets an event of a session.
    ///
    /// # Errors
    /// The output has failed. Then the replay ends.
    fn event(&mut self, at: Duration, session: &Session, event: Event<'_>) -> std::io::Result<()>;
}

/// The connections of a capture.
#[derive(Debug)]
pub struct Connections {
    connections: HashMap<[SocketAddr; 2], Connection>,
    /// About how many bytes of memory they need, and may need.
    weight: usize,
    max_weight: usize,
    /// The number of segments so far. It orders the connections by their last one.
    segments: u64,
    /// Statistics for the user.
    pub seen: Seen,
}

/// The number of connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// TLS sessions.
    pub sessions: u64,
    /// TLS sessions that were not decrypted, because none of their secrets is known.
    pub without_secrets: u64,
    /// Connections that look like TLS, but whose beginning was not captured.
    pub headless: u64,
    /// All other connections with data.
    pub others: u64,
    /// Connections that were forgotten, because there were too many at once, or they needed too much memory.
    pub forgotten: u64,
}

impl Default for Connections {
    fn default() -> Self {
        let (connections, max_weight) = (HashMap::new(), MAX_WEIGHT);
        Self { connections, weight: 0, max_weight, segments: 0, seen: Seen::default() }
    }
}

impl Connections {
    /// Adds a segment that was captured at the time `at`, since 1970.
    ///
    /// # Errors
    /// The errors of the sink.
    pub fn add(
        &mut self,
        at: Duration,
        segment: &Segment<'_>,
        key_log: &KeyLog,
        sink: &mut impl Sink,
    ) -> std::io::Result<()> {
        let key = key(segment);
        match self.connections.get_mut(&key).map(|known| known.belongs(at, segment)) {
            None | Some(Belongs::Here) => {}
            Some(Belongs::Nowhere) => return Ok(()),
            Some(Belongs::Later(syn)) => {
                self.end(&key, Ended::Replaced, sink)?;
                if let Some(OtherSyn { at, sequence, .. }) = syn {
                    let (from, to, payload) = (segment.to, segment.from, &[][..]);
                    let syn = Segment {
                        from,
                        to,
                        sequence,
                        syn: true,
                        ack: false,
                        fin: false,
                        rst: false,
                        payload,
                        cut: 0,
                    };
                    self.follow(at, &syn, key_log, sink)?;
                }
            }
        }
        self.follow(at, segment, key_log, sink)
    }

    /// Adds a segment to its connection, or begins a connection with it.
    fn follow(
        &mut self,
        at: Duration,
        segment: &Segment<'_>,
        key_log: &KeyLog,
        sink: &mut impl Sink,
    ) -> std::io::Result<()> {
        let key = key(segment);
        if !self.connections.contains_key(&key) {
            if !segment.syn && segment.payload.is_empty() {
                return Ok(());
            }
            if self.connections.len() >= MAX_CONNECTIONS {
                self.make_room(sink)?;
            }
            self.weight += CONNECTION;
        }
        self.segments += 1;
        let connection = self.connections.entry(key).or_insert_with(|| Connection::new(at, segment));
        connection.last_segment = self.segments;
        connection.last = at;
        let before = connection.weight();
        connection.add(segment, &mut Shared { key_log, seen: &mut self.seen }, sink)?;
        self.weight = (self.weight + connection.weight()).saturating_sub(before);
        if self.weight > self.max_weight { self.make_room(sink) } else { Ok(()) }
    }

    /// Ends all connections, at the end of the capture.
    ///
    /// # Errors
    /// The errors of the sink.
    pub fn finish(&mut self, sink: &mut impl Sink) -> std::io::Result<()> {
        let mut rest: Vec<Connection> = self.connections.drain().map(|(_, connection)| connection).collect();
        rest.sort_by_key(|connection| connection.last_segment);
        for connection in &mut rest {
            connection.end(Ended::EndOfCapture, &mut self.seen, sink)?;
        }
        Ok(())
    }

    /// Ends a connection, and forgets it.
    fn end(&mut self, key: &[SocketAddr; 2], ended: Ended, sink: &mut impl Sink) -> std::io::Result<()> {
        let Some(mut connection) = self.connections.remove(key) else { return Ok(()) };
        self.weight = self.weight.saturating_sub(CONNECTION + connection.weight());
        if ended == Ended::Forgotten && connection.is_followed() {
            self.seen.forgotten += 1;
        }
        connection.end(ended, &mut self.seen, sink)
    }

    /// Forgets connections until a quarter of the limits is free. The connections that were silent for the longest time come
    /// first.
    fn make_room(&mut self, sink: &mut impl Sink) -> std::io::Result<()> {
        let mut silent: Vec<(u64, [SocketAddr; 2])> =
            self.connections.iter().map(|(key, connection)| (connection.last_segment, *key)).collect();
        silent.sort_unstable();
        for (_, key) in silent {
            if self.connections.len() <= MAX_CONNECTIONS / 4 * 3 && self.weight <= self.max_weight / 4 * 3 {
                break;
            }
            self.end(&key, Ended::Forgotten, sink)?;
        }
        Ok(())
    }
}

/// Returns the addresses of a segment, in the same order for both directions.
fn key(segment: &Segment<'_>) -> [SocketAddr; 2] {
    if segment.from < segment.to { [segment.from, segment.to] } else { [segment.to, segment.from] }
}
