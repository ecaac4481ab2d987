//! The TCP connections of a capture, and which of them are TLS sessions.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use rustls::Side;

use crate::key_log::KeyLog;
use crate::packet::Segment;
use crate::reassembly::Direction;
use crate::session::{Ended, Event, Session};

#[cfg(test)]
mod tests;

/// The most connections that are followed at once. If there are more, a quarter of them is forgotten: the connections that
/// were silent for the longest time.
const MAX_CONNECTIONS: usize = 16_384;

/// About how many bytes of memory all connections may need. If they need more, connections are forgotten until they need a
/// quarter less.
const MAX_WEIGHT: usize = 128 * 1024 * 1024;

/// About how many bytes a connection needs, besides the bytes that it keeps.
const CONNECTION: usize = 1024;

/// The most bytes that are decoded at once. Their records are in memory together, and so is the output about them.
const MAX_FEED: usize = 64 * 1024;

/// How many bytes show whether a direction begins with a ClientHello: the header of a record, and the type of a message.
const SIGNATURE: usize = 6;

/// The most bytes that are kept before it is known whether a connection has a TLS session.
const MAX_HELD: usize = 16 * 1024;

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
    /// Connections that look like TLS, but whose beginning was not captured.
    pub headless: u64,
    /// All other connections with data.
    pub others: u64,
    /// Connections that were forgotten, because there were too many at once, or they needed too much memory.
    pub forgotten: u64,
}

/// One TCP connection.
#[derive(Debug)]
struct Connection {
    /// The sender of the first segment, and its receiver.
    ends: [SocketAddr; 2],
    began: Duration,
    last: Duration,
    last_segment: u64,
    /// The time of the SYN of each end.
    syn: [Option<Duration>; 2],
    /// The last SYN of another connection with the same ports, which no SYN-ACK has answered.
    other_syn: Option<OtherSyn>,
    directions: [Direction; 2],
    stage: Stage,
}

/// A SYN in a live connection. The sender of a forged one is unknown, so it has no effect until it is answered.
#[derive(Clone, Copy, Debug)]
struct OtherSyn {
    at: Duration,
    from: usize,
    sequence: u32,
}

/// The connection of a segment.
enum Belongs {
    Here,
    /// Perhaps to a later connection with the same ports. That is not certain yet.
    Nowhere,
    /// To a later connection with the same ports, which began with this SYN before the segment.
    Later(Option<OtherSyn>),
}

#[derive(Debug)]
enum Stage {
    /// It has too few bytes so far. Both ends' bytes are kept.
    Unknown([Vec<u8>; 2]),
    /// A TLS session. `client` is the index of the client.
    Tls { session: Box<Session>, client: usize },
    /// Something else, or the end of the connection. Later segments are ignored.
    Ignored,
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
        if ended == Ended::Forgotten && !matches!(connection.stage, Stage::Ignored) {
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

/// What all connections share.
struct Shared<'a> {
    key_log: &'a KeyLog,
    seen: &'a mut Seen,
}

impl Connection {
    fn new(at: Duration, first: &Segment<'_>) -> Self {
        Self {
            ends: [first.from, first.to],
            began: at,
            last: at,
            last_segment: 0,
            syn: [None; 2],
            other_syn: None,
            directions: Default::default(),
            stage: Stage::Unknown(Default::default()),
        }
    }

    /// Returns the index of the end with this address.
    fn index(&self, address: SocketAddr) -> usize {
        usize::from(address != self.ends[0])
    }

    /// Returns about how many bytes this connection keeps.
    fn weight(&self) -> usize {
        let stage = match &self.stage {
            Stage::Unknown(held) => held.iter().map(Vec::capacity).sum(),
            Stage::Tls { session, .. } => session.weight(),
            Stage::Ignored => 0,
        };
        stage + self.directions.iter().map(Direction::weight).sum::<usize>()
    }

