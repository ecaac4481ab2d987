//! Moves many bytes through an echo, in both directions, on one thread.

mod echo;

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustls::ClientConnection;

use echo::Echo;

use super::connection::Connection;
use super::end::End;
use super::peer::Client;
use crate::usage::Megabytes;
use crate::verdict::Stop;

/// How much plaintext is sealed at a time, and the size of a read.
const CHUNK: usize = 64 * 1024;
/// How many records are sealed at a time, if they are small.
const RECORDS: usize = 4096;
/// The longest wait of one step.
const STEP: Duration = Duration::from_millis(100);
/// How long the server may take for its close_notify when all is over.
const FAREWELL: Duration = Duration::from_secs(2);

/// How fast the client reads.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// As fast as it can.
    Fast,
    /// This many bytes, then a pause.
    Slow(usize, Duration),
    /// One byte at a time, until this many bytes are read. Then as fast as it can.
    OneByte(usize),
    /// Not at all.
    Never,
}

/// How a [`Pump`] has stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Every byte came back. With [`Pace::Never`]: every byte is written.
    Complete,
    /// Another byte came back than was sent.
    Changed(String),
    /// The server ended the session.
    Ended(End),
    /// No byte moved for this long.
    Stalled(Duration),
    /// The time is over, and bytes still move.
    OutOfTime,
}

/// A client that sends payload and compares the echo.
pub struct Pump {
    tls: ClientConnection,
    connection: Connection,
    /// The plaintext.
    echo: Echo,
    /// The most plaintext in a record.
    record: usize,
    /// How many bytes it has read from the socket.
    read: usize,
    ciphertext: Vec<u8>,
    /// How much of the ciphertext is written.
    written: usize,
    /// A write failed, or the connection was reset.
    broken: Option<End>,
    buffer: Vec<u8>,
}

impl Pump {
    /// Takes a client that has received its greeting. It will send so much plaintext.
    ///
    /// # Errors
    /// The system refuses to make the socket non-blocking.
    pub fn new(client: Client, total: usize) -> io::Result<Self> {
        let (mut tls, connection) = client.into_parts();
        connection.socket().set_nonblocking(true)?;
        tls.set_buffer_limit(None);
        Ok(Self {
            tls,
            connection,
            echo: Echo::new(total),
            record: CHUNK,
            read: 0,
            ciphertext: Vec::new(),
            written: 0,
            broken: None,
            buffer: vec![0; CHUNK],
        })
    }

    /// Sends records with at most this many bytes of plaintext.
    pub fn with_records_of(mut self, length: usize) -> Self {
        self.record = length.clamp(1, CHUNK);
        self
    }

    /// How many bytes of plaintext the server's side of the connection has taken, roughly.
    pub fn taken(&self) -> usize {
        self.echo.sent.saturating_sub(self.pending())
    }

    /// How many bytes of plaintext have come back.
    pub fn received(&self) -> usize {
        self.echo.received
    }

    /// How the connection broke, if a write or a wait has noticed that.
    pub fn broken(&self) -> Option<&End> {
        self.broken.as_ref()
    }

    /// Sends no more plaintext than it has sealed already.
    pub fn stop_sending(&mut self) {
        self.echo.total = self.echo.sent;
    }

