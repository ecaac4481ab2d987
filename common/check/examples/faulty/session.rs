//! One session: a socket, rustls, and the bytes between them.

// The tests include this file by its path, so the path of the module is the same in each program.
#[path = "input.rs"]
mod input;

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::Shutdown;
use std::thread;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::TcpStream;
use rustls::ServerConnection;

use crate::fault::Fault;
use crate::records::Records;

/// The reads of one session, before the others get their turn.
const READS_PER_TURN: usize = 4;
/// The bytes that are read and dropped after the end of a session, so that closing the socket resets nothing.
const MAX_DRAINED: usize = 1024 * 1024;

/// How long each part of a session may take.
#[derive(Clone, Copy)]
pub struct Timeouts {
    /// The whole handshake.
    handshake: Duration,
    /// The time without any byte.
    idle: Duration,
    /// The time without any byte while output is pending.
    write: Duration,
    /// The time for which a socket is drained.
    drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { handshake: seconds(10), idle: seconds(30), write: seconds(10), drain: seconds(2) }
    }
}

impl Timeouts {
    /// The same time for every part.
    pub fn all(time: Duration) -> Self {
        Self { handshake: time, idle: time, write: time, drain: time }
    }
}

/// The next step of the loop for a session after its turn.
pub enum Turn {
    /// Wait for an event or the deadline.
    Wait,
    /// Serve the other sessions, then call `turn` again.
    Again,
    /// Close the socket.
    Done,
}

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    /// The handshake, and then the echo.
    Open,
    /// The last output is pending. The FIN follows it.
    Closing,
    /// The FIN is sent. What the peer still sends is dropped.
    Draining,
    /// Fault: the socket is closed at once.
    Dropped,
    /// Fault: the session is over, and its socket stays open until the peer closes it.
    Kept,
    /// Fault: the session is over and forgotten, with its socket and its slot.
    Forgotten,
}

/// A session of the server.
pub struct Session {
    stream: TcpStream,
    tls: ServerConnection,
    phase: Phase,
    /// The kernel may have bytes: no read has returned `WouldBlock` since the last event.
    readable: bool,
    /// The kernel may have room.
    writable: bool,
    /// Bytes were read or written since the deadline was set.
    has_moved: bool,
    deadline: Option<Instant>,
    timeouts: Timeouts,
    records: Records,
    /// The bytes from the socket, and the plaintext in them.
    received: usize,
    plaintext: usize,
    drained: usize,
    quiet_records: u8,
    has_lost_the_edge: bool,
    fault: Fault,
}

impl Session {
    /// A session on a registered socket.
    pub fn new(stream: TcpStream, mut tls: ServerConnection, timeouts: Timeouts, fault: Fault) -> Self {
        // The loop bounds the output itself: it reads only while none is pending.
        tls.set_buffer_limit(None);
        if matches!(fault, Fault::WriteAllUnwrapped | Fault::FullWriterDrops) {
            tls.set_buffer_limit(Some(64 * 1024)); // the default of rustls
        }
        let mut session = Self {
            stream,
            tls,
            phase: Phase::Open,
            readable: true,
            writable: true,
            has_moved: false,
            deadline: None,
            timeouts,
            records: Records::default(),
            received: 0,
            plaintext: 0,
            drained: 0,
            quiet_records: 0,
            has_lost_the_edge: false,
            fault,
        };
        session.set_deadline(timeouts.handshake);
        session
    }