    /// Finds out whether a segment belongs to this connection. A SYN with another sequence number replaces a live connection
    /// only if the other end answers it.
    fn belongs(&mut self, at: Duration, segment: &Segment<'_>) -> Belongs {
        let from = self.index(segment.from);
        let Some(direction) = self.directions.get(from).filter(|_| segment.syn) else { return Belongs::Here };
        let answered = self.other_syn.filter(|syn| segment.ack && syn.from != from);
        let has_begun = direction.has_begun();
        if has_begun && !direction.is_begun_otherwise(segment.sequence) || !has_begun && answered.is_none() {
            return Belongs::Here;
        }
        let is_live = match self.stage {
            Stage::Unknown(_) => self.directions.iter().any(Direction::has_delivered),
            Stage::Tls { .. } => true,
            Stage::Ignored => false,
        };
        if !is_live || answered.is_some() {
            return Belongs::Later(answered);
        }
        if !segment.ack {
            self.other_syn = Some(OtherSyn { at, from, sequence: segment.sequence });
        }
        Belongs::Nowhere
    }

    fn add(
        &mut self,
        segment: &Segment<'_>,
        shared: &mut Shared<'_>,
        sink: &mut impl Sink,
    ) -> std::io::Result<()> {
        let from = self.index(segment.from);
        if matches!(self.stage, Stage::Ignored) {
            return Ok(());
        }
        if segment.syn
            && let Some(time) = self.syn.get_mut(from)
        {
            time.get_or_insert(self.last);
        }
        let Some(direction) = self.directions.get_mut(from) else { return Ok(()) };
        let reset = segment.rst && direction.accepts_reset(segment.sequence);
        let fresh = direction.add(segment);
        if !fresh.is_empty() {
            self.bytes(from, fresh, shared, sink)?;
        }
        while let Some(bytes) = self.directions.get_mut(from).and_then(Direction::released) {
            self.bytes(from, &bytes, shared, sink)?;
        }
        self.tcp(from, reset, shared, sink)
    }

    /// Passes on the next bytes of one end.
    fn bytes(
        &mut self,
        from: usize,
        bytes: &[u8],
        shared: &mut Shared<'_>,
        sink: &mut impl Sink,
    ) -> std::io::Result<()> {
        match &mut self.stage {
            Stage::Ignored => Ok(()),
            Stage::Tls { session, client } => {
                session.last = self.last;
                feed(self.last, session, side(from, *client), bytes, shared.key_log, sink)
            }
            Stage::Unknown(held) => {
                if let Some(held) = held.get_mut(from) {
                    held.extend_from_slice(bytes);
                }
                self.decide(shared, sink)
            }
        }
    }

    /// Decides whether the bytes so far begin a TLS session.
    fn decide(&mut self, shared: &mut Shared<'_>, sink: &mut impl Sink) -> std::io::Result<()> {
        let Stage::Unknown(held) = &mut self.stage else { return Ok(()) };
        let Some(client) = held.iter().position(|bytes| begins_session(bytes)) else {
            let [first, second] = &*held;
            let both = first.len() >= SIGNATURE && second.len() >= SIGNATURE;
            if both || first.len().max(second.len()) > MAX_HELD {
                return self.end(Ended::Closed, shared.seen, sink);
            }
            return Ok(());
        };
        let [mut first, mut second] = std::mem::take(held);
        let [mut client_end, mut server_end] = self.ends;
        if client == 1 {
            std::mem::swap(&mut first, &mut second);
            std::mem::swap(&mut client_end, &mut server_end);
        }
        shared.seen.sessions += 1;
        let mut session = Session::new(shared.seen.sessions, self.began, client_end, server_end);
        session.last = self.last;
        sink.event(self.began, &session, Event::Began)?;
        for from in [client, 1 - client] {
            if let Some(Some(at)) = self.syn.get(from) {
                sink.event(*at, &session, Event::Syn(side(from, client)))?;
            }
        }
        for (sender, bytes) in [(Side::Client, first), (Side::Server, second)] {
            feed(self.last, &mut session, sender, &bytes, shared.key_log, sink)?;
        }
        self.stage = Stage::Tls { session: Box::new(session), client };
        Ok(())
    }