    /// Writes, and reads at this pace, until everything is done, no byte has moved for `quiet`, or the deadline has passed.
    ///
    /// # Errors
    /// The system refuses to wait for the socket.
    pub fn run(&mut self, pace: Pace, quiet: Duration, deadline: Instant) -> io::Result<Flow> {
        let mut moved = Instant::now();
        let mut next_read = moved;
        loop {
            if self.is_complete(pace) {
                return Ok(Flow::Complete);
            }
            if let (Pace::Never, Some(end)) = (pace, &self.broken) {
                return Ok(Flow::Ended(end.clone()));
            }
            let now = Instant::now();
            if now >= deadline {
                return Ok(Flow::OutOfTime);
            }
            if now - moved >= quiet {
                return Ok(Flow::Stalled(quiet));
            }
            let most = if now < next_read { 0 } else { self.most(pace) };
            let mut wait = STEP.min(deadline - now).min(quiet.saturating_sub(now - moved));
            if let (Pace::Slow(_, pause), true) = (pace, now < next_read) {
                wait = wait.min(pause).min(next_read - now);
            }
            match self.step(most, wait)? {
                Step::Over(Flow::Ended(_)) if self.is_complete(pace) => return Ok(Flow::Complete),
                Step::Over(flow) => return Ok(flow),
                Step::Moved { written, read } => {
                    if written + read > 0 {
                        moved = Instant::now();
                    }
                    if let (Pace::Slow(_, pause), true) = (pace, read > 0) {
                        next_read = Instant::now() + pause;
                    }
                }
            }
        }
    }

    /// Waits, without a read or a write, until the connection breaks. Returns how. `None`: it did not within the limit. A
    /// FIN behind unread bytes does not show.
    ///
    /// # Errors
    /// The system refuses to wait for the socket.
    pub fn wait_for_break(&mut self, limit: Duration) -> io::Result<Option<End>> {
        let start = Instant::now();
        while self.broken.is_none() && start.elapsed() < limit {
            let ready = self.wait(PollFlags::empty(), STEP.min(limit))?;
            self.notice_break(ready)?;
            if !ready.is_empty() && self.broken.is_none() {
                thread::sleep(STEP); // a hang-up without an error is reported again and again
            }
        }
        Ok(self.broken.clone())
    }

    /// Sends close_notify, and waits for a short time for the end.
    pub fn leave(mut self) {
        self.tls.send_close_notify();
        let start = Instant::now();
        self.stop_sending();
        while start.elapsed() < FAREWELL && matches!(self.step(CHUNK, STEP), Ok(Step::Moved { .. })) {}
    }

    /// The early end of a case whose server is too slow, but still moves bytes.
    pub fn too_slow(&self) -> Stop {
        Stop::Inconclusive(format!("the server is too slow: {self}, and bytes still move"))
    }

    /// Adds a sentence to the evidence.
    pub fn note(&self, text: impl Into<String>) {
        self.connection.note(text);
    }

    fn pending(&self) -> usize {
        self.ciphertext.len() - self.written
    }

    fn is_complete(&self, pace: Pace) -> bool {
        let Echo { total, sent, received, .. } = self.echo;
        let all_written = sent == total && self.pending() == 0;
        match pace {
            Pace::Never => all_written,
            _ => received == total && (all_written || self.broken.is_some()),
        }
    }

    fn most(&self, pace: Pace) -> usize {
        match pace {
            Pace::Fast => CHUNK,
            Pace::Slow(most, _) => most.min(CHUNK),
            Pace::OneByte(up_to) if self.read < up_to => 1,
            Pace::OneByte(_) => CHUNK,
            Pace::Never => 0,
        }
    }

    /// Waits for the socket, writes, and reads at most this many bytes.
    fn step(&mut self, most: usize, wait: Duration) -> io::Result<Step> {
        self.seal()?;
        let mut interest = PollFlags::empty();
        if most > 0 {
            interest |= PollFlags::IN;
        }
        if self.pending() > 0 && self.broken.is_none() {
            interest |= PollFlags::OUT;
        }
        let ready = self.wait(interest, wait)?;
        if most == 0 {
            self.notice_break(ready)?;
        }
        let written = if self.broken.is_none() { self.write() } else { 0 };
        let hang_up = PollFlags::IN | PollFlags::HUP | PollFlags::ERR;
        if most == 0 || !(ready.intersects(hang_up) || self.broken.is_some()) {
            return Ok(Step::Moved { written, read: 0 });
        }
        self.read(most).map(|step| match step {
            Step::Moved { read, .. } => Step::Moved { written, read },
            over => over,
        })
    }

