//! One session on its way into the file.

use std::io::{self, ErrorKind};
use std::time::Instant;

use tls_session::close_reason::CloseReason;
use tls_session::observer::SessionId;

use super::Recorder;
use super::packet::Ends;
use super::stream::{Kind, Stream, Way};
use decode::secrets::Secret;

/// When a connection came to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    /// When it was asked for, as far as this end knows.
    pub(super) opened: Instant,
    /// When it was there.
    pub(super) connected: Instant,
}

/// A session, and what of it is not in the file yet.
#[derive(Debug)]
pub(super) struct Session {
    stream: Stream,
    /// What `recv` gave last, and when.
    helping: Option<(Instant, Vec<u8>)>,
    /// How many bytes of it rustls has not processed.
    unprocessed: usize,
    /// The slices of the write that is going on.
    sent: Vec<u8>,
    /// Whether there is no connection left to write to.
    lost: bool,
}

impl Session {
    /// The session that begins now: its connection goes into the file, and is `opener`'s.
    pub(super) fn begin(
        now: Instant,
        id: SessionId,
        ends: Ends,
        opener: Way,
        arrival: Arrival,
        recorder: &mut Recorder,
    ) -> io::Result<Self> {
        let mut stream = Stream::new(id.number, ends);
        // Addresses and numbers: nothing that a peer could have chosen the words of.
        let comment = match now.saturating_duration_since(arrival.connected).as_millis() {
            waited @ 1.. if opener == Way::In => format!("{id}, after it waited {waited} ms"),
            _ => id.to_string(),
        };
        let Arrival { opened, connected } = arrival;
        recorder.commented(opened, &stream.segment(opener, Kind::Syn, &[])?, comment)?;
        recorder.packet(connected, &stream.segment(opener.back(), Kind::SynAck, &[])?)?;
        recorder.packet(connected, &stream.segment(opener, Kind::Ack, &[])?)?;
        Ok(Self { stream, helping: None, unprocessed: 0, sent: Vec::new(), lost: false })
    }

    /// Bytes from the peer. They are held until it is clear which secrets precede them: those that rustls derives while
    /// it processes them may decrypt some of them already.
    pub(super) fn received(&mut self, now: Instant, bytes: &[u8], recorder: &mut Recorder) -> io::Result<()> {
        self.release(recorder)?;
        self.unprocessed = bytes.len();
        self.helping = Some((now, bytes.to_vec()));
        Ok(())
    }

    /// rustls has processed some of the helping, and this is what it derived.
    pub(super) fn processed(
        &mut self,
        length: usize,
        secrets: &[Secret],
        recorder: &mut Recorder,
    ) -> io::Result<()> {
        if !secrets.is_empty() {
            recorder.secrets(secrets)?;
        }
        self.unprocessed = self.unprocessed.saturating_sub(length);
        if self.unprocessed == 0 { self.release(recorder) } else { Ok(()) }
    }

    /// Nothing more of the helping is going to be processed, or nothing is left of it.
    pub(super) fn release(&mut self, recorder: &mut Recorder) -> io::Result<()> {
        match self.helping.take() {
            Some((then, bytes)) => self.data(then, Way::In, &bytes, recorder),
            None => Ok(()),
        }
    }

    /// A slice that the kernel took.
    pub(super) fn sending(&mut self, slice: &[u8]) {
        self.sent.extend_from_slice(slice);
    }

    /// That was all of one write.
    pub(super) fn sent(&mut self, now: Instant, recorder: &mut Recorder) -> io::Result<()> {
        self.release(recorder)?;
        let sent = std::mem::take(&mut self.sent);
        self.data(now, Way::Out, &sent, recorder)
    }

    /// `recv` gave nothing: the peer's FIN, unless the connection is lost, which its next `recv` shows like an end.
    pub(super) fn ended(&mut self, now: Instant, recorder: &mut Recorder) -> io::Result<()> {
        if self.lost { self.release(recorder) } else { self.fin(now, Way::In, recorder) }
    }

    /// The end of one direction.
    pub(super) fn fin(&mut self, now: Instant, way: Way, recorder: &mut Recorder) -> io::Result<()> {
        self.release(recorder)?;
        recorder.packet(now, &self.stream.segment(way, Kind::Fin, &[])?)?;
        recorder.packet(now, &self.stream.segment(way.back(), Kind::Ack, &[])?)
    }

    /// What was written last, or the FIN, found no connection.
    pub(super) fn lost_its_connection(&mut self) {
        self.lost = true;
    }

    /// The session is over. That its connection was reset is told of by no step of its own.
    pub(super) fn closed(
        &mut self,
        now: Instant,
        reason: &CloseReason,
        recorder: &mut Recorder,
    ) -> io::Result<()> {
        self.release(recorder)?;
        let reset = match reason {
            CloseReason::Transport { kind: ErrorKind::ConnectionReset | ErrorKind::BrokenPipe, .. } => true,
            CloseReason::Transport { .. } => false, // timed out, unreachable: the peer said nothing
            _ => self.lost,
        };
        if reset { recorder.packet(now, &self.stream.segment(Way::In, Kind::Reset, &[])?) } else { Ok(()) }
    }

    fn data(&mut self, at: Instant, way: Way, bytes: &[u8], recorder: &mut Recorder) -> io::Result<()> {
        let mut parts = bytes.chunks(self.stream.segment_size()).peekable();
        while let Some(part) = parts.next() {
            let push = parts.peek().is_none();
            recorder.packet(at, &self.stream.segment(way, Kind::Data { push }, part)?)?;
        }
        recorder.packet(at, &self.stream.segment(way.back(), Kind::Ack, &[])?)
    }
}