    /// Passes on a FIN, a reset or a gap.
    fn tcp(
        &mut self,
        from: usize,
        reset: bool,
        shared: &mut Shared<'_>,
        sink: &mut impl Sink,
    ) -> std::io::Result<()> {
        let at = self.last;
        if let Stage::Tls { session, client } = &mut self.stage {
            let sender = side(from, *client);
            let Some(direction) = self.directions.get(from) else { return Ok(()) };
            session.end_mut(sender).differing = direction.differing();
            report_gap(at, session, sender, direction, sink)?;
            if direction.is_finished() && !session.end(sender).fin {
                session.end_mut(sender).fin = true;
                sink.event(at, session, Event::Fin(sender))?;
            }
            if reset {
                session.end_mut(sender).reset = true;
                sink.event(at, session, Event::Reset(sender))?;
            }
        }
        if reset || self.directions.iter().all(Direction::is_finished) {
            self.end(Ended::Closed, shared.seen, sink)?;
        }
        Ok(())
    }

    /// Ends the connection. Later segments are ignored.
    fn end(&mut self, ended: Ended, seen: &mut Seen, sink: &mut impl Sink) -> std::io::Result<()> {
        self.directions.iter_mut().for_each(Direction::finish);
        match std::mem::replace(&mut self.stage, Stage::Ignored) {
            Stage::Ignored => Ok(()),
            Stage::Unknown(held) => {
                count(&held, seen);
                Ok(())
            }
            Stage::Tls { mut session, client } => {
                for (from, direction) in self.directions.iter().enumerate() {
                    let sender = side(from, client);
                    report_gap(self.last, &mut session, sender, direction, sink)?;
                    if direction.has_fin() && !session.end(sender).fin {
                        session.end_mut(sender).fin = true;
                        sink.event(self.last, &session, Event::Fin(sender))?;
                    }
                }
                session.ended = Some(ended);
                let incomplete = session.incomplete();
                sink.event(self.last, &session, Event::Ended(incomplete))
            }
        }
    }
}

/// Decodes bytes of one end.
fn feed(
    at: Duration,
    session: &mut Session,
    sender: Side,
    bytes: &[u8],
    key_log: &KeyLog,
    sink: &mut impl Sink,
) -> std::io::Result<()> {
    // Without the messages before a ServerHello the decoder cannot tell which records are encrypted.
    if session.version.is_none() && (session.client.gap.is_some() || session.server.gap.is_some()) {
        return Ok(());
    }
    for bytes in bytes.chunks(MAX_FEED) {
        let (records, left_over) = session.feed(sender, bytes, key_log);
        sink.event(at, session, Event::Bytes { sender, length: bytes.len(), records: &records, left_over })?;
    }
    Ok(())
}

/// Reports that bytes are missing, unless this was reported before.
fn report_gap(
    at: Duration,
    session: &mut Session,
    sender: Side,
    direction: &Direction,
    sink: &mut impl Sink,
) -> std::io::Result<()> {
    let Some(gap) = direction.gap().filter(|_| session.end(sender).gap.is_none()) else { return Ok(()) };
    session.end_mut(sender).gap = Some(gap);
    sink.event(at, session, Event::Gap(sender, gap))
}

fn side(from: usize, client: usize) -> Side {
    if from == client { Side::Client } else { Side::Server }
}

/// Returns whether bytes begin with the first part of a ClientHello: the type and the version of a record, and the type
/// of a message (RFC 8446, 4 and 5.1).
fn begins_session(bytes: &[u8]) -> bool {
    matches!(bytes, [22, 3, 0..=4, _, _, 1, ..])
}

/// Returns whether bytes begin with the header of any record.
fn begins_record(bytes: &[u8]) -> bool {
    matches!(bytes, [20..=24, 3, 0..=4, 0..=0x48, _, ..])
}

/// Counts a connection that has no TLS session.
fn count(held: &[Vec<u8>; 2], seen: &mut Seen) {
    if held.iter().any(|bytes| begins_record(bytes)) {
        seen.headless += 1;
    } else if held.iter().any(|bytes| !bytes.is_empty()) {
        seen.others += 1;
    }
}
