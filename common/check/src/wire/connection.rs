//! A TCP connection with a limit, which writes down the bytes in both directions.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};

use super::end::End;
use crate::evidence::{Direction, Evidence, Namer};

/// The most bytes that one call reads. A target that sends more is cut off.
const MOST: usize = 256 << 20;

/// A TCP connection. Each call that reads ends after [`limit`](Self::set_limit) at the latest, however many bytes come. A
/// call that writes waits this long for each piece that the peer takes. No call waits after the deadline.
#[derive(Debug)]
pub struct Connection {
    socket: TcpStream,
    limit: Duration,
    deadline: Option<Instant>,
    evidence: Option<Written>,
}

/// The place where a connection writes down its bytes.
#[derive(Debug)]
struct Written {
    evidence: Evidence,
    number: u32,
    sent: Namer,
    received: Namer,
}

impl Connection {
    /// Connects. Nagle's algorithm is off, so that each write is a segment of its own.
    ///
    /// # Errors
    /// The target refuses the connection, or does not answer within the limit.
    pub fn open(address: SocketAddr, limit: Duration) -> io::Result<Self> {
        Self::new(TcpStream::connect_timeout(&address, limit)?, limit)
    }

    /// [`open`](Self::open) with a receive buffer that does not grow, so that little data is in flight. Its 128 KB
    /// hold two segments of the loopback: with less, TCP waits for timers between segments.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with_small_window(address: SocketAddr, limit: Duration) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_recv_buffer_size(128 * 1024)?;
        socket.connect_timeout(&address.into(), limit)?;
        Self::new(socket.into(), limit)
    }

    /// Wraps a connected or accepted socket.
    ///
    /// # Errors
    /// The system refuses an option of the socket.
    pub fn new(socket: TcpStream, limit: Duration) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        Ok(Self { socket, limit, deadline: None, evidence: None })
    }

    /// Writes down the bytes of the connection from now on.
    pub fn record(mut self, evidence: &Evidence) -> Self {
        let number = evidence.new_connection();
        evidence.note_on(number, "connected");
        let (sent, received) = Default::default();
        self.evidence = Some(Written { evidence: evidence.clone(), number, sent, received });
        self
    }

    /// No call waits longer than this moment.
    pub fn until(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// No later call waits longer than this.
    pub fn set_limit(&mut self, limit: Duration) {
        self.limit = limit;
    }

    /// The limit of a call.
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// Adds a sentence to the evidence.
    pub fn note(&self, text: impl Into<String>) {
        if let Some(written) = &self.evidence {
            written.evidence.note_on(written.number, text);
        }
    }

    /// Sends all bytes.
    ///
    /// # Errors
    /// The peer has closed the connection, or takes no byte within the limit.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    /// Sends each byte in a segment of its own.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_bytewise(&mut self, bytes: &[u8]) -> io::Result<()> {
        bytes.chunks(1).try_for_each(|byte| self.send(byte))
    }

    /// Reads up to the peer's FIN.
    ///
    /// # Errors
    /// The peer resets the connection, does not end it within the limit, or sends more than 256 MB. The bytes so far
    /// are lost.
    pub fn read_to_fin(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.read_while(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads until the connection ends, and returns the bytes and the end. If the last record is an unencrypted
    /// alert, this alert is the end. An alert before a reset counts as a reset, since other systems would lose the
    /// alert.
    pub fn read_to_end(&mut self) -> (Vec<u8>, End) {
        let mut bytes = Vec::new();
        let end = match self.read_while(&mut bytes) {
            Ok(()) => End::of_unencrypted(&bytes),
            Err(error) => End::of(&error),
        };
        (bytes, end)
    }

    fn read_while(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        let by = self.end_of_call();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match self.read_by(&mut buffer, by)? {
                0 => return Ok(()),
                _ if bytes.len() > MOST => return Err(io::Error::other("the peer sends without end")),
                length => bytes.extend_from_slice(&buffer[..length]),
            }
        }
    }

    /// Reads one record, with its header.
    ///
    /// # Errors
    /// The connection ends, or the record is not complete within the limit.
    pub fn read_record(&mut self) -> io::Result<Vec<u8>> {
        let mut call = self.call();
        let mut record = vec![0; 5];
        call.read_exact(&mut record)?;
        let length = usize::from(u16::from_be_bytes([record[3], record[4]]));
        record.resize(5 + length, 0);
        call.read_exact(&mut record[5..])?;
        Ok(record)
    }

    /// Whether nothing arrives for this long, neither data nor an end. Only time can show that something does not
    /// happen.
    ///
    /// # Errors
    /// The socket fails otherwise than by a reset.
    pub fn is_silent_for(&mut self, time: Duration) -> io::Result<bool> {
        self.socket.set_read_timeout(Some(time))?;
        match self.socket.peek(&mut [0]) {
            Ok(_) => Ok(false),
            Err(error) if is_timeout(&error) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Reads until the connection ends, and returns how TCP ended it: with a FIN, with a reset, or not within the
    /// limit. For a caller that has already seen the end of TLS.
    pub fn end_of_tcp(&mut self) -> End {
        self.end_of_tcp_or(|_| false)
    }

    /// [`end_of_tcp`](Self::end_of_tcp), or [`End::CloseNotify`] if these bytes say that the session is over. Keeps no bytes.
    pub fn end_of_tcp_or(&mut self, says_so: impl Fn(&[u8]) -> bool) -> End {
        let by = self.end_of_call();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match self.read_by(&mut buffer, by) {
                Ok(0) => return End::Fin,
                Ok(length) if says_so(&buffer[..length]) => return End::CloseNotify,
                Ok(_) => {}
                Err(error) => return End::of(&error),
            }
        }
    }

    /// Ends both directions, so that a thread that writes on a second handle ends.
    pub fn shut_down(&mut self) {
        let _ = self.socket.shutdown(Shutdown::Both); // it fails if the connection has ended
    }

    /// Sends a FIN.
    ///
    /// # Errors
    /// The connection has ended.
    pub fn fin(&mut self) -> io::Result<()> {
        self.mark(Direction::Sent, "FIN");
        self.socket.shutdown(Shutdown::Write)
    }

    /// Closes the connection with a reset instead of a FIN.
    ///
    /// # Errors
    /// The system refuses the option.
    pub fn reset(self) -> io::Result<()> {
        SockRef::from(&self.socket).set_linger(Some(Duration::ZERO))?;
        self.mark(Direction::Sent, "reset");
        Ok(())
    }

    /// A second handle: for a thread that writes complete records.
    ///
    /// # Errors
    /// There is no free file descriptor.
    pub fn try_clone(&self) -> io::Result<Self> {
        let evidence = self.evidence.as_ref().map(|Written { evidence, number, .. }| Written {
            evidence: evidence.clone(),
            number: *number,
            sent: Namer::default(),
            received: Namer::default(),
        });
        Ok(Self { socket: self.socket.try_clone()?, limit: self.limit, deadline: self.deadline, evidence })
    }

    /// The socket.
    pub fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// The end of a call that begins now.
    pub(super) fn end_of_call(&self) -> Instant {
        Instant::now() + self.limit
    }

    /// The connection for a call that begins now.
    pub(super) fn call(&mut self) -> Call<'_> {
        let by = self.end_of_call();
        self.call_until(by)
    }

    /// The connection for a call that ends at this moment.
    pub(super) fn call_until(&mut self, by: Instant) -> Call<'_> {
        Call { connection: self, by }
    }

    fn mark(&self, direction: Direction, what: &'static str) {
        if let Some(written) = &self.evidence {
            written.evidence.mark(written.number, direction, what);
        }
    }

    /// How long a call may wait that has to end at this moment. Never zero, which the system does not accept.
    fn left(&self, by: Instant) -> io::Result<Duration> {
        let by = self.deadline.map_or(by, |deadline| deadline.min(by));
        match by.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(timed_out()),
            left => Ok(left),
        }
    }

    fn read_by(&mut self, buffer: &mut [u8], by: Instant) -> io::Result<usize> {
        self.socket.set_read_timeout(Some(self.left(by)?))?;
        let read = self.socket.read(buffer).map_err(named);
        if let Some(written) = &mut self.evidence {
            let (evidence, number, received) = (&written.evidence, written.number, Direction::Received);
            match &read {
                Ok(0) => evidence.mark(number, received, "FIN"),
                Ok(length) => {
                    let records = written.received.name(&buffer[..*length]);
                    evidence.bytes(number, received, *length, records);
                }
                Err(error) if End::of(error) == End::Reset => evidence.mark(number, received, "reset"),
                Err(error) => evidence.note_on(number, error.to_string()),
            }
        }
        read
    }

    fn write_by(&mut self, bytes: &[u8], by: Instant) -> io::Result<usize> {
        self.socket.set_write_timeout(Some(self.left(by)?))?;
        let written = self.socket.write(bytes).map_err(named);
        if let Some(Written { evidence, number, sent, .. }) = &mut self.evidence {
            match &written {
                Ok(length) => evidence.bytes(*number, Direction::Sent, *length, sent.name(&bytes[..*length])),
                Err(error) => evidence.note_on(*number, format!("a write failed: {error}")),
            }
        }
        written
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_by(buffer, self.end_of_call())
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_by(bytes, self.end_of_call())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A connection during one call, which may read and write many times. A peer that sends one byte a second does not make the
/// call longer.
pub(super) struct Call<'a> {
    connection: &'a mut Connection,
    by: Instant,
}

impl Read for Call<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.connection.read_by(buffer, self.by)
    }
}

impl Write for Call<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.connection.write_by(bytes, self.by)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An expired timeout of a socket is `WouldBlock` on Unix. Its text does not say that a time limit has passed.
fn named(error: io::Error) -> io::Error {
    if is_timeout(&error) { timed_out() } else { error }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn timed_out() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "nothing happened within the limit")
}
