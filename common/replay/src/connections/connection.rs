//! One TCP connection: its directions, and whether it is a TLS session.

use std::net::SocketAddr;
use std::time::Duration;

use rustls::Side;

use super::{Seen, Sink};
use crate::key_log::KeyLog;
use crate::packet::Segment;
use crate::reassembly::Direction;
use crate::session::{Ended, Event, Session};

/// About how many bytes a connection needs, besides the bytes that it keeps.
pub(super) const CONNECTION: usize = 1024;

/// The most bytes that are decoded at once. Their records are in memory together, and so is the output about them.
const MAX_FEED: usize = 64 * 1024;

/// How many bytes show whether a direction begins with a ClientHello: the header of a record, and the type of a message.
const SIGNATURE: usize = 6;

/// The most bytes that are kept before it is known whether a connection has a TLS session.
const MAX_HELD: usize = 16 * 1024;

/// One TCP connection.
#[derive(Debug)]
pub(super) struct Connection {
    /// The sender of the first segment, and its receiver.
    ends: [SocketAddr; 2],
    began: Duration,
    pub(super) last: Duration,
    /// The number of its last segment among all segments.
    pub(super) last_segment: u64,
    /// The time of the SYN of each end.
    syn: [Option<Duration>; 2],
    /// The last SYN of another connection with the same ports, which no SYN-ACK has answered.
    other_syn: Option<OtherSyn>,
    directions: [Direction; 2],
    stage: Stage,
}

/// A SYN in a live connection. The sender of a forged one is unknown, so it has no effect until it is answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct OtherSyn {
    pub(super) at: Duration,
    from: usize,
    pub(super) sequence: u32,
}

/// The connection of a segment.
pub(super) enum Belongs {
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

/// What all connections share.
pub(super) struct Shared<'a> {
    pub(super) key_log: &'a KeyLog,
    pub(super) seen: &'a mut Seen,
}

impl Connection {
    pub(super) fn new(at: Duration, first: &Segment<'_>) -> Self {
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

    /// Returns whether later segments may matter.
    pub(super) fn is_followed(&self) -> bool {
        !matches!(self.stage, Stage::Ignored)
    }

    /// Returns about how many bytes this connection keeps.
    pub(super) fn weight(&self) -> usize {
        let stage = match &self.stage {
            Stage::Unknown(held) => held.iter().map(Vec::capacity).sum(),
            Stage::Tls { session, .. } => session.weight(),
            Stage::Ignored => 0,
        };
        stage + self.directions.iter().map(Direction::weight).sum::<usize>()
    }

    /// Finds out whether a segment belongs to this connection. A SYN with another sequence number replaces a live connection
    /// only if the other end answers it.
    pub(super) fn belongs(&mut self, at: Duration, segment: &Segment<'_>) -> Belongs {
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

    /// Adds a segment, after [`belongs`](Self::belongs).
    pub(super) fn add(
        &mut self,
        segment: &Segment<'_>,
        shared: &mut Shared<'_>,
        sink: &mut impl Sink,
    ) -> std::io::Result<()> {
        let from = self.index(segment.from);
        if !self.is_followed() {
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
            report(at, session, sender, direction, direction.is_finished(), sink)?;
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
    pub(super) fn end(&mut self, ended: Ended, seen: &mut Seen, sink: &mut impl Sink) -> std::io::Result<()> {
        self.directions.iter_mut().for_each(Direction::finish);
        match std::mem::replace(&mut self.stage, Stage::Ignored) {
            Stage::Ignored => Ok(()),
            Stage::Unknown(held) => {
                count(&held, seen);
                Ok(())
            }
            Stage::Tls { mut session, client } => {
                for (from, direction) in self.directions.iter().enumerate() {
                    let (sender, has_fin) = (side(from, client), direction.has_fin());
                    report(self.last, &mut session, sender, direction, has_fin, sink)?;
                }
                session.ended = Some(ended);
                seen.without_secrets += u64::from(session.encrypted.needs_secrets());
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
    if session.choices.version().is_none() && (session.client.gap.is_some() || session.server.gap.is_some()) {
        return Ok(());
    }
    for bytes in bytes.chunks(MAX_FEED) {
        let (records, left_over) = session.feed(sender, bytes, key_log);
        sink.event(at, session, Event::Bytes { sender, length: bytes.len(), records: &records, left_over })?;
    }
    Ok(())
}

/// Reports missing bytes, and the FIN if there is one, unless this was reported before.
fn report(
    at: Duration,
    session: &mut Session,
    sender: Side,
    direction: &Direction,
    has_fin: bool,
    sink: &mut impl Sink,
) -> std::io::Result<()> {
    if let Some(gap) = direction.gap().filter(|_| session.end(sender).gap.is_none()) {
        session.end_mut(sender).gap = Some(gap);
        sink.event(at, session, Event::Gap(sender, gap))?;
    }
    if has_fin && !session.end(sender).fin {
        session.end_mut(sender).fin = true;
        sink.event(at, session, Event::Fin(sender))?;
    }
    Ok(())
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