    fn wait(&self, interest: PollFlags, wait: Duration) -> io::Result<PollFlags> {
        let mut sockets = [PollFd::new(self.connection.socket(), interest)];
        let timeout = Timespec::try_from(wait).map_err(io::Error::other)?;
        match poll(&mut sockets, Some(&timeout)) {
            Ok(_) => Ok(sockets[0].revents()),
            Err(rustix::io::Errno::INTR) => Ok(PollFlags::empty()),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps the error of the socket. A read would report it, but the client does not read.
    fn notice_break(&mut self, ready: PollFlags) -> io::Result<()> {
        if ready.intersects(PollFlags::ERR | PollFlags::HUP)
            && let Some(error) = self.connection.socket().take_error()?
        {
            self.breaks(&error);
        }
        Ok(())
    }

    fn breaks(&mut self, error: &io::Error) {
        self.note(format!("the connection broke: {error}"));
        self.broken.get_or_insert(End::of(error));
    }

    /// Seals the next plaintext if all ciphertext is written.
    fn seal(&mut self) -> io::Result<()> {
        if self.pending() == 0 {
            self.ciphertext.clear();
            self.written = 0;
            if self.broken.is_none() {
                let plaintext = self.echo.next(CHUNK.min(self.record * RECORDS));
                plaintext.chunks(self.record).try_for_each(|record| self.tls.writer().write_all(record))?;
            }
        }
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.ciphertext)?;
        }
        Ok(())
    }

    fn write(&mut self) -> usize {
        if self.pending() == 0 {
            return 0;
        }
        match self.connection.socket().write(&self.ciphertext[self.written..]) {
            Ok(length) => {
                self.written += length;
                length
            }
            Err(error) if is_temporary(&error) => 0,
            Err(error) => {
                self.breaks(&error);
                0
            }
        }
    }

    fn read(&mut self, most: usize) -> io::Result<Step> {
        let length = match self.connection.socket().read(&mut self.buffer[..most.min(CHUNK)]) {
            Ok(0) => return Ok(Step::Over(Flow::Ended(End::Fin))),
            Ok(length) => length,
            Err(error) if is_temporary(&error) => return Ok(Step::Moved { written: 0, read: 0 }),
            Err(error) => return Ok(Step::Over(Flow::Ended(End::of(&error)))),
        };
        self.read += length;
        let mut bytes = 0;
        while bytes < length {
            bytes += self.tls.read_tls(&mut &self.buffer[bytes..length])?;
            let state = self.tls.process_new_packets();
            if let Some(flow) = self.compare()? {
                return Ok(Step::Over(flow));
            }
            match state {
                Ok(state) if state.peer_has_closed() => return Ok(Step::Over(Flow::Ended(End::CloseNotify))),
                Ok(_) => {}
                Err(error) => {
                    self.stop_sending(); // TLS takes no more plaintext
                    self.seal()?;
                    self.write(); // the alert
                    let error = io::Error::new(io::ErrorKind::InvalidData, error);
                    return Ok(Step::Over(Flow::Ended(End::of(&error))));
                }
            }
        }
        Ok(Step::Moved { written: 0, read: length })
    }

    /// Compares the plaintext that has arrived with the payload.
    fn compare(&mut self) -> io::Result<Option<Flow>> {
        let mut plaintext = [0; 16 * 1024];
        loop {
            let length = match self.tls.reader().read(&mut plaintext) {
                Ok(0) => return Ok(None),
                Ok(length) => length,
                Err(error) if is_temporary(&error) => return Ok(None),
                Err(error) => return Err(error),
            };
            if let Some(changed) = self.echo.compare(&plaintext[..length]) {
                return Ok(Some(Flow::Changed(changed)));
            }
        }
    }
}

/// Prints how far it is: "1.0 MB of 16.8 MB came back".
impl fmt::Display for Pump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} came back", Megabytes(self.echo.received), Megabytes(self.echo.total))
    }
}

/// The result of a step.
enum Step {
    /// It moved so many bytes of ciphertext.
    Moved { written: usize, read: usize },
    /// Nothing more can move.
    Over(Flow),
}

fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