    /// Returns when the session needs a turn without an event.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn set_deadline(&mut self, time: Duration) {
        self.has_moved = false;
        self.deadline = (self.fault != Fault::NoDeadlines).then(|| Instant::now() + time);
    }

    /// Notes an event of the socket.
    pub fn ready(&mut self, event: &Event) {
        if self.fault == Fault::HangUpIsTheEnd && event.is_read_closed() {
            self.phase = Phase::Dropped;
        }
        // A pause that skips an event gets no other one for these bytes. Here it gets none at all, whatever else comes.
        self.has_lost_the_edge |=
            self.fault == Fault::PauseLosesTheEdge && self.tls.wants_write() && event.is_readable();
        self.readable |= event.is_readable();
        self.writable |= match self.fault {
            Fault::WritableIgnored => event.is_readable() && !event.is_writable(),
            _ => event.is_writable(),
        };
    }

    /// Moves bytes until the socket blocks, or until the limit of a turn.
    pub fn turn(&mut self) -> io::Result<Turn> {
        self.flush()?;
        let mut reads = 0;
        while self.may_read() && (reads < READS_PER_TURN || self.fault == Fault::BusyClientFirst) {
            self.receive()?;
            self.flush()?;
            reads += 1;
        }
        if self.fault == Fault::PlaintextReadLate {
            self.echo();
            self.flush()?;
        }
        if self.phase == Phase::Closing && !self.tls.wants_write() {
            let _ = self.stream.shutdown(Shutdown::Write); // fails if the peer is gone, which the next read reports
            self.phase = Phase::Draining;
            self.set_deadline(self.timeouts.drain);
        }
        match self.phase {
            Phase::Open | Phase::Closing => {}
            Phase::Draining if self.fault == Fault::CloseWithUnreadInput => return Ok(Turn::Done),
            Phase::Draining | Phase::Kept => {
                if self.drain() {
                    return Ok(Turn::Done);
                }
            }
            Phase::Dropped => return Ok(Turn::Done),
            Phase::Forgotten => return Ok(Turn::Wait),
        }
        if self.has_moved && self.phase == Phase::Open && !self.tls.is_handshaking() {
            let is_pending = self.tls.wants_write();
            self.set_deadline(if is_pending { self.timeouts.write } else { self.timeouts.idle });
        }
        // The socket has had its turn, so a session whose bytes came in time is not late.
        match self.deadline {
            Some(deadline) if deadline <= Instant::now() => Ok(self.expire()),
            _ if self.may_read() => Ok(Turn::Again),
            _ => Ok(Turn::Wait),
        }
    }

    /// Returns whether the session reads: the kernel may have bytes, and all output is written.
    fn may_read(&self) -> bool {
        let has_room = match self.fault {
            Fault::UnboundedOutput | Fault::WriteAllUnwrapped | Fault::FullWriterDrops => true,
            _ => !self.tls.wants_write(),
        };
        self.phase == Phase::Open && self.readable && has_room && !self.has_lost_the_edge
    }

    /// Writes the bytes that rustls has queued.
    fn flush(&mut self) -> io::Result<()> {
        while self.writable && self.tls.wants_write() && self.phase != Phase::Dropped {
            let written = match self.fault {
                Fault::ShortWriteDrops => self.write_once(),
                _ => self.tls.write_tls(&mut self.stream),
            };
            match written {
                Ok(_) => self.has_moved = true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => match self.fault {
                    // As a socket that blocks.
                    Fault::BlockingWrite | Fault::BusyClientFirst => thread::sleep(Duration::from_millis(1)),
                    _ => self.writable = false,
                },
                Err(error) if self.fault == Fault::WriteUnwrapped => panic!("a write fails: {error}"),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes all ciphertext from rustls and writes once. The rest of a short write is lost.
    fn write_once(&mut self) -> io::Result<usize> {
        let mut ciphertext = Vec::new();
        self.tls.write_tls(&mut ciphertext)?;
        self.stream.write(&ciphertext)
    }

    /// Handles the peer's FIN. Everything before it is processed.
    fn fin(&mut self) {
        self.readable = false;
        match self.fault {
            Fault::FinIgnored => {}
            Fault::FinUnwrapped => panic!("the peer ends without close_notify"),
            Fault::EarlyFinKeepsTheSlot if self.received == 0 => self.forget(),
            _ => self.close(false), // a truncation. The answer to the data gets no close_notify
        }
    }

    /// Begins the end: the pending output, close_notify if the peer has sent it, and the FIN.
    fn close(&mut self, with_close_notify: bool) {
        self.phase = match self.fault {
            Fault::CloseNotifyIgnored if with_close_notify => Phase::Open,
            Fault::CloseBeforeFlush => Phase::Dropped,
            _ => Phase::Closing,
        };
        if with_close_notify && !matches!(self.fault, Fault::NoCloseNotify | Fault::CloseNotifyIgnored) {
            self.tls.send_close_notify();
        }
        self.set_deadline(self.timeouts.write);
    }

    /// Begins the end after an error. rustls has queued the alert, except where it has returned no error.
    fn fail(&mut self, error: Option<&rustls::Error>) {
        self.phase = match (self.fault, error) {
            (Fault::ErrorUnwrapped, Some(error)) => panic!("TLS fails: {error}"),
            (Fault::BadRecordUnwrapped, Some(rustls::Error::DecryptError)) => panic!("a record that opens"),
            (Fault::OpenAfterError, _) => Phase::Kept,
            (Fault::PeersAlertIgnored, Some(rustls::Error::AlertReceived(_))) => Phase::Kept,
            (Fault::AlertNeverSent, _) => Phase::Dropped,
            _ => Phase::Closing,
        };
        self.set_deadline(self.timeouts.write);
        if self.phase == Phase::Kept {
            self.deadline = None;
        }
    }

    /// Reads and drops the last bytes of the peer. Returns whether it has sent everything, or more than enough.
    fn drain(&mut self) -> bool {
        let mut sink = [0; 4096];
        while self.phase == Phase::Kept || self.drained < MAX_DRAINED {
            match self.stream.read(&mut sink) {
                Ok(0) => return true,
                Ok(count) => self.drained += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return error.kind() != ErrorKind::WouldBlock,
            }
        }
        true
    }

    /// Ends a session that is late. An idle peer gets close_notify.
    fn expire(&mut self) -> Turn {
        assert!(self.fault != Fault::DeadlineUnwrapped, "the peer is in time");
        if self.phase != Phase::Open || self.tls.is_handshaking() || self.tls.wants_write() {
            return Turn::Done;
        }
        self.close(true);
        Turn::Again
    }

    /// Returns whether the server keeps a session whose socket has failed. A correct server keeps none.
    pub fn keeps_slot_after(&mut self, error: &io::Error) -> bool {
        if self.fault == Fault::ResetKeepsTheSlot && error.kind() == ErrorKind::ConnectionReset {
            self.forget();
        }
        self.phase == Phase::Forgotten
    }

    fn forget(&mut self) {
        self.phase = Phase::Forgotten;
        self.deadline = None;
    }
}
