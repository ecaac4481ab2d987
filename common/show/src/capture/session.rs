//! Turns the steps of one session into packets and secrets.

use std::io::{self, ErrorKind};
use std::time::Instant;

use tls_session::close_reason::CloseReason;
use tls_session::observer::SessionId;

use super::packet::Endpoints;
use super::recorder::Recorder;
use super::stream::{Direction, Kind, Stream};
use decode::secrets::Secret;

/// The beginning of a connection.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    /// The connection attempt, as far as our end knows it.
    pub(super) opened: Instant,
    /// The end of the TCP handshake.
    pub(super) connected: Instant,
    /// The bytes before TLS (STARTTLS). The client limits them.
    pub(super) preamble: Vec<(Instant, Direction, Vec<u8>)>,
}

impl Arrival {
    /// Returns the beginning of a connection that was opened at this time.
    pub(super) fn at(now: Instant) -> Self {
        Self { opened: now, connected: now, preamble: Vec::new() }
    }
}

/// A session, and its bytes that are not in the file yet.
#[derive(Debug)]
pub(super) struct Session {
    stream: Stream,
    /// The bytes of the last `recv`, and its time.
    read: Option<(Instant, Vec<u8>)>,
    /// The number of those bytes that rustls has not processed.
    unprocessed: usize,
    /// A write has found that the connection is gone.
    disconnected: bool,
}

impl Session {
    /// Begins a session, and records the TCP handshake of its connection. `opener` is the direction of the SYN.
    pub(super) fn begin(
        now: Instant,
        id: SessionId,
        endpoints: Endpoints,
        opener: Direction,
        arrival: Arrival,
        recorder: &mut Recorder,
    ) -> io::Result<Self> {
        let stream = Stream::new(id.number, endpoints);
        let mut session = Self { stream, read: None, unprocessed: 0, disconnected: false };
        // The comment has addresses and numbers only: a peer cannot put words into it.
        let comment = match now.saturating_duration_since(arrival.connected).as_millis() {
            waited @ 1.. if opener == Direction::In => format!("{id}, after it waited {waited} ms"),
            _ => id.to_string(),
        };
        let Arrival { opened, connected, preamble } = arrival;
        recorder.packet(opened, &session.stream.segment(opener, Kind::Syn, &[])?, Some(comment))?;
        session.segment(connected, opener.reverse(), Kind::SynAck, &[], recorder)?;
        session.segment(connected, opener, Kind::Ack, &[], recorder)?;
        for (at, direction, bytes) in preamble {
            session.data(at, direction, &bytes, recorder)?;
        }
        Ok(session)
    }

    /// Keeps bytes from the peer until rustls has processed them. Secrets that rustls derives from them may already
    /// decrypt some of them, so these secrets come first in the file.
    pub(super) fn received(&mut self, now: Instant, bytes: &[u8], recorder: &mut Recorder) -> io::Result<()> {
        self.record_read(recorder)?;
        self.unprocessed = bytes.len();
        self.read = Some((now, bytes.to_vec()));
        Ok(())
    }

    /// Records the secrets that rustls derived while it processed `length` bytes of the read. If these were the last
    /// ones, records the read as well.
    pub(super) fn processed(
        &mut self,
        length: usize,
        secrets: &[Secret],
        recorder: &mut Recorder,
    ) -> io::Result<()> {
        if !secrets.is_empty() {
            recorder.output.blocks.secrets(secrets)?;
        }
        self.unprocessed = self.unprocessed.saturating_sub(length);
        if self.unprocessed == 0 { self.record_read(recorder) } else { Ok(()) }
    }

    /// Records the bytes of the last read, if they are not recorded yet.
    fn record_read(&mut self, recorder: &mut Recorder) -> io::Result<()> {
        match self.read.take() {
            Some((then, bytes)) => self.data(then, Direction::In, &bytes, recorder),
            None => Ok(()),
        }
    }

    /// Records the bytes of one write.
    pub(super) fn sent(&mut self, now: Instant, bytes: &[u8], recorder: &mut Recorder) -> io::Result<()> {
        self.record_read(recorder)?;
        self.data(now, Direction::Out, bytes, recorder)
    }

    /// Records the end-of-file that `recv` returned. It is the peer's FIN, unless a write has found that the
    /// connection is gone: `recv` then returns end-of-file as well.
    pub(super) fn end_of_file(&mut self, now: Instant, recorder: &mut Recorder) -> io::Result<()> {
        if self.disconnected { self.record_read(recorder) } else { self.fin(now, Direction::In, recorder) }
    }

    /// Records the FIN of one direction.
    pub(super) fn fin(
        &mut self,
        now: Instant,
        direction: Direction,
        recorder: &mut Recorder,
    ) -> io::Result<()> {
        self.record_read(recorder)?;
        self.segment(now, direction, Kind::Fin, &[], recorder)?;
        self.segment(now, direction.reverse(), Kind::Ack, &[], recorder)
    }

    /// Notes that a write, or our FIN, has found that the connection is gone.
    pub(super) fn set_disconnected(&mut self) {
        self.disconnected = true;
    }

    /// Records the end of the session. A reset has no step of its own, so the reason tells of it.
    pub(super) fn closed(
        &mut self,
        now: Instant,
        reason: &CloseReason,
        recorder: &mut Recorder,
    ) -> io::Result<()> {
        self.record_read(recorder)?;
        let reset = match reason {
            CloseReason::Transport { kind: ErrorKind::ConnectionReset | ErrorKind::BrokenPipe, .. } => true,
            CloseReason::Transport { .. } => false, // timed out or unreachable: the peer sent nothing
            _ => self.disconnected,
        };
        if reset { self.segment(now, Direction::In, Kind::Reset, &[], recorder) } else { Ok(()) }
    }

    fn data(
        &mut self,
        at: Instant,
        direction: Direction,
        bytes: &[u8],
        recorder: &mut Recorder,
    ) -> io::Result<()> {
        let mut parts = bytes.chunks(self.stream.segment_size()).peekable();
        while let Some(part) = parts.next() {
            let push = parts.peek().is_none();
            self.segment(at, direction, Kind::Data { push }, part, recorder)?;
        }
        self.segment(at, direction.reverse(), Kind::Ack, &[], recorder)
    }

    fn segment(
        &mut self,
        at: Instant,
        direction: Direction,
        kind: Kind,
        payload: &[u8],
        recorder: &mut Recorder,
    ) -> io::Result<()> {
        recorder.packet(at, &self.stream.segment(direction, kind, payload)?, None)
    }
}
